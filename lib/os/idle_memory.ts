// SPDX-License-Identifier: 0BSD
/**
 * A process that has nothing to do for the time being, perhaps for months, gives back what only its start needed.
 *
 * @module
 */
import { collectAllGarbage } from "./garbage.ts";
import { libc, pad } from "./libc.ts";

/** After so many milliseconds without work it is not likely that somebody comes just now, and has to wait. */
export const CALM = 2000;

/** Gives back the memory that nothing is in. Takes 10 to 20 ms, more where memory is slow to come back. */
export function releaseMemory(): void {
  collectAllGarbage();
  trimHeap();
}

/** malloc_trim(3), which the C library may not have. */
function trimHeap(): void {
  try {
    libc().malloc_trim(0n, pad);
  } catch {
    // musl
  }
}
