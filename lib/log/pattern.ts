// SPDX-License-Identifier: 0BSD
/**
 * The patterns of multilog's + and - actions.
 *
 * A pattern is a string of stars and bytes. A byte matches itself. A star at the end matches anything; any
 * other star matches up to the first occurrence of the byte behind it, and never further: there is no backtracking
 * (https://cr.yp.to/daemontools/multilog.html, "selecting lines").
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";

const STAR = 42;

/** A pattern ready to be compared. */
export type Pattern = Uint8Array<ArrayBuffer>;

export function compilePattern(text: ByteString): Pattern {
  return toBytes(text);
}

/** Whether `pattern` matches the whole of `bytes` from `from` to `to`. */
export function matches(pattern: Pattern, bytes: Uint8Array, from: number, to: number): boolean {
  const last = pattern.length;
  let at = from;
  for (let i = 0; i < last; i++) {
    let byte = pattern[i] as number;
    if (byte === STAR) {
      if (i + 1 === last) return true;
      // What stops the star is compared in the next round, where it may be a star itself.
      byte = pattern[i + 1] as number;
      while (at < to && bytes[at] !== byte) at++;
      if (at === to) return false;
    } else {
      if (at === to || bytes[at] !== byte) return false;
      at++;
    }
  }
  return at === to;
}
