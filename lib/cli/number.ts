// SPDX-License-Identifier: 0BSD
/**
 * Numbers as D. J. Bernstein's programs read them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";

/** The number that the digits at the start of `text` make, as scan_ulong.c reads it, 64 bits; 0 if there are none. */
export function leadingNumber(text: ByteString): number {
  return Number(BigInt.asUintN(64, BigInt(/^[0-9]*/.exec(text)?.[0] ?? "")));
}

/** Seconds of a timeout, as C reads and keeps them: an unsigned int, taia_uint.c. */
export function secondsOf(text: ByteString): number {
  return leadingNumber(text) >>> 0;
}
