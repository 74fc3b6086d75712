// SPDX-License-Identifier: 0BSD
/**
 * How much the UCSPI tools say on descriptor 2: options -q, -Q and -v.
 *
 * @module
 */
import { Failure } from "../cli/messages.ts";

/** -q: nothing, not even why it is the end. */
export const SILENT = 0;
/** -Q, the default: errors and warnings. */
export const WARNINGS = 1;
/** -v */
export const EVERYTHING = 2;

/** What `action` returns; where nothing is to be said, its failure loses its words. */
export function muted<T>(verbosity: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (verbosity === SILENT && error instanceof Failure) throw new Failure(error.code, "");
    throw error;
  }
}
