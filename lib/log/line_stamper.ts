// SPDX-License-Identifier: 0BSD
/**
 * Puts TAI64N stamps in front of lines: the work of tai64n(1).
 *
 * @module
 */
import type { Time } from "../os/clock.ts";
import type { Filter } from "../stream/filter.ts";
import { INPUT, LF, OUTPUT, STAMP, STAMP_SIZE } from "../stream/layout.ts";
import { compileLoops } from "../stream/loops.ts";
import { Stamper } from "../tai/stamp.ts";

const SECOND = 1e9;
const SPACE = 32;

/** The filter. The clock is read once for each read; the lines in it are stamped a nanosecond apart. */
export class LineStamper implements Filter {
  readonly #loops = compileLoops("stampLines");
  readonly input: Uint8Array<ArrayBuffer> = this.#loops.input;
  readonly output: Uint8Array<ArrayBuffer> = this.#loops.output;
  readonly #memory = this.#loops.memory;
  readonly #view = new DataView(this.#memory.buffer);
  readonly #clock: { read(): Time };
  readonly #stamper = new Stamper();
  /** Whether the last byte that was read is in the middle of a line. */
  #inside = false;

  constructor(clock: { read(): Time }) {
    this.#clock = clock;
    this.#memory[STAMP + STAMP_SIZE - 1] = SPACE;
  }

  take(count: number): number {
    const end = INPUT + count;
    this.#stamper.set(this.#clock.read());
    let from = INPUT;
    let to = OUTPUT;
    if (this.#inside) {
      from = this.#lineEnd(from, end);
      this.#memory.copyWithin(to, INPUT, from);
      to += from - INPUT;
    }
    while (from < end) {
      // The loop counts nanoseconds only: where the second may end, it is given a line at a time.
      const piece = end - from < this.#stamper.left ? end : this.#lineEnd(from, end);
      to = this.#stampLines(from, piece, to);
      from = piece;
    }
    this.#inside = this.#memory[end - 1] !== LF;
    return to - OUTPUT;
  }

  /** Where the line ends that `from` is in: behind its newline, or at `end`. */
  #lineEnd(from: number, end: number): number {
    this.#memory[end] = LF; // so that the search ends there
    return Math.min(this.#memory.indexOf(LF, from) + 1, end);
  }

  #stampLines(from: number, end: number, to: number): number {
    const nanoseconds = SECOND - this.#stamper.left;
    this.#stamper.put(this.#view, STAMP);
    const outputEnd = this.#loops.stampLines(from, end, to, nanoseconds);
    const stamps = (outputEnd - to - (end - from)) / STAMP_SIZE;
    this.#stamper.skip(stamps - 1);
    return outputEnd;
  }
}
