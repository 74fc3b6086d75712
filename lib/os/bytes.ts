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

/* A typed array with an ArrayBuffer of its own takes a microsecond to make, however small it is; one on an ArrayBuffer
 * that is there already takes a fortieth of that. */
const PIECE = 4096;
const SMALL = 256;
/** Bytes that are copied at a time. The compiled code makes no bigint for them: it moves registers. */
const WORD = 8;
let piece = new ArrayBuffer(0);
/** Shows the same memory. */
let pieceView = new DataView(piece);
let used = 0;

/** Takes `length` bytes of a piece, which are zeros; returns where in it. */
function take(length: number): number {
  if (used + length > piece.byteLength) {
    piece = new ArrayBuffer(PIECE);
    pieceView = new DataView(piece);
    used = 0;
  }
  const at = used;
  used = at + length;
  return at;
}

/** `length` zeros, for a short time or for a long one: small arrays share memory, in which each has its own place. */
export function newBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length > SMALL) return new Uint8Array(length);
  const at = take(length);
  return new Uint8Array(piece, at, length);
}

/** The `length` bytes that `view` shows from `from` on, in an array as `newBytes` makes one. */
export function copyOf(
  view: DataView<ArrayBuffer>,
  from: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  if (length > SMALL) {
    const begin = view.byteOffset + from;
    return new Uint8Array(view.buffer.slice(begin, begin + length));
  }
  const at = take(length);
  const last = length - WORD;
  if (last < 0) {
    for (let i = 0; i < length; i++) pieceView.setUint8(at + i, view.getUint8(from + i));
  } else {
    for (let i = 0; i < last; i += WORD) {
      pieceView.setBigInt64(at + i, view.getBigInt64(from + i, true), true);
    }
    // It begins in the word before, unless they fit.
    pieceView.setBigInt64(at + last, view.getBigInt64(from + last, true), true);
  }
  return new Uint8Array(piece, at, length);
}

/** The bytes of `text`. A char code above 255 is a mistake of the caller's and throws. */
export function toBytes(text: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = newBytes(text.length);
  putBytes(bytes, 0, text);
  return bytes;
}

/** Writes the bytes of `text` into `target` from `offset`; returns the offset behind them. */
export function putBytes(target: Uint8Array, offset: number, text: ByteString): number {
  if (text.length > SMALL && putAscii(target, offset, text)) return offset + text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError("not a byte string: " + JSON.stringify(text));
    target[offset + i] = code;
  }
  return offset + text.length;
}

let encoder: TextEncoder | undefined;

/** Made when it is needed: the first one takes 0.06 ms. */
function theEncoder(): TextEncoder {
  return encoder ??= new TextEncoder();
}

/**
 * The same for what is all ASCII; false: it is not, and what has been written means nothing. A loop over an environment
 * would be compiled at each start, which takes longer than the loop.
 */
function putAscii(target: Uint8Array, offset: number, text: ByteString): boolean {
  const place = target.subarray(offset, offset + text.length);
  return theEncoder().encodeInto(text, place).read === text.length;
}

/** Copies `source` from `from` to `to` into `target` at `at`; for a few bytes, without making an object. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from > 32) target.set(source.subarray(from, to), at);
  else for (let i = from; i < to; i++) target[at + i - from] = source[i] as number;
}

/** The byte string of `bytes`. */
export function fromBytes(bytes: Uint8Array): ByteString {
  // String.fromCharCode takes its arguments from the stack: 8192 of them are safe.
  if (bytes.length <= 8192) return fromCodes(bytes);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(fromCodes(bytes.subarray(i, i + 8192)));
  return parts.join("");
}

/** Ten times as fast as `String.fromCharCode(...bytes)`, which makes an array of them first. */
function fromCodes(bytes: Uint8Array): ByteString {
  return Reflect.apply(String.fromCharCode, undefined, bytes);
}

/** `text` (any Unicode string) as a byte string in UTF-8. */
export function utf8(text: string): ByteString {
  return fromBytes(theEncoder().encode(text));
}
