// SPDX-License-Identifier: 0BSD
/**
 * The way of a log's bytes from a descriptor into a text: one read(2) of what is there, with or without stamps.
 *
 * @module
 */
import { Clock } from "../os/clock.ts";
import { EAGAIN, SystemError } from "../os/errno.ts";
import { read } from "../os/file.ts";
import type { Stamper } from "../tai/stamp.ts";
import { type Ends, inputBuffer, READ_SIZE, splitLines, stampLines, type Text } from "./text.ts";

/** What a read came to. A read error ends the input, as in the C tool. */
export type Got = "something" | "nothing" | "end";

/** Fills a text. After a read the text is to be passed on once for each `next` that says true. */
export interface LineReader {
  /** read(2), up to `most` bytes of it. */
  read(most: number): Got;
  /** Puts the next part of what was read into the text. `inLine`: it begins in the middle of a line. */
  next(inLine: boolean): boolean;
}

/** Reads up to `most` bytes into `buffer`; how many they are, 0 for none now, -1 for the end. */
function readSome(fd: number, buffer: Uint8Array<ArrayBuffer>, most: number): number {
  try {
    return read(fd, most < buffer.length ? buffer.subarray(0, most) : buffer) || -1;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.errno === EAGAIN ? 0 : -1;
  }
}

function meaning(got: number): Got {
  return got > 0 ? "something" : got === 0 ? "nothing" : "end";
}

/** Reads straight into the text. */
export class PlainReader implements LineReader {
  readonly #fd: number;
  readonly #text: Text;
  readonly #ends: Ends;
  readonly #whole: Uint8Array<ArrayBuffer>;
  #from = 0;
  #fresh = false;

  constructor(fd: number, text: Text, ends: Ends) {
    this.#fd = fd;
    this.#text = text;
    this.#ends = ends;
    this.#whole = text.bytes.subarray(0, READ_SIZE);
  }

  read(most: number): Got {
    const from = this.#text.length;
    const room = from === 0 ? this.#whole : this.#text.bytes.subarray(from, from + READ_SIZE);
    const got = readSome(this.#fd, room, most);
    if (got > 0) {
      this.#from = from;
      this.#text.length = from + got;
      this.#fresh = true;
    }
    return meaning(got);
  }

  next(): boolean {
    if (!this.#fresh) return false;
    this.#fresh = false;
    splitLines(this.#text, this.#from, this.#ends);
    return true;
  }
}

/** Puts a stamp and a space in front of each line. The stamp is the time at which the line's first byte was read. */
export class StampingReader implements LineReader {
  readonly #fd: number;
  readonly #text: Text;
  readonly #ends: Ends;
  readonly #stamper: Stamper;
  readonly #clock = new Clock();
  readonly #input = inputBuffer();
  readonly #whole = this.#input.subarray(0, READ_SIZE);
  readonly #view = new DataView(this.#input.buffer);
  #from = 0;
  #to = 0;

  constructor(fd: number, text: Text, ends: Ends, stamper: Stamper) {
    this.#fd = fd;
    this.#text = text;
    this.#ends = ends;
    this.#stamper = stamper;
  }

  read(most: number): Got {
    const got = readSome(this.#fd, this.#whole, most);
    if (got > 0) {
      this.#from = 0;
      this.#to = got;
      this.#stamper.set(this.#clock.read());
    }
    return meaning(got);
  }

  next(inLine: boolean): boolean {
    if (this.#from === this.#to) return false;
    this.#from = stampLines(
      this.#view,
      this.#from,
      this.#to,
      this.#text,
      inLine,
      this.#stamper,
      this.#ends,
    );
    return true;
  }
}
