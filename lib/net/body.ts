// SPDX-License-Identifier: 0BSD
/**
 * What follows the header of an HTTP answer, as http@(1) shows it.
 *
 * @module
 */
import { type Filter, STAGE_SIZE } from "../stream/filter.ts";
import { LF } from "../stream/layout.ts";

/** Drops what comes before the first empty line, and all empty lines; the last line gets an LF if it has none. */
export function body(): Filter {
  const input = new Uint8Array(STAGE_SIZE);
  const output = new Uint8Array(STAGE_SIZE);
  let inBody = false;
  let emptyLine = true;
  return {
    input,
    output,
    take(count): number {
      let to = 0;
      for (let at = 0; at < count; at++) {
        const byte = input[at] as number;
        const ends = byte === LF;
        if (ends && emptyLine) inBody = true;
        else if (inBody) output[to++] = byte;
        emptyLine = ends;
      }
      return to;
    },
    finish(): number {
      output[0] = LF;
      return inBody && !emptyLine ? 1 : 0;
    },
  };
}
