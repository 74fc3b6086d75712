// SPDX-License-Identifier: 0BSD
/**
 * The text of a log on its way through: a buffer that holds what has been read and is not yet passed on, with the
 * ends of its lines; and the two loops that find them, once through all bytes of the log.
 *
 * The loops look at eight bytes at a time, as two words of 32 bits. A byte of `x` is zero where, lowest first,
 * `(x - 0x01010101) & ~x & 0x80808080` has its first bit; with the word XORed with newlines before, that is the
 * first newline. They stop at a newline only: one is put behind the end of what they are to look at. Both are
 * functions of their own, called once a read, because that is what the compiler makes fast.
 *
 * @module
 */
import { STAMP_SIZE, type Stamper } from "../tai/stamp.ts";

/** How much is read at once: what a pipe holds. */
export const READ_SIZE = 65536;
/** How much of a line patterns and status files see. A line that is as long as that is passed on before its end. */
export const HEAD_SIZE = 1000;
/** How far beyond their end the loops may look and write. */
const SLACK = 16;

const NEWLINE = 10;
const NEWLINES = 0x0a0a0a0a;
const ONES = 0x01010101;
const HIGHS = 0x80808080;
const SPACE = 32;

/** A stamp and the space behind it. */
const PREFIX_SIZE = STAMP_SIZE + 1;
/** Where stamping stops: what is left of a read fits behind it even if it is one line. */
const STAMP_LIMIT = 2 * READ_SIZE;
const CAPACITY = STAMP_LIMIT + PREFIX_SIZE + READ_SIZE;

/** Room for what one read yields, plain. */
export function inputBuffer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(READ_SIZE + SLACK);
}

/** What has been read and not yet passed on. */
export class Text {
  /** Twice the room: its second half is for whoever gathers lines of the first. */
  readonly #memory = new Uint8Array(2 * (CAPACITY + SLACK));
  readonly bytes: Uint8Array<ArrayBuffer> = this.#memory.subarray(0, CAPACITY + SLACK);
  readonly view = new DataView(this.#memory.buffer);
  readonly #gathered = this.#memory.subarray(CAPACITY + SLACK);
  /** How many bytes there are. */
  length = 0;
  /** How many ends of lines have been found: where each one ends, behind its newline. */
  lines = 0;
  readonly ends = new Int32Array(READ_SIZE + 1);

  /** Forgets what is in front of `start`; what is behind it is the beginning of the next line. */
  keepFrom(start: number): void {
    if (start < this.length) this.bytes.copyWithin(0, start, this.length);
    this.length -= start;
    this.lines = 0;
  }

  /** Puts a newline to the end, for a last line that has none. */
  endLine(): void {
    this.bytes[this.length++] = NEWLINE;
    this.ends[0] = this.length;
    this.lines = 1;
  }

  /** Copies pieces of the text into one: from starts[i] to ends[i], for i below count. Valid until the next call. */
  gather(starts: Int32Array, ends: Int32Array, count: number): Uint8Array<ArrayBuffer> {
    let at = CAPACITY + SLACK;
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      this.#memory.copyWithin(at, start, end);
      at += end - start;
    }
    return this.#gathered;
  }
}

/** Which of the lines' ends are asked for. One end is the last one then, as if all lines were one. */
export type Ends = "each" | "last";

/** Finds the lines in what stands in `text` from `from` to its length. */
export function splitLines(text: Text, from: number, which: Ends): void {
  if (which === "last") {
    const newline = text.bytes.lastIndexOf(NEWLINE, text.length - 1);
    text.lines = 0;
    if (newline >= from) text.ends[text.lines++] = newline + 1;
    return;
  }
  text.view.setUint8(text.length, NEWLINE);
  text.lines = findNewlines(text.view, from, text.length, text.ends);
}

/** Writes where each line ends that begins at or behind `from` and ends at or before `to`; returns how many do. */
function findNewlines(view: DataView, from: number, to: number, ends: Int32Array): number {
  let count = 0;
  let at = from;
  for (;;) {
    const low = view.getInt32(at, true) ^ NEWLINES;
    const high = view.getInt32(at + 4, true) ^ NEWLINES;
    const inLow = (low - ONES) & ~low & HIGHS;
    const inHigh = (high - ONES) & ~high & HIGHS;
    if ((inLow | inHigh) === 0) {
      at += 8;
      continue;
    }
    at += inLow !== 0 ? bytesThrough(inLow) : 4 + bytesThrough(inHigh);
    if (at > to) return count;
    ends[count++] = at;
  }
}

/** How many bytes of a word there are up to and with the one that has the lowest bit of `found`. */
function bytesThrough(found: number): number {
  return (31 - Math.clz32(found & -found) >> 3) + 1;
}

/**
 * Copies `input` from `from` to `to` to the end of `text` and puts a stamp and a space in front of each line, but
 * for the one that `goesOn`. Stops early where the text is full. A newline is put into input[to].
 *
 * @returns how far it came in `input`
 */
export function stampLines(
  input: DataView,
  from: number,
  to: number,
  text: Text,
  goesOn: boolean,
  stamper: Stamper,
  which: Ends,
): number {
  const target = text.view;
  const ends = text.ends;
  const each = which === "each" ? 1 : 0;
  let count = 0;
  let at = text.length;
  let end = -1;
  let i = from;
  let stamp = !goesOn;
  input.setUint8(to, NEWLINE);
  while (i < to && at < STAMP_LIMIT) {
    if (stamp) {
      stamper.put(target, at);
      target.setUint8(at + STAMP_SIZE, SPACE);
      at += PREFIX_SIZE;
    }
    stamp = true;
    for (;;) {
      const a = input.getInt32(i, true);
      const b = input.getInt32(i + 4, true);
      target.setInt32(at, a, true);
      target.setInt32(at + 4, b, true);
      const low = a ^ NEWLINES;
      const high = b ^ NEWLINES;
      const inLow = (low - ONES) & ~low & HIGHS;
      const inHigh = (high - ONES) & ~high & HIGHS;
      if ((inLow | inHigh) === 0) {
        i += 8;
        at += 8;
        continue;
      }
      const step = inLow !== 0 ? bytesThrough(inLow) : 4 + bytesThrough(inHigh);
      i += step;
      at += step;
      break;
    }
    if (i > to) {
      // It was the newline behind the end: the line goes on in the next read.
      i = to;
      at--;
      break;
    }
    end = at;
    ends[count] = at;
    count += each;
  }
  if (each === 0 && end >= 0) count = 1;
  text.length = at;
  text.lines = count;
  return i;
}
