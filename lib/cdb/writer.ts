// SPDX-License-Identifier: 0BSD
/**
 * Writes a cdb into a descriptor, record by record. What is kept in memory of a record that was written is 8 bytes.
 *
 * The records go through one buffer. `add` is the plain way to put one there; who makes records by the million puts
 * the bytes there himself (`room`, `commit`), and who has one that does not fit into memory hands it over in
 * pieces (`begin`, `append`, `end`).
 *
 * @module
 */
import { type ByteString, copyBytes } from "../os/bytes.ts";
import { O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } from "../os/constants.ts";
import { closeWritten, fsync, open, seek, writeAll } from "../os/file.ts";
import { hash, HEADER, PAIR } from "./format.ts";
import { checkPosition, Tables } from "./tables.ts";

const BUFFER = 1 << 18;

/** Opens a file for a new cdb, in the place of what is in it. */
export function createFile(path: ByteString, mode = 0o644): number {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, mode);
}

/** A cdb that is being written. Where it would grow beyond 4 GB, SystemError ENOMEM is thrown, as in C. */
export class Writer {
  /** `buffer[room(n)]` is the first of n bytes that are free; the next `room` may give another buffer. */
  buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER);
  #view = new DataView(this.buffer.buffer);
  readonly #fd: number;
  readonly #tables = new Tables();
  #used = 0;
  /** The position in the file of the buffer's first byte. */
  #base = HEADER;
  #recordAt = 0;

  /** Begins a cdb in the empty file that is open for writing at `fd`, which stays the caller's. */
  constructor(fd: number) {
    this.#fd = fd;
    seek(fd, HEADER);
  }

  /** Adds a record. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.begin(key.length, value.length);
    this.append(key);
    this.append(value);
    this.end(hash(key));
  }

  /** Begins a record, whose key and value are then given to `append` in pieces of any size. */
  begin(keyLength: number, valueLength: number): void {
    const at = this.room(PAIR);
    this.#recordAt = this.#base + at;
    checkPosition(this.#recordAt + PAIR + keyLength + valueLength);
    this.#view.setUint32(at, keyLength, true);
    this.#view.setUint32(at + 4, valueLength, true);
    this.#used = at + PAIR;
  }

  /** The next bytes of the record that was begun: those from `from` to `to`. */
  append(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let at = from;
    for (; to - at > BUFFER; at += BUFFER) this.append(bytes, at, at + BUFFER);
    copyBytes(this.buffer, this.room(to - at), bytes, at, to);
    this.#used += to - at;
  }

  /** Ends the record that was begun. */
  end(keyHash: number): void {
    this.#tables.add(keyHash, this.#recordAt);
  }

  /** Makes room for `length` bytes; returns where in `buffer`. */
  room(length: number): number {
    if (this.#used + length > this.buffer.length) {
      this.#flush();
      if (length > this.buffer.length) {
        this.buffer = new Uint8Array(length);
        this.#view = new DataView(this.buffer.buffer);
      }
    }
    return this.#used;
  }

  /**
   * Takes the record that stands in `buffer` at `at`, where there was room, or where the one before ended: PAIR bytes for
   * the lengths, which are put there now, the key and the value.
   */
  commit(at: number, keyLength: number, valueLength: number, keyHash: number): void {
    this.#view.setUint32(at, keyLength, true);
    this.#view.setUint32(at + 4, valueLength, true);
    this.#used = at + PAIR + keyLength + valueLength;
    checkPosition(this.#base + this.#used);
    this.#tables.add(keyHash, this.#base + at);
  }

  /** Writes what there is, tables and header. That was all: the writer can't be used any more. */
  finish(): void {
    this.#flush();
    const header = this.#tables.write(this.#fd, this.#base);
    seek(this.#fd, 0);
    writeAll(this.#fd, header);
  }

  /** The same, and closes the file when it is on the disk. */
  finishOnDisk(): void {
    this.finish();
    fsync(this.#fd);
    closeWritten(this.#fd);
  }

  #flush(): void {
    writeAll(this.#fd, this.buffer.subarray(0, this.#used));
    this.#base += this.#used;
    this.#used = 0;
  }
}
