// SPDX-License-Identifier: 0BSD
/**
 * CR LF to LF: the work of delcr(1), for it and for the tools that show what came over a network.
 *
 * @module
 */
import type { Filter } from "./filter.ts";
import { CR, INPUT, OUTPUT } from "./layout.ts";
import { compileLoops } from "./loops.ts";

/** Removes one CR before each LF. A CR at the end of what has been read is kept until the next byte is known. */
export function removeCrs(): Filter {
  const { memory, delcr } = compileLoops("delcr");
  let start = INPUT;
  return {
    memory,
    take(end): number {
      const from = start;
      const last = memory[end - 1] === CR ? end - 1 : end;
      const outputEnd = delcr(from, last, OUTPUT);
      start = last < end ? INPUT - 1 : INPUT;
      memory[INPUT - 1] = CR;
      return outputEnd;
    },
    finish(): number {
      memory[OUTPUT] = CR;
      return start < INPUT ? OUTPUT + 1 : OUTPUT;
    },
  };
}
