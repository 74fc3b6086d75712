// SPDX-License-Identifier: 0BSD
/**
 * Messages of those who look after services: nobody's service is to wait for a reader that stands still (a stopped
 * readproctitle, a terminal that nobody looks at), as it would if write(2) waited. C has a supervise for each service, and
 * only the one that complains waits.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { O_NOCTTY, O_NONBLOCK, O_WRONLY } from "../os/constants.ts";
import { EAGAIN, SystemError, unlessRefused } from "../os/errno.ts";
import { open, write } from "../os/file.ts";
import { fstat, isRegular } from "../os/stat.ts";
import { POLLOUT, PollSet } from "../os/poll.ts";
import { complainBy } from "../cli/messages.ts";

/** From now on a message for which there is no room is dropped; how many were, is said when there is room again. */
export function dropUnread(): void {
  const put = openMessages();
  let dropped = 0;
  /* Of a message that has been written in part. */
  let rest = toBytes("");
  const isPut = (bytes: Uint8Array<ArrayBuffer>): boolean => {
    const count = put(bytes);
    if (count > 0) rest = bytes.subarray(count);
    return count > 0;
  };
  /** Whether all has been written that goes before the next message. */
  const isReady = (tool: ByteString): boolean => {
    if (rest.length > 0) isPut(rest);
    if (rest.length > 0) return false;
    if (dropped === 0) return true;
    if (!isPut(toBytes(`${tool}: warning: messages dropped: ${dropped}\n`))) return false;
    dropped = 0;
    return rest.length === 0;
  };
  complainBy((line) => {
    if (!isReady(line.slice(0, line.indexOf(":"))) || !isPut(toBytes(line))) dropped++;
  });
}

/** Writes some of the bytes to descriptor 2, without waiting: how many; 0: there is no room now. Throws SystemError. */
type Put = (bytes: Uint8Array<ArrayBuffer>) => number;

/**
 * Others may have descriptor 2, too, and O_NONBLOCK would be set for them as well. So it is opened once more, where that
 * can be done; else (a socket, another user's pipe) poll(2) says whether there is room.
 */
function openMessages(): Put {
  // Where fstat(2) is refused it may be a file, and opened anew that would be overwritten from its start.
  const isFile = unlessRefused(() => isRegular(fstat(2))) !== false;
  const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY;
  const own = isFile ? undefined : unlessRefused(() => open("/proc/self/fd/2", flags));
  if (isFile || own !== undefined) return (bytes) => putNow(own ?? 2, bytes);
  const output = new PollSet(1);
  return (bytes) => {
    output.set(0, 2, POLLOUT);
    return output.wait(0) === 0 ? 0 : putNow(2, bytes);
  };
}

function putNow(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  try {
    return write(fd, bytes, bytes.length);
  } catch (error) {
    if (error instanceof SystemError && error.errno === EAGAIN) return 0;
    throw error;
  }
}
