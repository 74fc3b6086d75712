// SPDX-License-Identifier: 0BSD
/**
 * What all filters have in common: descriptor 0 is read, 64 KB at most at a time, and all that has become of it is
 * written to descriptor 1 before the next read, so that nothing waits in us while we wait.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import { read, writeAll } from "../os/file.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";
import { INPUT, OUTPUT, READ_SIZE } from "./layout.ts";

/** What a filter does. The memory is that of layout.ts. */
export interface Filter {
  readonly memory: Uint8Array<ArrayBuffer>;

  /** Takes what stands from `INPUT` to `end`; returns where the output, which begins at `OUTPUT`, ends. */
  take(end: number): number;

  /** The same for what was held back, at the end of the input. Where it is missing, nothing is held back. */
  finish?(): number;
}

/** Runs `filter` to the end of the input: 0, or 111 (silently, as the C tools) where reading or writing fails. */
export function runFilter(filter: Filter): number {
  const input = filter.memory.subarray(INPUT, INPUT + READ_SIZE);
  const output = filter.memory.subarray(OUTPUT);
  try {
    for (;;) {
      const got = read(0, input);
      if (got === 0) break;
      writeAll(1, output, filter.take(INPUT + got) - OUTPUT);
    }
    if (filter.finish !== undefined) writeAll(1, output, filter.finish() - OUTPUT);
    return 0;
  } catch (error) {
    if (error instanceof SystemError) return EXIT_TEMPORARY;
    throw error;
  }
}
