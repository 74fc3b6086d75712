// SPDX-License-Identifier: 0BSD
/**
 * What all filters have in common: descriptor 0 is read, and all that has become of it is
 * written to descriptor 1 before the next read, so that nothing waits in us while we wait.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import { read, writeAll } from "../os/file.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";

/** What becomes of the bytes that go through. */
export interface Filter {
  /** Where what is read is put. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** Where what has become of it stands. */
  readonly output: Uint8Array<ArrayBuffer>;

  /** Takes the first `count` bytes of the input; returns how many there are in the output then. */
  take(count: number): number;

  /** What was held back, at the end of the input. Where this is missing, nothing is held back. */
  finish?(): number;
}

/** Runs `filter` to the end of the input: 0, or 111 (silently, as the C tools) where reading or writing fails. */
export function runFilter(filter: Filter): number {
  const { input, output } = filter;
  try {
    for (;;) {
      const got = read(0, input);
      if (got === 0) break;
      writeAll(1, output, filter.take(got));
    }
    if (filter.finish !== undefined) writeAll(1, output, filter.finish());
    return 0;
  } catch (error) {
    if (error instanceof SystemError) return EXIT_TEMPORARY;
    throw error;
  }
}
