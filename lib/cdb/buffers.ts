// SPDX-License-Identifier: 0BSD
/**
 * Buffers for streams of bytes: many small reads and writes become few large ones.
 *
 * @module
 */
import { copyBytes } from "../os/bytes.ts";

const SIZE = 65536;
const ZERO = 48;
/** As many as the largest whole number has. */
const DIGITS = 16;

/** Takes the bytes from `from` to `to`; when it returns they are overwritten. */
export type Take = (bytes: Uint8Array<ArrayBuffer>, from: number, to: number) => void;

/** What is read comes through here. */
export class InputBuffer {
  readonly #read: (buffer: Uint8Array<ArrayBuffer>) => number;
  readonly #bytes = new Uint8Array(SIZE);
  #at = 0;
  #end = 0;

  /** `read` fills a buffer and returns with how many bytes, 0 at the end. */
  constructor(read: (buffer: Uint8Array<ArrayBuffer>) => number) {
    this.#read = read;
  }

  #more(): boolean {
    this.#at = 0;
    this.#end = this.#read(this.#bytes);
    return this.#end > 0;
  }

  /** The next byte; -1 at the end. */
  byte(): number {
    if (this.#at === this.#end && !this.#more()) return -1;
    return this.#bytes[this.#at++] as number;
  }

  /**
   * Hands the next `length` bytes over, piece by piece.
   *
   * @returns false where the end comes before
   */
  pass(length: number, take: Take): boolean {
    for (let left = length; left > 0;) {
      if (this.#at === this.#end && !this.#more()) return false;
      const from = this.#at;
      this.#at = Math.min(this.#end, from + left);
      left -= this.#at - from;
      take(this.#bytes, from, this.#at);
    }
    return true;
  }
}

/** What is to be written goes through here. */
export class OutputBuffer {
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #bytes = new Uint8Array(SIZE);
  #end = 0;

  /** `write` writes all of the bytes. */
  constructor(write: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#write = write;
  }

  /** Puts the bytes from `from` to `to`. */
  put(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let at = from;
    for (; to - at > SIZE; at += SIZE) this.put(bytes, at, at + SIZE);
    this.#makeRoom(to - at);
    copyBytes(this.#bytes, this.#end, bytes, at, to);
    this.#end += to - at;
  }

  /** Puts one byte. */
  putByte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#end++] = byte;
  }

  /** Puts a whole number in decimal digits. */
  putNumber(number: number): void {
    this.#makeRoom(DIGITS);
    let digits = 1;
    for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    let rest = number;
    for (let at = this.#end + digits; at-- > this.#end; rest = Math.floor(rest / 10)) {
      this.#bytes[at] = ZERO + rest % 10;
    }
    this.#end += digits;
  }

  #makeRoom(length: number): void {
    if (this.#end + length > SIZE) this.flush();
  }

  /** Writes what has not been written yet. */
  flush(): void {
    const end = this.#end;
    this.#end = 0;
    this.#write(this.#bytes.subarray(0, end));
  }
}
