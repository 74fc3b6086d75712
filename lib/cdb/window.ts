// SPDX-License-Identifier: 0BSD
/**
 * A window on a file: the piece of it that was read last. Small reads that follow one another cost one pread(2).
 *
 * @module
 */
import { ENOMEM, SystemError } from "../os/errno.ts";
import { pread } from "../os/file.ts";
import { FormatError, PAIR } from "./format.ts";

export class Window {
  readonly #fd: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #numbers: DataView<ArrayBuffer>;
  #from = 0;
  #filled = 0;

  /** `buffer` is where the pieces are read to. */
  constructor(fd: number, buffer: Uint8Array<ArrayBuffer>) {
    this.#fd = fd;
    this.#buffer = buffer;
    this.#numbers = new DataView(buffer.buffer, buffer.byteOffset);
  }

  /** From now on the window shows all of the file: `file` is what it holds. */
  cover(file: Uint8Array<ArrayBuffer>): void {
    this.#buffer = file;
    this.#numbers = new DataView(file.buffer, file.byteOffset);
    this.#from = 0;
    this.#filled = file.length;
  }

  /** `length` bytes from `at` on, not more than fit the buffer; they stay what they are until the next call. */
  view(at: number, length: number): Uint8Array<ArrayBuffer> {
    const offset = this.#offset(at, length);
    return this.#buffer.subarray(offset, offset + length);
  }

  /** The two 32-bit numbers at `at`. */
  pair(at: number): [number, number] {
    const offset = this.#offset(at, PAIR);
    return [this.#numbers.getUint32(offset, true), this.#numbers.getUint32(offset + 4, true)];
  }

  /** The 32-bit number at `at`. */
  number(at: number): number {
    return this.#numbers.getUint32(this.#offset(at, 4), true);
  }

  /** Whether the `length` bytes from `at` on, not more than fit the buffer, are those of `bytes` from `from` on. */
  equals(at: number, length: number, bytes: Uint8Array, from: number): boolean {
    const offset = this.#offset(at, length);
    const buffer = this.#buffer;
    for (let i = 0; i < length; i++) {
      if (buffer[offset + i] !== bytes[from + i]) return false;
    }
    return true;
  }

  /** Where in the buffer `length` bytes from `at` on are. */
  #offset(at: number, length: number): number {
    if (at < this.#from || at + length > this.#from + this.#filled) {
      this.#filled = 0;
      this.#from = at;
      this.#filled = readFrom(this.#fd, this.#buffer, at, length);
    }
    return at - this.#from;
  }

  /** `length` bytes from `at` on, however many, in a buffer of their own. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (length <= this.#buffer.length) {
      const offset = this.#offset(at, length);
      return this.#buffer.slice(offset, offset + length);
    }
    const bytes = allocate(length);
    readFrom(this.#fd, bytes, at, length);
    return bytes;
  }
}

/** A record can be larger than memory: then it is the system's error, not the program's. */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new SystemError(ENOMEM, "cdb");
  }
}

/** Reads from `at` on what one pread(2) gives, but at least `least` bytes; returns how many. */
export function readFrom(
  fd: number,
  buffer: Uint8Array<ArrayBuffer>,
  at: number,
  least: number,
): number {
  let filled = 0;
  while (filled < least) {
    const got = pread(fd, filled === 0 ? buffer : buffer.subarray(filled), at + filled);
    if (got === 0) throw new FormatError(`it ends before ${at + least}`);
    filled += got;
  }
  return filled;
}
