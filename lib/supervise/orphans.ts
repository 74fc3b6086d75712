// SPDX-License-Identifier: 0BSD
/**
 * What is expected of process 1, which svscan is in a container, and of a svscan that has started itself over: children
 * that it does not know are waited for.
 *
 * @module
 */
import { allChildren } from "../os/proc.ts";
import { hasEndedChild, waitIfEnded } from "../os/wait.ts";

/** Waits for the children that have ended, but for those `known` names: somebody else waits for them. */
export function reapOrphans(known: () => readonly number[]): void {
  if (!hasEndedChild()) return;
  // Not wait(-1): it would take a pid away that a supervisor still means to signal.
  const others = new Set(known());
  for (const pid of allChildren()) if (!others.has(pid)) waitIfEnded(pid);
}
