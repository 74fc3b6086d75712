// SPDX-License-Identifier: 0BSD
/**
 * What all filters have in common: all that has become of what was read is written before the next read, so that
 * nothing waits in us while we wait.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import { writeAll } from "../os/file.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";
import { READ_SIZE, SLACK } from "./layout.ts";
import { Source } from "./source.ts";

/** The input of a filter behind another: a read, and what the other may have held back of the one before. */
export const STAGE_SIZE = READ_SIZE + SLACK;

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

/** Leaves what goes through as it is. */
export function unchanged(): Filter {
  const buffer = new Uint8Array(READ_SIZE);
  return { input: buffer, output: buffer, take: (count) => count };
}

/**
 * Writes to descriptor 1 what becomes of all that `source` yields, one filter behind the other. `source` puts bytes into
 * a buffer and returns how many; 0 is the end.
 *
 * @throws SystemError
 */
export function pour(
  source: (buffer: Uint8Array<ArrayBuffer>) => number,
  filters: readonly [Filter, ...Filter[]],
): void {
  const pass = (from: Filter, count: number, next: number): void => {
    const filter = filters[next];
    if (count === 0) return;
    if (filter === undefined) return writeAll(1, from.output, count);
    filter.input.set(from.output.subarray(0, count));
    pass(filter, filter.take(count), next + 1);
  };
  const [first] = filters;
  for (;;) {
    const got = source(first.input);
    if (got === 0) break;
    pass(first, first.take(got), 1);
  }
  filters.forEach((filter, i) => pass(filter, filter.finish?.() ?? 0, i + 1));
}

/** Runs `filter` on descriptor 0: returns 0, or 111 (silently, as the C tools) where reading or writing fails. */
export function runFilter(filter: Filter): number {
  try {
    const input = new Source(0);
    pour((buffer) => input.read(buffer), [filter]);
    return 0;
  } catch (error) {
    if (error instanceof SystemError) return EXIT_TEMPORARY;
    throw error;
  }
}
