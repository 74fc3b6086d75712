// SPDX-License-Identifier: 0BSD
/**
 * LF and CR LF: the work of addcr(1), delcr(1) and fixcrio(1), for them and for the tools that talk to a network.
 *
 * @module
 */
import type { Filter } from "./filter.ts";
import { CR, INPUT, OUTPUT } from "./layout.ts";
import { compileLoops } from "./loops.ts";

/** Puts a CR before each LF. */
export function addCrs(): Filter {
  const { input, output, addcr } = compileLoops("addcr");
  return { input, output, take: (count) => addcr(INPUT, INPUT + count, OUTPUT) - OUTPUT };
}

/** Puts a CR before each LF that has none. */
export function fixCrs(): Filter {
  const { input, output, memory, fixcr } = compileLoops("fixcr");
  return {
    input,
    output,
    take(count): number {
      const end = INPUT + count;
      const outputEnd = fixcr(INPUT, end, OUTPUT);
      memory[INPUT - 1] = memory[end - 1] as number;
      return outputEnd - OUTPUT;
    },
  };
}

/** Removes one CR before each LF. A CR at the end of what has been read is held back until the next byte is known. */
export function removeCrs(): Filter {
  const { input, output, memory, delcr } = compileLoops("delcr");
  let held = 0;
  return {
    input,
    output,
    take(count): number {
      const from = INPUT - held;
      const end = INPUT + count;
      held = memory[end - 1] === CR ? 1 : 0;
      const outputEnd = delcr(from, end - held, OUTPUT);
      memory[INPUT - 1] = CR;
      return outputEnd - OUTPUT;
    },
    finish(): number {
      output[0] = CR;
      return held;
    },
  };
}
