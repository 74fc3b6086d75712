// SPDX-License-Identifier: 0BSD
/**
 * A window on a file: the piece of it that was read last. Small reads that follow one another cost one pread(2).
 *
 * @module
 */
import { ENOMEM, SystemError } from "../os/errno.ts";
import { pread } from "../os/file.ts";
import { FormatError } from "./format.ts";

export class Window {
  readonly #fd: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #numbers: DataView<ArrayBuffer>;
  #from = 0;
  #filled = 0;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#buffer = new Uint8Array(size);
    this.#numbers = new DataView(this.#buffer.buffer);
  }

  /** How many bytes `view` can show at most. */
  get size(): number {
    return this.#buffer.length;
  }

  /** `length` bytes from `at` on, not more than fit the window; they stay what they are until the next call. */
  view(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (at < this.#from || at + length > this.#from + this.#filled) {
      this.#filled = 0;
      this.#from = at;
      this.#filled = readFully(this.#fd, this.#buffer, at, length);
    }
    return this.#buffer.subarray(at - this.#from, at - this.#from + length);
  }

  /** The 32-bit numbers at `at` and behind it. */
  pair(at: number): [number, number] {
    this.view(at, 8);
    const offset = at - this.#from;
    return [this.#numbers.getUint32(offset, true), this.#numbers.getUint32(offset + 4, true)];
  }

  /** `length` bytes from `at` on, however many, in a buffer of their own. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (length <= this.size) return this.view(at, length).slice();
    const bytes = allocate(length);
    readFully(this.#fd, bytes, at, length);
    return bytes;
  }
}

/** A record can be larger than memory: then it is the system's error, not the program's. */
function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new SystemError(ENOMEM, "cdb");
  }
}

/** Fills `buffer` from `at` on as far as one read(2) goes, but at least `least` bytes of it. */
function readFully(
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
