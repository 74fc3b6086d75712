// SPDX-License-Identifier: 0BSD
/**
 * Buffers for streams of bytes: many small reads and writes become few large ones.
 *
 * @module
 */
import { type ByteString, putBytes } from "./bytes.ts";

const SIZE = 65536;

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
   * Hands the next `length` bytes over, piece by piece; a piece is good until `take` returns.
   *
   * @returns false where the end comes before
   */
  pass(length: number, take: (piece: Uint8Array<ArrayBuffer>) => void): boolean {
    for (let left = length; left > 0;) {
      if (this.#at === this.#end && !this.#more()) return false;
      const piece = this.#bytes.subarray(this.#at, Math.min(this.#end, this.#at + left));
      this.#at += piece.length;
      left -= piece.length;
      take(piece);
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

  put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; done += SIZE) {
      const piece = bytes.subarray(done, done + SIZE);
      if (this.#end + piece.length > SIZE) this.flush();
      this.#bytes.set(piece, this.#end);
      this.#end += piece.length;
    }
  }

  /** Puts a text that is shorter than the buffer. */
  putText(text: ByteString): void {
    if (this.#end + text.length > SIZE) this.flush();
    this.#end = putBytes(this.#bytes, this.#end, text);
  }

  flush(): void {
    const end = this.#end;
    this.#end = 0;
    this.#write(this.#bytes.subarray(0, end));
  }
}
