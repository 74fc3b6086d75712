// SPDX-License-Identifier: 0BSD
/**
 * Reads a cdb through its descriptor with pread(2): a look-up costs two small reads, whatever the file's size, and a
 * file that was replaced meanwhile is read on as it was.
 *
 * Nothing in the file is believed. Every position is checked before it is used, a search ends after as many
 * slots as the table has, and what does not fit the format is a FormatError, never "no such key": who looks up
 * access rules would let everybody in.
 *
 * @module
 */
import { fstat } from "../os/file.ts";
import {
  FormatError,
  hash,
  HASH_START,
  HEADER,
  homeSlot,
  PAIR,
  tableOf,
  TABLES,
} from "./format.ts";
import { readFrom, Window } from "./window.ts";

/** Where a record stands in the file. */
export interface Place {
  readonly keyAt: number;
  readonly keyLength: number;
  readonly valueAt: number;
  readonly valueLength: number;
}

/** For look-ups: some slots, or a record as records mostly are. */
const SMALL = 512;
/** For reading on and on. */
const LARGE = 65536;

/** A cdb that is open for reading. */
export class Reader {
  readonly #fd: number;
  readonly #header: DataView;
  readonly #slots: Window;
  readonly #records: Window;
  /** Where the records end and the hash tables begin. */
  readonly #recordsEnd: number;

  /**
   * Reads and checks the header.
   *
   * @param fd a descriptor open for reading; its file offset is neither used nor changed, and it stays the caller's
   * @throws SystemError; FormatError for what is no cdb
   */
  constructor(fd: number) {
    const { size } = fstat(fd);
    // A pipe, too, has no size.
    if (size === 0) throw new FormatError("it is empty");
    this.#fd = fd;
    const scratch = new Uint8Array(HEADER + 2 * SMALL);
    this.#slots = new Window(fd, scratch.subarray(HEADER, HEADER + SMALL));
    this.#records = new Window(fd, scratch.subarray(HEADER + SMALL));
    this.#header = new DataView(scratch.buffer);
    readFrom(fd, scratch.subarray(0, HEADER), 0, HEADER);
    this.#recordsEnd = checkHeader(this.#header, size);
  }

  /** The value of the first record with this key; undefined: there is none. */
  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    for (const { valueAt, valueLength } of this.find(key)) {
      return this.#records.copy(valueAt, valueLength);
    }
    return undefined;
  }

  /** The values of all records with this key, in the order in which they were written. */
  *getAll(key: Uint8Array): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (const { valueAt, valueLength } of this.find(key)) {
      yield this.#records.copy(valueAt, valueLength);
    }
  }

  /** All records, key and value, in the order in which they were written. */
  *entries(): Generator<[Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>], void, undefined> {
    const window = new Window(this.#fd, new Uint8Array(LARGE));
    for (let at = HEADER; at < this.#recordsEnd;) {
      const { keyAt, keyLength, valueAt, valueLength } = this.#placeAt(at, window);
      yield [window.copy(keyAt, keyLength), window.copy(valueAt, valueLength)];
      at = valueAt + valueLength;
    }
  }

  /** The value of the record at `place`, piece by piece; each is good until the next. */
  *valuePieces(place: Place): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    const window = new Window(this.#fd, new Uint8Array(LARGE));
    for (let done = 0; done < place.valueLength; done += LARGE) {
      yield window.view(place.valueAt + done, Math.min(LARGE, place.valueLength - done));
    }
  }

  /** The places of all records with this key, in the order in which they were written. */
  *find(key: Uint8Array): Generator<Place, void, undefined> {
    const wanted = hash(key);
    const pair = tableOf(wanted) * PAIR;
    const table = this.#header.getUint32(pair, true);
    const slots = this.#header.getUint32(pair + 4, true);
    // Slots that share a record could make us read its key over and over.
    let unread = this.#recordsEnd;
    let slot = slots === 0 ? 0 : homeSlot(wanted, slots);
    for (let tried = 0; tried < slots; tried++) {
      const [found, at] = this.#slots.pair(table + slot * PAIR);
      if (found === 0 && at === 0) return;
      this.#checkSlot(found, at, tableOf(wanted));
      if (found === wanted) {
        const place = this.#placeAt(at, this.#records);
        unread -= place.keyLength;
        if (unread < 0) throw new FormatError("several slots share a record");
        if (this.#holds(place, key, wanted)) yield place;
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
  }

  /** How far each record's slot is from the slot where a search for it begins, in no order. */
  *distances(): Generator<number, void, undefined> {
    const window = new Window(this.#fd, new Uint8Array(LARGE));
    for (let pair = 0; pair < HEADER; pair += PAIR) {
      const table = this.#header.getUint32(pair, true);
      const slots = this.#header.getUint32(pair + 4, true);
      for (let slot = 0; slot < slots; slot++) {
        const [found, at] = window.pair(table + slot * PAIR);
        if (at === 0) continue;
        this.#checkSlot(found, at, pair / PAIR);
        yield (slot + slots - homeSlot(found, slots)) % slots;
      }
    }
  }

  #checkSlot(found: number, at: number, table: number): void {
    if (at < HEADER || at >= this.#recordsEnd || tableOf(found) !== table) {
      throw new FormatError(`there is a wrong slot in table ${table}`);
    }
  }

  /** The record at `at`. */
  #placeAt(at: number, window: Window): Place {
    const end = this.#recordsEnd;
    if (at + PAIR > end) throw new FormatError(`there can be no record at ${at}`);
    const [keyLength, valueLength] = window.pair(at);
    const keyAt = at + PAIR;
    const valueAt = keyAt + keyLength;
    if (valueAt + valueLength > end) throw new FormatError(`the record at ${at} is too long`);
    return { keyAt, keyLength, valueAt, valueLength };
  }

  /**
   * Whether the record at `place`, in whose slot the hash of `key` stands, has that key. Another key may well have
   * the same hash, but one that has not is damaged: it may have been `key`.
   */
  #holds({ keyAt, keyLength }: Place, key: Uint8Array, wanted: number): boolean {
    let equal = keyLength === key.length;
    let found = HASH_START;
    for (let done = 0; done < keyLength; done += SMALL) {
      const piece = this.#records.view(keyAt + done, Math.min(SMALL, keyLength - done));
      equal &&= piece.every((byte, i) => byte === key[done + i]);
      found = hash(piece, found);
    }
    if (found !== wanted) throw new FormatError(`the key at ${keyAt} has not the hash in its slot`);
    return equal;
  }
}

/**
 * Checks that the tables of `header` lie one behind the other, within the file, as every writer lays them out; returns
 * where they begin. An empty table may have position 0, but not all of them: such a header stands in a file
 * that is still being written.
 */
function checkHeader(header: DataView, size: number): number {
  let begin = 0;
  let end = 0;
  for (let table = 0; table < TABLES; table++) {
    const position = header.getUint32(table * PAIR, true);
    const slots = header.getUint32(table * PAIR + 4, true);
    if (position === 0 && slots === 0) continue;
    if (begin === 0) begin = end = position;
    if (position !== end || position < HEADER) {
      throw new FormatError(`table ${table} is not where it should be`);
    }
    end += slots * PAIR;
  }
  if (begin === 0) throw new FormatError("its header is empty");
  if (end > size) throw new FormatError(`it ends at ${size}, but its tables end at ${end}`);
  return begin;
}
