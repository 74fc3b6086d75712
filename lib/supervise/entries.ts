// SPDX-License-Identifier: 0BSD
/**
 * The entries of svscan's directory, kept from one look at it to the next, so that a thousand that have not changed make
 * no garbage.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { type Stat, visitDirectory } from "../os/file.ts";
import { cString } from "../os/libc.ts";

const DOT = 46;

/** An entry, and what was found out about it. */
export class Entry<T> {
  readonly name: ByteString;
  readonly path: Uint8Array<ArrayBuffer>;
  /** What it led to. */
  found: Stat | undefined;
  /** What that was taken for. */
  taken: T | undefined;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.name = fromBytes(bytes.subarray(start, end));
    this.path = cString(this.name);
  }

  /** Whether it has the name that stands in `bytes` from `start` to `end`. */
  isCalled(bytes: Uint8Array, start: number, end: number): boolean {
    const { path } = this;
    if (path.length !== end - start + 1) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== path[i - start]) return false;
    return true;
  }

  /** Whether it still leads to the file that was found. */
  get isSame(): boolean {
    return this.found !== undefined && this.found.isAt(this.path);
  }
}

/** Those of the working directory whose names do not begin with a dot. */
export class Entries<T> {
  #last: Entry<T>[] = [];

  /** Reads the directory. Throws SystemError. */
  read(): readonly Entry<T>[] {
    const last = this.#last;
    const found: Entry<T>[] = [];
    visitDirectory(".", AT_FDCWD, (bytes, start, end) => {
      if (bytes[start] === DOT) return;
      // The kernel gives them in the same order as long as none comes or goes.
      const known = last[found.length];
      found.push(
        known?.isCalled(bytes, start, end) === true ? known : new Entry(bytes, start, end),
      );
    });
    return this.#last = found;
  }
}
