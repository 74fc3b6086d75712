// SPDX-License-Identifier: 0BSD
/**
 * What is expected of process 1, which svscan is in a container, and of a svscan that has started itself over: children
 * that it does not know are waited for.
 *
 * @module
 */
import { allChildren } from "../os/proc.ts";
import { wait } from "../os/process.ts";

/** Waits for the children that have ended, but for `known`: somebody else waits for those. */
export function reapOrphans(known: ReadonlySet<number>): void {
  // Not wait(-1): it would take a pid away that a supervisor still means to signal.
  for (const pid of allChildren()) if (!known.has(pid)) wait(pid, false);
}
