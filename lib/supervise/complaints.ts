// SPDX-License-Identifier: 0BSD
/**
 * Messages of those who look after services: nobody's service is to wait for a reader that stands still (a stopped
 * readproctitle, a terminal after ^S), as it would if write(2) waited. C has a supervise for each service, and only the one
 * that complains waits.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { toBytes } from "../os/bytes.ts";
import { writeAll } from "../os/file.ts";
import { POLLOUT, PollSet } from "../os/poll.ts";
import { complainBy } from "../cli/messages.ts";

/** From now on a message for which there is no room is dropped; how many were, is said when there is room again. */
export function dropUnread(): void {
  const output = new PollSet(1);
  let dropped = 0;
  complainBy((line) => {
    output.set(0, 2, POLLOUT);
    // Room is there for PIPE_BUF bytes, pipe(7): more than a message has. What is wrong with the descriptor shows at the write.
    if (output.wait(0) === 0) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      writeAll(2, toBytes(`${toolOf(line)}: warning: ${dropped} messages dropped\n`));
    }
    dropped = 0;
    writeAll(2, toBytes(line));
  });
}

/** The name that a message begins with. */
function toolOf(line: ByteString): ByteString {
  return line.slice(0, line.indexOf(":"));
}
