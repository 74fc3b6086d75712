// SPDX-License-Identifier: 0BSD
/**
 * Where a stream comes from: a descriptor that is read in large pieces.
 *
 * A pipe holds 64 KB, pipe(7), and each time that it is full or empty one side waits for the other. So the first time
 * that a read finds it full (somebody has more to say than we have taken yet) it is made as large as a read. A pipe
 * through which there is a line now and then stays as it is.
 *
 * @module
 */
import { growPipe, read, readOrEnd } from "../os/file.ts";
import { READ_SIZE } from "./layout.ts";

/** What a pipe holds that nobody has changed: pipe(7). */
const PIPE_SIZE = 65536;

/** A descriptor to be read in pieces of up to READ_SIZE. */
export class Source {
  readonly #fd: number;
  #asFound = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * read(2) of what is there, as much as `buffer` takes.
   *
   * @returns how many bytes; 0 at the end
   * @throws SystemError
   */
  read(buffer: Uint8Array<ArrayBuffer>): number {
    return this.#grown(read(this.#fd, buffer));
  }

  /** The same, but what fails has ended: 0, as for a connection that breaks. */
  readOrEnd(buffer: Uint8Array<ArrayBuffer>): number {
    return this.#grown(readOrEnd(this.#fd, buffer));
  }

  #grown(got: number): number {
    if (this.#asFound && got >= PIPE_SIZE) {
      this.#asFound = false;
      growPipe(this.#fd, READ_SIZE);
    }
    return got;
  }
}
