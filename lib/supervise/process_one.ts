// SPDX-License-Identifier: 0BSD
/**
 * What is expected of process 1, which svscan is in a container: whatever loses its parent becomes its child, and is to
 * be waited for.
 *
 * @module
 */
import { childrenOf } from "../os/proc.ts";
import { getpid, wait } from "../os/process.ts";

/** Waits for the children that have ended, but for `known`: somebody else waits for those. */
export function reapOrphans(known: ReadonlySet<number>): void {
  // Not wait(-1): it would take a pid away that a supervisor still means to signal.
  for (const pid of childrenOf(getpid())) if (!known.has(pid)) wait(pid, false);
}
