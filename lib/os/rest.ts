// SPDX-License-Identifier: 0BSD
/**
 * A process that has nothing to do for the time being, perhaps for months, gives back what only its start needed: a
 * seventh of the memory that is its own, and two thirds of the runtime's text.
 *
 * @module
 */
import { unlessRefused } from "./errno.ts";
import { collectAllGarbage } from "./garbage.ts";
import { libc, pad } from "./libc.ts";
import { letGoOfText } from "./text.ts";

/** So many milliseconds without work are calm. */
export const CALM = 250;

/** Gives back what is not needed now. Takes some 10 ms; what is needed again comes back by itself. */
export function rest(): void {
  collectAllGarbage();
  trimHeap();
  unlessRefused(letGoOfText);
}

/** malloc_trim(3), which the C library may not have. */
function trimHeap(): void {
  try {
    libc().malloc_trim(0n, pad);
  } catch {
    // musl
  }
}
