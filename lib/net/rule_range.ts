// SPDX-License-Identifier: 0BSD
/**
 * Ranges in the addresses of access rules: `1.2.3.37-53` stands for a rule for each of the numbers.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { scanUlong } from "../cli/number.ts";

/** The largest number in a range. */
const LAST_NUMBER = 255;

/** The addresses `before`, a number from `first` to `last`, `behind`. There are none where first > last. */
export interface Range {
  readonly before: ByteString;
  readonly first: number;
  readonly last: number;
  readonly behind: ByteString;
}

/** Whether a hyphen in `address` makes a range: not in host names, nor where a user is named. */
export function isRange(address: ByteString): boolean {
  return address.includes("-") && !address.includes("=") && !address.includes("@");
}

/** The range in `address`; undefined where there is something else than digits on one side of the hyphen. */
export function parseRange(address: ByteString): Range | undefined {
  // The first hyphen makes the range, as in C; another one in a later part is plain text.
  const hyphen = address.indexOf("-");
  const left = address.lastIndexOf(".", hyphen) + 1;
  const dot = address.indexOf(".", hyphen);
  const right = dot < 0 ? address.length : dot;
  const first = parseNumber(address.slice(left, hyphen));
  const last = parseNumber(address.slice(hyphen + 1, right));
  if (first === undefined || last === undefined) return undefined;
  return {
    before: address.slice(0, left),
    first,
    last: Math.min(last, LAST_NUMBER),
    behind: address.slice(right),
  };
}

/** As C reads it: up to a NUL. */
function parseNumber(text: ByteString): number | undefined {
  const digits = text.split("\0", 1)[0] as ByteString;
  return /^[0-9]*$/.test(digits) ? Number(scanUlong(digits)) : undefined;
}
