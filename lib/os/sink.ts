// SPDX-License-Identifier: 0BSD
/**
 * Descriptors that are written to without ever waiting for them: who copies in two directions must not wait for one
 * while the other is full, or two full pipes hold each other for ever.
 *
 * @module
 */
import { MSG_DONTWAIT, MSG_NOSIGNAL, PIPE_BUF } from "./constants.ts";
import { EAGAIN, EINTR, ENOTSOCK, SystemError, unlessRefused } from "./errno.ts";
import { setNonblocking } from "./file.ts";
import { fstat, isRegular } from "./stat.ts";
import { errno, hot } from "./libc.ts";

/** Where bytes can be written without waiting. */
export interface Sink {
  readonly fd: number;

  /**
   * Writes some of the first `count` bytes.
   *
   * @param ready whether poll(2) has just said that the descriptor can be written to
   * @returns how many have been taken; 0: none now
   * @throws SystemError
   */
  put(bytes: Uint8Array<ArrayBuffer>, count: number, ready: boolean): number;
}

/** `result` of `call`, 0 where it would have had to wait. */
function taken(result: number, call: string): number {
  if (result >= 0) return result;
  if (errno() === EAGAIN || errno() === EINTR) return 0;
  throw new SystemError(errno(), call);
}

/** A descriptor that nobody else writes to, and that is made nonblocking: a pipe of our own. */
export function ownSink(fd: number): Sink {
  setNonblocking(fd, true);
  const write = hot("write");
  return { fd, put: (bytes, count) => taken(write(fd, bytes, count), "write") };
}

/** A file takes whatever it is given. */
function isFile(fd: number): boolean {
  return unlessRefused(() => isRegular(fstat(fd))) === true; // else it is closed
}

/**
 * A descriptor that others may have too: O_NONBLOCK would be set for them as well. A socket can be asked not to
 * wait; of anything else no more is asked than it must have room for.
 */
export function sharedSink(fd: number): Sink {
  const send = hot("send");
  const most = isFile(fd) ? Infinity : PIPE_BUF;
  let isSocket = true;
  return {
    fd,
    put(bytes, count, ready): number {
      if (isSocket) {
        const sent = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0 || errno() !== ENOTSOCK) return taken(sent, "send");
        isSocket = false;
      }
      return ready ? taken(hot("write")(fd, bytes, Math.min(count, most)), "write") : 0;
    },
  };
}
