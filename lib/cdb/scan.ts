// SPDX-License-Identifier: 0BSD
/**
 * Reads the records of a cdb from its beginning to its end, without looking at the hash tables: it needs no file
 * that can be positioned, and gets at the records of one that has lost its tables.
 *
 * @module
 */
import { InputBuffer } from "../os/buffers.ts";
import { FormatError, HEADER } from "./format.ts";

const TRUNCATED = "truncated file";

/** Takes a part of a key or value; it is to be used before the function returns. */
export type Take = (piece: Uint8Array<ArrayBuffer>) => void;

export class Scanner {
  readonly #input: InputBuffer;
  /** Where the records end. */
  readonly #end: number;
  /** Where we are. */
  #at = 0;
  #keyLength = 0;
  #valueLength = 0;

  /** Reads the header. */
  constructor(input: InputBuffer) {
    this.#input = input;
    this.#end = this.#number();
    this.#pass(HEADER - this.#at, ignore);
    if (this.#end < HEADER) throw new FormatError(`no records can end at ${this.#end}`);
  }

  /** The lengths of the record that `next` found, and where its value begins. */
  get keyLength(): number {
    return this.#keyLength;
  }
  get valueLength(): number {
    return this.#valueLength;
  }
  get valueAt(): number {
    return this.#at;
  }

  /** Goes to the next record. Its `key` is to be read then, and its `value`. False: there is none. */
  next(): boolean {
    if (this.#at === this.#end) return false;
    this.#keyLength = this.#number();
    this.#valueLength = this.#number();
    if (this.#at + this.#keyLength + this.#valueLength > this.#end) {
      throw new FormatError(`the record before ${this.#at} is too long`);
    }
    return true;
  }

  key(take: Take = ignore): void {
    this.#pass(this.#keyLength, take);
  }

  value(take: Take = ignore): void {
    this.#pass(this.#valueLength, take);
  }

  #pass(length: number, take: Take): void {
    if (!this.#input.pass(length, take)) throw new FormatError("it ends too early", TRUNCATED);
    this.#at += length;
  }

  #number(): number {
    let number = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.#input.byte();
      if (byte < 0) throw new FormatError("it ends too early", TRUNCATED);
      number += byte * 2 ** (8 * i);
    }
    this.#at += 4;
    return number;
  }
}

function ignore(): void {}
