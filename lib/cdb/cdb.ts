// SPDX-License-Identifier: 0BSD
/**
 * Constant databases, D. J. Bernstein's cdb: a file from keys to values, both any bytes, that is written once, read with
 * two small reads a look-up whatever its size, and replaced as a whole. See https://cr.yp.to/cdb.html
 *
 * ```ts
 * import { openCdb, writeCdb } from "@djbox/djbox/cdb";
 *
 * const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
 * writeCdb("colours.cdb", [[bytes("apple"), bytes("red")], [bytes("plum"), bytes("blue")]]);
 *
 * using cdb = openCdb("colours.cdb");
 * console.log(cdb.get(bytes("plum"))); // the bytes of "blue"
 * for (const [key, value] of cdb) console.log(key, value);
 * ```
 *
 * Keys and values are `Uint8Array`, because cdb files hold bytes; what text they are is for the caller to
 * say. A key may occur more than once: `get` finds the first, `getAll` all of them. File names are strings as in
 * the rest of Deno, and go to the system in UTF-8.
 *
 * Everything is synchronous. Nothing but the record asked for is loaded, until so many have been asked for that
 * it is cheaper to have a file of up to 128 MB in memory; then a look-up costs no system call. Files of up to 4 GB
 * are read and written byte for byte like those of the C programs. A damaged file, whatever is wrong with it, makes a `FormatError`;
 * it is never taken for one in which the key does not occur because something in it could not be read.
 *
 * It needs Linux on x86-64 or arm64 and `--allow-ffi`.
 *
 * @module
 */
import { utf8 } from "../os/bytes.ts";
import { O_NONBLOCK, O_RDONLY } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { close, closeWritten, fsync, open, rename, unlink } from "../os/file.ts";
import { FormatError } from "./format.ts";
import { Reader } from "./reader.ts";
import { createFile, Writer } from "./writer.ts";

export { FormatError, SystemError };

/** A record: key and value. */
export type CdbRecord = readonly [key: Uint8Array, value: Uint8Array];

/** A cdb that is open for reading. Where the file is replaced meanwhile, this is still the old one. */
export class Cdb implements Iterable<CdbRecord>, Disposable {
  #fd: number;
  readonly #reader: Reader;

  /** Use `openCdb`. Takes over the descriptor `fd`, also where it throws. */
  constructor(fd: number) {
    this.#fd = fd;
    try {
      this.#reader = new Reader(fd);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /**
   * The value of the first record with this key; undefined: there is none. It is the caller's, to keep and to change;
   * the `buffer` that it is a part of may hold other values, too.
   */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#open().get(key);
  }

  /** The values of all records with this key, in the order in which they were written. */
  getAll(key: Uint8Array): Uint8Array[] {
    return [...this.#open().getAll(key)];
  }

  /** All records, in the order in which they were written. */
  *[Symbol.iterator](): Generator<CdbRecord, void, undefined> {
    for (const record of this.#open().entries()) {
      yield record;
      this.#open();
    }
  }

  /** Closes the file. The cdb can't be read any more; closing it again does nothing. */
  close(): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }

  /** Closes the file, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The descriptor's number may belong to another file by now. */
  #open(): Reader {
    if (this.#fd < 0) throw new Error("the cdb is closed");
    return this.#reader;
  }
}

/**
 * Opens the cdb file `path` for reading.
 *
 * @throws SystemError where it can't be opened; FormatError where it is not a cdb
 */
export function openCdb(path: string): Cdb {
  return new Cdb(open(utf8(path), O_RDONLY | O_NONBLOCK));
}

/** How a cdb is written. */
export interface WriteOptions {
  /**
   * The file that is written before it becomes the cdb. It must be on the same file system; one that is there is
   * overwritten. Two writers at a time need two names.
   *
   * @default the cdb's name and `.tmp`
   */
  readonly temporary?: string;
  /**
   * The permissions of a new file; the umask is taken off.
   *
   * @default 0o644
   */
  readonly mode?: number;
}

/**
 * Writes `records` into the cdb file `path`. Readers see the old file or the new one, never a part of it: the new one is
 * written under another name, and moved over the old one when it is complete and on the disk.
 *
 * @throws SystemError (ENOMEM: it would be larger than 4 GB), or what `records` throws; the old file is then as it was
 */
export function writeCdb(
  path: string,
  records: Iterable<CdbRecord>,
  options: WriteOptions = {},
): void {
  const temporary = utf8(options.temporary ?? path + ".tmp");
  const fd = createFile(temporary, options.mode);
  try {
    try {
      const writer = new Writer(fd);
      for (const [key, value] of records) writer.add(key, value);
      writer.finish();
      fsync(fd);
    } catch (error) {
      close(fd);
      throw error;
    }
    closeWritten(fd);
    rename(temporary, utf8(path));
  } catch (error) {
    unlessRefused(() => unlink(temporary));
    throw error;
  }
}
