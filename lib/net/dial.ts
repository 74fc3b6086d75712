// SPDX-License-Identifier: 0BSD
/**
 * Connects to an address, with patience.
 *
 * @module
 */
import { monotonic } from "../os/clock.ts";
import { EAGAIN, EINPROGRESS, ETIMEDOUT, succeeds, SystemError } from "../os/errno.ts";
import { close, setNonblocking } from "../os/file.ts";
import { awaitReady, POLLOUT } from "../os/poll.ts";
import {
  type Address,
  bind,
  connect,
  type Endpoint,
  pendingError,
  remoteEnd,
  socket,
} from "../os/socket.ts";

/**
 * A connection to `to`, as a blocking socket. Throws SystemError: "socket" and "bind" where it was not even tried,
 * "connect" where it did not come about; ETIMEDOUT after `milliseconds` too.
 *
 * @param kind an address of the kind that the socket is to be for
 */
export function dial(
  from: Endpoint,
  to: Endpoint,
  milliseconds: number,
  kind: Address = to.address,
): number {
  const fd = socket("stream", kind);
  try {
    bind(fd, from);
    const error = connect(fd, to);
    const reason = error === EINPROGRESS ? awaitConnection(fd, milliseconds) : error;
    if (reason !== 0) throw new SystemError(reason, "connect");
    setNonblocking(fd, false);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function awaitConnection(fd: number, milliseconds: number): number {
  if (!awaitReady(fd, POLLOUT, monotonic() + milliseconds)) return ETIMEDOUT;
  const error = pendingError(fd);
  // No error, and no connection either: what C finds then, which reads for the reason (timeoutconn.c).
  return error === 0 && !succeeds(() => remoteEnd(fd)) ? EAGAIN : error;
}
