// SPDX-License-Identifier: 0BSD
/**
 * Puts a TAI64N stamp and a space in front of each line of all that one read has brought, and notes where the lines
 * end: for tai64n(1) and multilog(1).
 *
 * Input, output, the stamp and the list of ends lie in one memory (stamp_loop.ts); places are offsets into it. The
 * stamper tells the time of the first line, each later one being a nanosecond behind the one before.
 *
 * @module
 */
import { LF, STAMP_AND_SPACE } from "../stream/layout.ts";
import type { StampLines } from "../stream/stamp_loop.ts";
import type { Stamper } from "../tai/stamp.ts";

const SPACE = 32;
const WORD = 4;

/** Where things lie in the memory. */
export interface Layout {
  /** STAMP_AND_SPACE bytes, and SLACK. */
  readonly stamp: number;
  /** The list of the lines' ends: a word for each newline in the input. */
  readonly ends: number;
}

export class LineStamper {
  readonly #stampLines: StampLines;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #stamper: Stamper;
  readonly #layout: Layout;
  /** How many lines have ended in the output of the last call. */
  count = 0;

  /** `memory` is the memory that `stampLines` works in. */
  constructor(
    stampLines: StampLines,
    memory: ArrayBuffer,
    stamper: Stamper,
    layout: Layout,
  ) {
    this.#stampLines = stampLines;
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#stamper = stamper;
    this.#layout = layout;
    this.#bytes[layout.stamp + STAMP_AND_SPACE - 1] = SPACE;
  }

  /**
   * Copies the bytes from `from` to `end` to `to`, with a stamp in front of each line that begins in them: at
   * `from` too, unless that is `inLine`. Bytes behind the ends are touched (SLACK).
   *
   * @returns where the output ends
   */
  stamp(from: number, end: number, to: number, inLine: boolean): number {
    this.count = 0;
    let at = from;
    let output = to;
    if (inLine) {
      at = this.#lineEnd(from, end);
      this.#bytes.copyWithin(output, from, at);
      output += at - from;
      if (this.#bytes[at - 1] === LF) this.#view.setInt32(this.#nextEnd(1), output, true);
    }
    while (at < end) {
      // The loop counts nanoseconds only: where the second may end, it is given a line at a time.
      const piece = end - at < this.#stamper.left ? end : this.#lineEnd(at, end);
      output = this.#stampPiece(at, piece, output);
      at = piece;
    }
    return output;
  }

  /** Where the line ends that `from` is in: behind its newline, or at `end`. */
  #lineEnd(from: number, end: number): number {
    this.#bytes[end] = LF; // so that the search ends there
    return Math.min(this.#bytes.indexOf(LF, from) + 1, end);
  }

  #stampPiece(from: number, end: number, to: number): number {
    const { stamp } = this.#layout;
    const { nanoseconds } = this.#stamper;
    this.#stamper.show(this.#view, stamp);
    const output = this.#stampLines(from, end, to, stamp, nanoseconds, this.#nextEnd(0));
    const stamps = (output - to - (end - from)) / STAMP_AND_SPACE;
    this.#stamper.skip(stamps);
    this.count += this.#bytes[end - 1] === LF ? stamps : stamps - 1;
    return output;
  }

  /** Where the next end is noted; `more` are counted then. */
  #nextEnd(more: number): number {
    const next = this.#layout.ends + this.count * WORD;
    this.count += more;
    return next;
  }
}
