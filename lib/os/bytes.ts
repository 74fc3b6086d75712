// SPDX-License-Identifier: 0BSD
/**
 * Byte strings: what the kernel calls a string, carried in a JavaScript string.
 *
 * Arguments, environment, file names and log lines are bytes; EUC-JP and Latin-1 are normal in them. A
 * `ByteString` holds one byte in each char code (0 to 255), so that it can be compared, cut and
 * concatenated like any string and loses nothing. It is decoded only to be shown.
 *
 * @module
 */

/** A string whose char codes are bytes, 0 to 255. */
export type ByteString = string;

/** The bytes of `text`. A char code above 255 is a mistake of the caller's and throws. */
export function toBytes(text: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  putBytes(bytes, 0, text);
  return bytes;
}

/** Writes the bytes of `text` into `target` from `offset`; returns the offset behind them. */
export function putBytes(target: Uint8Array, offset: number, text: ByteString): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError("not a byte string: " + JSON.stringify(text));
    target[offset + i] = code;
  }
  return offset + text.length;
}

/* String.fromCharCode takes its arguments from the stack: 8192 of them are safe. */
const PIECE = 8192;

/** The byte string of `bytes`. */
export function fromBytes(bytes: Uint8Array): ByteString {
  if (bytes.length <= PIECE) return pieceOf(bytes);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += PIECE) parts.push(pieceOf(bytes.subarray(i, i + PIECE)));
  return parts.join("");
}

function pieceOf(bytes: Uint8Array): ByteString {
  // Five times as fast as a spread argument; any array-like object will do.
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** `text` (any Unicode string) as a byte string in UTF-8. */
export function utf8(text: string): ByteString {
  return fromBytes(new TextEncoder().encode(text));
}
