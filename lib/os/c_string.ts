// SPDX-License-Identifier: 0BSD
/**
 * Strings as C has them in memory: `char *`, and `char *[]` for arguments and environments.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { newBytes, putBytes } from "./bytes.ts";
import { addressOf } from "./libc.ts";

/** `text` with a NUL behind it, for a `char *`. A NUL inside throws: no kernel call can take it. */
export function cString(text: ByteString): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new RangeError("a C string cannot hold a NUL byte");
  const bytes = newBytes(text.length + 1);
  putBytes(bytes, 0, text);
  return bytes;
}

/**
 * A `char *[]`, NULL at its end. `keep` holds every buffer that the array points to: keep the whole object
 * referenced until the call returns, or the garbage collector takes the strings away under it.
 */
export interface StringArray {
  readonly array: Uint8Array<ArrayBuffer>;
  readonly keep: Uint8Array<ArrayBuffer>;
}

/** `texts` as a `char *[]`; one that is a `char *[]` already stays as it is. */
export function stringArray(texts: readonly ByteString[] | StringArray): StringArray {
  if ("keep" in texts) return texts;
  let size = 0;
  for (const text of texts) {
    if (text.includes("\0")) throw new RangeError("a C string cannot hold a NUL byte");
    size += text.length + 1;
  }
  const keep = new Uint8Array(size + 1);
  const base = addressOf(keep);
  const pointers = new BigUint64Array(texts.length + 1);
  let offset = 0;
  texts.forEach((text, i) => {
    pointers[i] = base + BigInt(offset);
    offset = putBytes(keep, offset, text) + 1;
  });
  return { array: new Uint8Array(pointers.buffer), keep };
}
