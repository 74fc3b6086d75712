// SPDX-License-Identifier: 0BSD
/**
 * One at a time: two who install or remove would undo each other's work, and two who take over would each start a svscan
 * in the place of the one that they end.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { LOCK_EX, LOCK_NB, O_DIRECTORY, O_RDONLY } from "../os/constants.ts";
import { EAGAIN, unlessErrno, unlessRefused } from "../os/errno.ts";
import { flock, open } from "../os/file.ts";
import { fstat, stat } from "../os/stat.ts";
import { attempt, refusal } from "./messages.ts";

/**
 * Has the directory `admin` for this process alone, until that ends.
 *
 * @throws Failure where another one has it
 */
export function lock(admin: ByteString): void {
  const has = attempt(`lock ${admin}`, () => {
    const directory = open(admin, O_RDONLY | O_DIRECTORY);
    // The one who had it until now may have removed it: then what is there by now is another directory.
    return takes(directory) &&
      unlessRefused(() => stat(admin).identity) === fstat(directory).identity;
  });
  if (!has) {
    throw refusal(
      `somebody else is installing, removing or taking over in ${admin}; wait for that`,
    );
  }
}

function takes(directory: number): boolean {
  const taken = unlessErrno([EAGAIN], () => {
    flock(directory, LOCK_EX | LOCK_NB);
    return true;
  });
  return taken === true;
}
