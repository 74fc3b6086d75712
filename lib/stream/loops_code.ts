// SPDX-License-Identifier: 0BSD
/**
 * The loops of the filters (loops.ts says what each does), as WebAssembly.
 *
 * They copy 64 bytes at a time and look for the one byte that matters to them on the way. Measured on 300 MB of lines
 * of 80 to 120 bytes: 0.11 ns a byte with a stamp for each line; the best loop in JavaScript takes five times as
 * long.
 *
 * What this module exports is data: the bundle has the data in its place (scripts/bundle.ts), so that nothing is
 * assembled when a tool starts.
 *
 * @module
 */
import { advance, copyingRoutine, copyToNext, outputEnd } from "./copying.ts";
import { CR, LF, PREFIX } from "./layout.ts";
import { restamp } from "./restamp_loop.ts";
import { stampLines } from "./stamp_loop.ts";
import {
  assemble,
  atLeast,
  type Code,
  forever,
  i32,
  load128,
  load8,
  ne,
  ret,
  type Routine,
  store128,
  store16,
  sub,
  when,
} from "../wasm/assemble.ts";

const SPACE = 32;
const PLUS = 43;

function addcr(): Routine {
  return copyingRoutine(LF, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      store16(to.get, i32(CR | LF << 8)),
      from.increase(i32(1)),
      to.increase(i32(2)),
    )];
  });
}

function delcr(): Routine {
  return copyingRoutine(CR, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      from.increase(i32(1)),
      // A CR that is kept has been copied with the rest.
      to.increase(ne(load8(from.get), i32(LF))),
    )];
  });
}

function fixcr(): Routine {
  return copyingRoutine(LF, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      when(
        ne(load8(sub(from.get, i32(1))), i32(CR)),
        store16(to.get, i32(CR | LF << 8)),
        to.increase(i32(1)),
      ),
      ...advance(copying, i32(1)),
    )];
  });
}

function recordLines(): Routine {
  return copyingRoutine(LF, ["i32"], [], (copying, prefixSize) => {
    const { from, end, to } = copying;
    const endLine = (mark: number): Code[] => [
      store16(to.get, i32(mark | LF << 8)),
      to.increase(i32(2)),
    ];
    const unfinished = [...to.set(outputEnd(copying)), ...endLine(PLUS).flat(), ...to.get];
    return [forever(
      when(atLeast(from.get, end.get), ret(to.get)),
      store128(to.get, load128(i32(PREFIX))),
      to.increase(prefixSize.get),
      ...copyToNext(copying, unfinished),
      ...endLine(SPACE),
      from.increase(i32(1)),
    )];
  });
}

/** A module that exports `routine` as `name`. */
function code(name: string, routine: Routine): Uint8Array<ArrayBuffer> {
  return assemble([[name, routine]]);
}

/** Each loop's module; it exports a function of that name. */
export const LOOPS = {
  addcr: code("addcr", addcr()),
  delcr: code("delcr", delcr()),
  fixcr: code("fixcr", fixcr()),
  stampLines: code("stampLines", stampLines()),
  recordLines: code("recordLines", recordLines()),
  restamp: code("restamp", restamp()),
};
