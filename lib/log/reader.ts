// SPDX-License-Identifier: 0BSD
/**
 * The way of a log's bytes from a descriptor into a text: one read(2) of what is there, with or without stamps.
 *
 * @module
 */
import { Clock } from "../os/clock.ts";
import { EAGAIN, SystemError } from "../os/errno.ts";
import { Source } from "../stream/source.ts";
import type { Stamper } from "../tai/stamp.ts";
import type { LineLoops } from "./line_loops.ts";
import type { LineStamper } from "./line_stamper.ts";
import type { Text } from "./text.ts";

/** What a read came to. A read error ends the input, as in the C tool. */
export type Got = "something" | "nothing" | "end";

/** Fills a text: one read(2), of up to `most` bytes. */
export interface LineReader {
  read(most: number): Got;
}

/** Reads up to `most` bytes into `buffer`; how many they are, 0 for none now, -1 for the end. */
function readSome(source: Source, buffer: Uint8Array<ArrayBuffer>, most: number): number {
  try {
    return source.read(most < buffer.length ? buffer.subarray(0, most) : buffer) || -1;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.errno === EAGAIN ? 0 : -1;
  }
}

function meaning(got: number): Got {
  return got > 0 ? "something" : got === 0 ? "nothing" : "end";
}

/** Reads straight into the text. Without loops, only the end of the last line is found. */
export class PlainReader implements LineReader {
  readonly #source: Source;
  readonly #text: Text;
  readonly #loops: LineLoops | undefined;
  readonly #input: Uint8Array<ArrayBuffer>;

  constructor(fd: number, text: Text, loops: LineLoops | undefined) {
    this.#source = new Source(fd);
    this.#text = text;
    this.#loops = loops;
    this.#input = text.plainInput;
  }

  read(most: number): Got {
    const got = readSome(this.#source, this.#input, most);
    if (got > 0) {
      if (this.#loops === undefined) this.#text.addSparsely(got);
      else this.#text.addLines(got, this.#loops);
    }
    return meaning(got);
  }
}

/** Puts a stamp and a space in front of each line. The stamp is the time at which the line's first byte was read. */
export class StampingReader implements LineReader {
  readonly #source: Source;
  readonly #text: Text;
  readonly #stamper: Stamper;
  readonly #lines: LineStamper;
  readonly #input: Uint8Array<ArrayBuffer>;
  readonly #clock = new Clock();

  constructor(fd: number, text: Text, stamper: Stamper) {
    this.#source = new Source(fd);
    this.#text = text;
    this.#stamper = stamper;
    ({ lines: this.#lines, input: this.#input } = text.lineStamper(stamper));
  }

  read(most: number): Got {
    const got = readSome(this.#source, this.#input, most);
    if (got > 0) {
      this.#stamper.set(this.#clock.read());
      this.#text.addStamped(got, this.#lines);
    }
    return meaning(got);
  }
}
