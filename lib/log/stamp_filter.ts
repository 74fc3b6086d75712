// SPDX-License-Identifier: 0BSD
/**
 * The work of tai64n(1).
 *
 * @module
 */
import type { Time } from "../os/clock.ts";
import type { Filter } from "../stream/filter.ts";
import { ENDS, INPUT, LF, OUTPUT, STAMP } from "../stream/layout.ts";
import { compileLoops } from "../stream/loops.ts";
import { Stamper } from "../tai/stamp.ts";
import { LineStamper } from "./line_stamper.ts";

/** The filter. The clock is read once for each read. */
export class StampFilter implements Filter {
  readonly #loops = compileLoops("stampLines");
  readonly input: Uint8Array<ArrayBuffer> = this.#loops.input;
  readonly output: Uint8Array<ArrayBuffer> = this.#loops.output;
  readonly #clock: { read(): Time };
  readonly #stamper = new Stamper();
  readonly #lines = new LineStamper(
    this.#loops.stampLines,
    this.#loops.memory.buffer,
    this.#stamper,
    { stamp: STAMP, ends: ENDS },
  );
  /** Whether the last byte that was read is in the middle of a line. */
  #inLine = false;

  constructor(clock: { read(): Time }) {
    this.#clock = clock;
  }

  take(count: number): number {
    this.#stamper.set(this.#clock.read());
    const end = INPUT + count;
    const output = this.#lines.stamp(INPUT, end, OUTPUT, this.#inLine);
    this.#inLine = this.#loops.memory[end - 1] !== LF;
    return output - OUTPUT;
  }
}
