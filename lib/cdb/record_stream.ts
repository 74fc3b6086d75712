// SPDX-License-Identifier: 0BSD
/**
 * Reads the records of a cdb from its beginning to its end, without looking at the hash tables: it needs no file
 * that can be positioned, and gets at the records of one that has lost its tables.
 *
 * @module
 */
import type { InputBuffer, Take } from "./buffers.ts";
import { FormatError, HEADER } from "./format.ts";

/** A cdb that comes along. */
export class RecordStream {
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

  /** Of the record that `next` found. */
  get keyLength(): number {
    return this.#keyLength;
  }

  /** Of the record that `next` found. */
  get valueLength(): number {
    return this.#valueLength;
  }

  /** Where in the file the value begins, when the key has been read. */
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

  /** Reads the key. */
  key(take: Take = ignore): void {
    this.#pass(this.#keyLength, take);
  }

  /** Reads the value, when the key has been read. */
  value(take: Take = ignore): void {
    this.#pass(this.#valueLength, take);
  }

  #pass(length: number, take: Take): void {
    if (!this.#input.pass(length, take)) throw tooShort();
    this.#at += length;
  }

  #number(): number {
    let number = 0;
    for (let factor = 1; factor <= 0x1000000; factor *= 256) {
      const byte = this.#input.byte();
      if (byte < 0) throw tooShort();
      number += byte * factor;
    }
    this.#at += 4;
    return number;
  }
}

function tooShort(): FormatError {
  return new FormatError("it ends too early", "truncated file");
}

function ignore(): void {}
