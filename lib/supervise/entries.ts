// SPDX-License-Identifier: 0BSD
/**
 * The entries of svscan's directory, kept from one look at it to the next, so that a thousand that have not changed make
 * no garbage.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { readlink } from "../os/file.ts";
import { FileVersion, type Stat } from "../os/stat.ts";
import { KnownFiles } from "../os/known_files.ts";
import { MOST_LINKS } from "../os/path.ts";
import { cString } from "../os/c_string.ts";
import { visitDirectory } from "../os/directory.ts";

const DOT = 46;
const HERE = cString(".");

/** DT_DIR of readdir(3). */
const DIRECTORY = 4;
/** Of so many entries at most each one is looked at, whatever it is. */
const FEW = 20;

/** An entry, and what was found out about it. */
export class Entry<T> {
  readonly name: ByteString;
  readonly path: Uint8Array<ArrayBuffer>;
  /** What it led to. */
  found: Stat | undefined;
  /** What that was taken for. */
  taken: T | undefined;

  /** @param isDirectory whether it is a directory itself, no link to one; false where the file system does not tell */
  constructor(bytes: Uint8Array, start: number, end: number, readonly isDirectory: boolean) {
    this.name = fromBytes(bytes.subarray(start, end));
    this.path = cString(this.name);
  }

  /** Whether it has the name that stands in `bytes` from `start` to `end`, and is a directory or not as that is. */
  isCalled(bytes: Uint8Array, start: number, end: number, isDirectory: boolean): boolean {
    const { path } = this;
    if (path.length !== end - start + 1 || isDirectory !== this.isDirectory) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== path[i - start]) return false;
    return true;
  }

  /** Whether it still leads to the file that was found. */
  get isSame(): boolean {
    return this.found !== undefined && this.found.isAt(this.path);
  }
}

/**
 * The directories that hold what `name` leads to, and the links on the way there, but for the working directory. Whoever
 * puts another file in the place of one of those changes one of these.
 */
function parentsOf(name: ByteString): ByteString[] {
  const found: ByteString[] = [];
  let path = name;
  for (let links = 0; links < MOST_LINKS; links++) {
    const target = unlessRefused(() => readlink(path))?.replace(/(?<=[^/])\/+$/, "");
    if (target === undefined) break;
    path = target.startsWith("/") ? target : `${directoryOf(path)}${target}`;
    found.push(directoryOf(path));
  }
  return found.filter((directory) => directory !== "");
}

/** What stands before the last name in a path. */
function directoryOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Those of the working directory whose names do not begin with a dot. */
export class Entries<T> {
  #last: Entry<T>[] = [];
  /** Of the directory, before it was read last: whoever adds a name or takes one away changes it. */
  #version: FileVersion | undefined;
  #settled: KnownFiles | undefined;
  #parents: readonly ByteString[] = [];

  /** Reads the directory. Throws SystemError. */
  read(): readonly Entry<T>[] {
    const last = this.#last;
    this.#settled = undefined;
    this.#version = FileVersion.at(HERE);
    const found: Entry<T>[] = [];
    visitDirectory(".", AT_FDCWD, (bytes, start, end, type) => {
      if (bytes[start] === DOT) return;
      const isDirectory = type === DIRECTORY;
      // The kernel gives them in the same order as long as none comes or goes.
      const known = last[found.length];
      found.push(
        known?.isCalled(bytes, start, end, isDirectory) === true
          ? known
          : new Entry(bytes, start, end, isDirectory),
      );
    });
    return this.#last = found;
  }

  /**
   * From now on nothing has to be done about those that were read last, until something changes.
   *
   * @returns false if it was not found out what they all lead to
   */
  settle(): boolean {
    if (this.#last.some(({ found }) => found === undefined)) return false;
    // Whoever puts another one in the place of a directory changes the one that it is in.
    const looked = this.#last.length <= FEW ? this.#last : this.#last.filter((e) => !e.isDirectory);
    this.#settled = new KnownFiles(
      looked.map(({ path, found }) => ({ path, found: found as Stat })),
    );
    this.#parents = [...new Set(this.#last.flatMap(({ name }) => parentsOf(name)))];
    return true;
  }

  /**
   * The directories that held what the entries led to when they were settled, but for the working directory. Another
   * array each time: one that is called as before may be another directory.
   */
  get parents(): readonly ByteString[] {
    return this.#parents;
  }

  /** Something has changed that does not show in the directory. */
  unsettle(): void {
    this.#settled = undefined;
  }

  /**
   * Whether nothing has changed since `settle`: entries have neither come nor gone, and all lead to the files that they
   * led to then.
   */
  areSettled(): boolean {
    const settled = this.#settled;
    return settled !== undefined && this.#version?.isUnchangedAt(HERE) === true &&
      settled.leadThere();
  }
}
