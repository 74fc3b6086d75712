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
/** Room for the beginning of a line and a read of nothing but newlines, each with a stamp: memory unless touched. */
const CAPACITY = HEAD_SIZE + READ_SIZE * (PREFIX_SIZE + 1) + SLACK;

/** Room for what one read yields, plain. */
export function inputBuffer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(READ_SIZE + SLACK);
}

/** What has been read and not yet passed on. */
export class Text {
  /** Twice the room: its second half is for whoever gathers lines of the first. */
  readonly #memory = new Uint8Array(2 * CAPACITY);
  readonly bytes: Uint8Array<ArrayBuffer> = this.#memory.subarray(0, CAPACITY);
  readonly view: DataView<ArrayBuffer> = new DataView(this.#memory.buffer);
  readonly #gathered = this.#memory.subarray(CAPACITY);
  /** How many bytes there are. */
  length = 0;
  /** How many ends of lines stand in `ends`: all that there are, or the last one if the text is `sparse`. */
  lines = 0;
  /** Where lines end, behind their newlines. */
  readonly ends: Int32Array<ArrayBuffer> = new Int32Array(READ_SIZE + 1);
  sparse = false;
  /** Whether the first line has been passed on in part, and only the rest of it is here. */
  goesOn = false;
  /* How places in the text and in the last read belong together; see `source`. */
  #origin = 0;
  #prefix = 0;
  #firstStamp = 0;

  /** Whether the next byte that is read belongs to a line that has begun. */
  get inLine(): boolean {
    return this.goesOn || this.length > 0;
  }

  /** Tells that a read is being added, and whether its lines get a prefix. */
  beginRead(stamped: boolean): void {
    this.#origin = this.length;
    this.#prefix = stamped ? PREFIX_SIZE : 0;
    this.#firstStamp = this.inLine ? 0 : 1;
  }

  /** Where the last read begins in the text. */
  get origin(): number {
    return this.#origin;
  }

  /** The offset in the last read that is behind line `i`. */
  source(i: number): number {
    return (this.ends[i] as number) - this.#origin - (i + this.#firstStamp) * this.#prefix;
  }

  /** The line that ends at `end`. */
  lineAt(end: number): number {
    let low = 0;
    let high = this.lines - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] as number) < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets what is in front of `start`. What comes next is the rest of a line if that `goesOn`. */
  keepFrom(start: number, goesOn: boolean): void {
    this.goesOn = goesOn;
    if (start < this.length) this.bytes.copyWithin(0, start, this.length);
    this.length -= start;
    this.lines = 0;
  }

  /** Puts a newline to the end, for a last line that has none. */
  endLine(): void {
    this.beginRead(false);
    this.bytes[this.length++] = NEWLINE;
    this.ends[0] = this.length;
    this.lines = 1;
  }

  /** Copies pieces of the text into one: from starts[i] to ends[i], for i below count. Valid until the next call. */
  gather(starts: Int32Array, ends: Int32Array, count: number): Uint8Array<ArrayBuffer> {
    let at = CAPACITY;
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      this.#memory.copyWithin(at, start, end);
      at += end - start;
    }
    return this.#gathered;
  }
}

/** Adds `length` bytes that stand behind the text already, and finds the lines' ends; if `sparse` only the last. */
export function addLines(text: Text, length: number, sparse: boolean): void {
  const from = text.length;
  text.beginRead(false);
  text.length = from + length;
  text.sparse = sparse;
  if (sparse) {
    const newline = text.bytes.lastIndexOf(NEWLINE, text.length - 1);
    text.lines = 0;
    if (newline >= from) text.ends[text.lines++] = newline + 1;
    return;
  }
  text.view.setUint8(text.length, NEWLINE);
  text.lines = findNewlines(text.view, from, text.length, text.ends);
}

/** Writes where each line ends that ends behind `from` and not behind `to`; returns how many do. */
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
  return ((31 - Math.clz32(found & -found)) >> 3) + 1;
}

/**
 * Adds the first `length` bytes of `input`, with a stamp and a space in front of each line that begins there, and
 * finds the lines' ends. A newline is put behind the bytes in `input`.
 */
export function addStampedLines(
  text: Text,
  input: DataView,
  length: number,
  stamper: Stamper,
): void {
  const target = text.view;
  const ends = text.ends;
  let count = 0;
  let at = text.length;
  let i = 0;
  let stamp = !text.inLine;
  text.beginRead(true);
  input.setUint8(length, NEWLINE);
  while (i < length) {
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
    ends[count++] = at;
  }
  if (i > length) {
    // The last one found is the newline behind the end: that line goes on in the next read.
    at--;
    count--;
  }
  text.length = at;
  text.lines = count;
}
