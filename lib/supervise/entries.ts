// SPDX-License-Identifier: 0BSD
/**
 * The entries of svscan's directory, kept from one look at it to the next, so that a thousand that have not changed make
 * no garbage.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { FileVersion, type Stat, visitDirectory } from "../os/file.ts";
import { KnownFiles } from "../os/known_files.ts";
import { cString } from "../os/libc.ts";

const DOT = 46;
const HERE = cString(".");

/**
 * How many entries are looked at in a scan when nothing has changed in the directory itself. That an entry leads to
 * another directory than before is seldom; of a thousand it is noticed after forty seconds, and an idle svscan does an
 * eighth of the work.
 */
const MOST = 125;

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
  /** Of the directory, before it was read last: whoever adds a name or takes one away changes it. */
  #version: FileVersion | undefined;
  #settled: KnownFiles | undefined;
  /** Which of them are to be looked at next. */
  #next = 0;

  /** Reads the directory. Throws SystemError. */
  read(): readonly Entry<T>[] {
    const last = this.#last;
    this.#settled = undefined;
    this.#version = FileVersion.at(HERE);
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

  /** From now on nothing has to be done about those that were read last, until something changes. */
  settle(): void {
    const known = this.#last.flatMap(({ path, found }) =>
      found === undefined ? [] : [{ path, found }]
    );
    if (known.length === this.#last.length) this.#settled = new KnownFiles(known);
  }

  /** Something has changed that does not show in the directory. */
  unsettle(): void {
    this.#settled = undefined;
  }

  /**
   * Whether nothing has changed since `settle`: entries have neither come nor gone, and MOST of them, those whose turn it
   * is, lead to the files that they led to then. Throws SystemError.
   */
  areSettled(): boolean {
    const settled = this.#settled;
    if (settled === undefined || this.#version?.isAt(HERE) !== true) return false;
    const first = this.#next < settled.count ? this.#next : 0;
    this.#next = first + MOST;
    return settled.leadThere(first, MOST);
  }
}
