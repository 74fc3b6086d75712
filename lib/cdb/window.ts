// SPDX-License-Identifier: 0BSD
/**
 * A window on a file: the piece of it that was read last. Small reads that follow one another cost one pread(2).
 *
 * @module
 */
import { copyOf } from "../os/bytes.ts";
import { ENOMEM, SystemError } from "../os/errno.ts";
import { pread } from "../os/file.ts";
import { FormatError } from "./format.ts";

export class Window {
  readonly #fd: number;
  /** The piece, and whatever else is in the buffer: `reach` tells where in it something is. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes. */
  numbers: DataView<ArrayBuffer>;
  #from = 0;
  #filled = 0;

  /** `buffer` is where the pieces are read to. */
  constructor(fd: number, buffer: Uint8Array<ArrayBuffer>) {
    this.#fd = fd;
    this.bytes = buffer;
    this.numbers = viewOf(buffer);
  }

  /** From now on the window shows all of the file: `file` is what it holds. */
  cover(file: Uint8Array<ArrayBuffer>): void {
    this.bytes = file;
    this.numbers = viewOf(file);
    this.#from = 0;
    this.#filled = file.length;
  }

  /** Where in `bytes` the `length` bytes from `at` on are, not more than fit it; they stay there until the next call. */
  reach(at: number, length: number): number {
    if (at < this.#from || at + length > this.#from + this.#filled) {
      this.#filled = 0;
      this.#from = at;
      this.#filled = readFrom(this.#fd, this.bytes, at, length);
    }
    return at - this.#from;
  }

  /** `length` bytes from `at` on, not more than fit the buffer; they stay what they are until the next call. */
  view(at: number, length: number): Uint8Array<ArrayBuffer> {
    const offset = this.reach(at, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** `length` bytes from `at` on, however many, that nobody else has. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (length <= this.bytes.length) return copyOf(this.numbers, this.reach(at, length), length);
    const bytes = allocate(length);
    readFrom(this.#fd, bytes, at, length);
    return bytes;
  }
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
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
