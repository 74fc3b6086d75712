// SPDX-License-Identifier: 0BSD
/**
 * Numbers as D. J. Bernstein's programs read them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";

/**
 * The number that the digits at the start of `text` make, as scan_ulong.c reads it, 64 bits; 0 if there are none. Above
 * 2^53 it is the one next to it that JavaScript has.
 */
export function leadingNumber(text: ByteString): number {
  return Number(scanUlong(leadingDigits(text)));
}

/** The same number where C keeps it in an unsigned int, as seconds (taia_uint.c) or an id: the lower 32 bits. */
export function leadingUint32(text: ByteString): number {
  return Number(BigInt.asUintN(32, scanUlong(leadingDigits(text))));
}

/**
 * The number that `digits` make, as scan_ulong.c reads them: none is 0, and what does not fit in 64 bits loses its upper
 * part.
 */
export function scanUlong(digits: ByteString): bigint {
  return BigInt.asUintN(64, BigInt(digits));
}

function leadingDigits(text: ByteString): ByteString {
  return /^[0-9]*/.exec(text)?.[0] as ByteString;
}
