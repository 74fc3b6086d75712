// SPDX-License-Identifier: 0BSD
/**
 * The loop of tai64n(1) and multilog(1): copies lines, each behind a stamp, and notes where they end.
 *
 * @module
 */
import { advance, copyingRoutine, copyToNext, outputEnd } from "./copying.ts";
import { LF, STAMP_AND_SPACE } from "./layout.ts";
import {
  and128,
  atLeast,
  bitselect,
  bytes,
  type Code,
  forever,
  i32,
  i32splat,
  load128,
  type Local,
  ret,
  type Routine,
  shiftRight8,
  shuffle,
  splat,
  store128,
  store32,
  storeHalf,
  swizzle,
  when,
} from "../wasm/assemble.ts";

const DIGITS = "0123456789abcdef";
/** Where the nanoseconds stand in a stamp: behind `@` and sixteen digits of seconds. */
const NANOSECONDS_AT = 17;

/**
 * Copies the bytes from `from` to `end` with the stamp at `stamp`, STAMP_AND_SPACE bytes, before each line, the first one
 * too: the nanoseconds in it are replaced by `nanoseconds`, which grows by one each line and must not grow to a
 * second. Where lines end in the output, behind their newlines, is written from `ends` on, as 32-bit words.
 *
 * @returns where the output ends
 */
export type StampLines = (
  from: number,
  end: number,
  to: number,
  stamp: number,
  nanoseconds: number,
  ends: number,
) => number;

/** The eight digits of the i32 `value`, in the lower half of a v128. */
function eightDigits(value: Local, chunk: Local): Code {
  const everyByteTwice = shuffle(
    chunk,
    [3, 3, 2, 2, 1, 1, 0, 0, 3, 3, 2, 2, 1, 1, 0, 0],
  );
  const odd = Array.from({ length: 16 }, (_, lane) => lane % 2 * 255);
  return [
    ...chunk.set(i32splat(value.get)),
    ...chunk.set(everyByteTwice),
    ...swizzle(
      bytes([...DIGITS].map((digit) => digit.charCodeAt(0))),
      bitselect(
        and128(chunk.get, splat(i32(15))),
        shiftRight8(chunk.get, i32(4)),
        bytes(odd),
      ),
    ),
  ];
}

export function stampLines(): Routine {
  return copyingRoutine(
    LF,
    ["i32", "i32", "i32"],
    ["v128", "v128"],
    (copying, stamp, nanoseconds, ends, front, back) => {
      const { from, end, to, chunk } = copying;
      return [
        front.set(load128(stamp.get)),
        back.set(load128(stamp.get, STAMP_AND_SPACE - 16)),
        forever(
          when(atLeast(from.get, end.get), ret(outputEnd(copying))),
          store128(to.get, front.get),
          store128(to.get, back.get, STAMP_AND_SPACE - 16),
          storeHalf(to.get, eightDigits(nanoseconds, chunk), NANOSECONDS_AT),
          to.increase(i32(STAMP_AND_SPACE)),
          nanoseconds.increase(i32(1)),
          ...copyToNext(copying, outputEnd(copying)),
          ...advance(copying, i32(1)),
          store32(ends.get, to.get),
          ends.increase(i32(4)),
        ),
      ];
    },
  );
}
