// SPDX-License-Identifier: 0BSD
/**
 * The loops over all bytes and lines of a log: finding lines, comparing them with patterns, gathering those that
 * are selected. In WebAssembly (line_loops_code.ts), on what lies in one memory (line_layout.ts).
 *
 * @module
 */
import { instantiate } from "../wasm/instance.ts";
import { LINE_LOOPS } from "./line_loops_code.ts";

export interface LineLoops {
  /**
   * Writes from `ends` on where each line ends between `at` and `to`, behind its newline.
   *
   * @returns how many do
   */
  splitLines(at: number, to: number, ends: number): number;

  /**
   * Carries out the steps on each line. The first one begins at `start`, and where they end stands from `ends` on
   * and before `endsEnd`; `newline` is 1, or 0 if what is there has no newlines at its ends.
   */
  select(
    start: number,
    ends: number,
    endsEnd: number,
    newline: number,
    steps: number,
    stepsEnd: number,
  ): void;

  /**
   * Copies the lines of a list to `at`, one behind the other.
   *
   * @returns where they end
   */
  gather(list: number, at: number): number;
}

/** The loops, for what lies in `memory`. */
export function lineLoops(memory: WebAssembly.Memory): LineLoops {
  return instantiate(memory, LINE_LOOPS) as unknown as LineLoops;
}
