// SPDX-License-Identifier: 0BSD
/**
 * Reads a cdb through its descriptor with pread(2): a look-up costs two small reads, whatever the file's size, and a
 * file that was replaced meanwhile is read on as it was. Who looks up so much that reading the whole file would
 * have cost less gets it read into memory, if it is not too large, and pays for no read any more. (Not mapped:
 * in a mapped file that somebody cuts short a look-up is the end of the process.)
 *
 * Nothing in the file is believed. Every position is checked before it is used, a search ends after as many
 * slots as the table has, and what does not fit the format is a FormatError, never "no such key": who looks up
 * access rules would let everybody in.
 *
 * @module
 */
import { unlessRefused } from "../os/errno.ts";
import { fstat } from "../os/stat.ts";
import {
  canBeSlot,
  FormatError,
  hash,
  HASH_START,
  HEADER,
  homeSlot,
  PAIR,
  tableOf,
  TABLES,
} from "./format.ts";
import { Memory } from "./memory.ts";
import { allocate, readFrom, Window } from "./window.ts";

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

/** Who looks up no more than that many keys, as a server does for a connection, is to have no large buffer. */
const FEW_LOOKUPS = 64;
/** As many bytes are read in one go in the time that a look-up takes for its two small reads. */
const WORTH_A_LOOKUP = 32768;
/** A file that is larger stays where it is. */
const LARGEST_IN_MEMORY = 128 * 1024 * 1024;

const NO_KEY = new Uint8Array(0);

/** How far a search has come: the next slot, and the record that was found last. */
class Search implements Place {
  key: Uint8Array = NO_KEY;
  /** Of the key; signed, as the engine holds integers best. */
  hash = 0;
  slot = 0;
  tried = 0;
  /** How many bytes of keys may be read yet. */
  unread = 0;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;

  /** For the records whose slots have the hash `wanted`; their keys may be looked at, too, up to `most` bytes of them. */
  begin(wanted: number, key: Uint8Array = NO_KEY, most = 0): this {
    this.key = key;
    this.hash = wanted | 0;
    this.slot = 0;
    this.tried = 0;
    this.unread = most;
    return this;
  }
}

/** A cdb that is open for reading. */
export class Reader {
  readonly #fd: number;
  readonly #size: number;
  readonly #header: DataView;
  readonly #slots: Window;
  readonly #records: Window;
  /** Where the records end and the hash tables begin. */
  readonly #recordsEnd: number;
  /** That of `get`, which is over when it returns: an object less for each look-up. */
  readonly #single = new Search();
  #lookups: number;
  /** The file, where it is in memory. */
  #memory: Memory | undefined;

  /**
   * Reads and checks the header.
   *
   * @param fd a descriptor open for reading; its file offset is neither used nor changed, and it stays the caller's
   * @param loads whether the file may be read into memory; false: each look-up is two small reads, however many there are
   * @throws SystemError; FormatError for what is no cdb
   */
  constructor(fd: number, { loads = true }: { readonly loads?: boolean } = {}) {
    const { size } = fstat(fd);
    // A pipe, too, has no size.
    if (size === 0) throw new FormatError("it is empty");
    this.#fd = fd;
    this.#size = size;
    this.#lookups = loads ? -FEW_LOOKUPS : -Infinity;
    const scratch = new Uint8Array(HEADER + 2 * SMALL);
    this.#slots = new Window(fd, scratch.subarray(HEADER, HEADER + SMALL));
    this.#records = new Window(fd, scratch.subarray(HEADER + SMALL));
    this.#header = new DataView(scratch.buffer);
    readFrom(fd, scratch.subarray(0, HEADER), 0, HEADER);
    this.#recordsEnd = checkHeader(this.#header, size);
  }

  /** The value of the first record with this key; undefined: there is none. */
  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const memory = this.#memory;
    if (memory !== undefined) {
      const value = memory.get(key);
      if (value !== null) return value;
    }
    this.#count();
    const search = this.#single.begin(hash(key), key, this.#recordsEnd);
    if (!this.#advance(search)) return undefined;
    return this.#records.copy(search.valueAt, search.valueLength);
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
    for (const { keyAt, keyLength, valueAt, valueLength } of this.#places(window)) {
      yield [window.copy(keyAt, keyLength), window.copy(valueAt, valueLength)];
    }
  }

  /**
   * How far the slot of each record is from the slot where a search for its key begins, in the order in which the records
   * were written. A record that no search would come to is a FormatError.
   */
  *distances(): Generator<number, void, undefined> {
    const window = new Window(this.#fd, new Uint8Array(LARGE));
    for (const { keyAt, keyLength } of this.#places(window)) {
      yield this.#distance(keyAt - PAIR, this.#hashAt(keyAt, keyLength, window));
    }
  }

  /** The places of all records, in the order in which they were written; each is good until the next. */
  *#places(window: Window): Generator<Place, void, undefined> {
    const place = { keyAt: 0, keyLength: 0, valueAt: 0, valueLength: 0 };
    for (let at = HEADER; at < this.#recordsEnd; at = place.valueAt + place.valueLength) {
      this.#locate(at, window, place);
      yield place;
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
    this.#count();
    const search = new Search().begin(hash(key), key, this.#recordsEnd);
    while (this.#advance(search)) {
      const { keyAt, keyLength, valueAt, valueLength } = search;
      yield { keyAt, keyLength, valueAt, valueLength };
    }
  }

  /** Counts a look-up; when there have been enough, reads the file into memory. */
  #count(): void {
    if (++this.#lookups * WORTH_A_LOOKUP > this.#size) this.#load();
  }

  /** Reads the file into memory, where it may be that large, and there is so much. */
  #load(): void {
    this.#lookups = -Infinity;
    if (this.#size > LARGEST_IN_MEMORY) return;
    const file = unlessRefused(() => allocate(this.#size));
    if (file === undefined) return;
    readFrom(this.#fd, file, 0, this.#size);
    this.#slots.cover(file);
    this.#records.cover(file);
    this.#memory = new Memory(file, this.#header, this.#recordsEnd);
  }

  /** Goes on to the next record with the key; false: there is none. */
  #advance(search: Search): boolean {
    for (;;) {
      const at = this.#nextSlot(search);
      if (at === 0) return false;
      if (this.#matches(at, search)) return true;
    }
  }

  /** Goes on to the next slot with the hash: where its record is; 0: there is none. */
  #nextSlot(search: Search): number {
    const wanted = search.hash;
    const pair = tableOf(wanted) * PAIR;
    const table = this.#header.getUint32(pair, true);
    const slots = this.#header.getUint32(pair + 4, true);
    if (search.tried === 0 && slots > 0) search.slot = homeSlot(wanted, slots);
    while (search.tried < slots) {
      const offset = this.#slots.reach(table + search.slot * PAIR, PAIR);
      const found = this.#slots.numbers.getUint32(offset, true);
      const at = this.#slots.numbers.getUint32(offset + 4, true);
      if (found === 0 && at === 0) return 0;
      this.#checkSlot(found, at, tableOf(wanted));
      search.tried++;
      search.slot = search.slot + 1 === slots ? 0 : search.slot + 1;
      if ((found | 0) === wanted) return at;
    }
    return 0;
  }

  /** How many slots a search for the key of the record at `at`, whose hash is `wanted`, looks at before the record's. */
  #distance(at: number, wanted: number): number {
    this.#count();
    const search = this.#single.begin(wanted);
    for (;;) {
      const found = this.#nextSlot(search);
      if (found === at) return search.tried - 1;
      if (found === 0) throw new FormatError(`no search comes to the record at ${at}`);
    }
  }

  #checkSlot(found: number, at: number, table: number): void {
    if (!canBeSlot(found, at, table, this.#recordsEnd)) {
      throw new FormatError(`there is a wrong slot in table ${table}`);
    }
  }

  /** Notes in `place` where key and value of the record at `at` are. */
  #locate(at: number, window: Window, place: { -readonly [K in keyof Place]: Place[K] }): void {
    const end = this.#recordsEnd;
    if (at + PAIR > end) throw new FormatError(`there can be no record at ${at}`);
    const offset = window.reach(at, PAIR);
    place.keyAt = at + PAIR;
    place.keyLength = window.numbers.getUint32(offset, true);
    place.valueAt = place.keyAt + place.keyLength;
    place.valueLength = window.numbers.getUint32(offset + 4, true);
    if (place.valueAt + place.valueLength > end) {
      throw new FormatError(`the record at ${at} is too long`);
    }
  }

  /**
   * Whether the record at `at`, in whose slot the hash of the key that is searched for stands, has that key; notes where
   * it is. Another key may well have the same hash, but one that has not is damaged: it may have been the key.
   */
  #matches(at: number, search: Search): boolean {
    this.#locate(at, this.#records, search);
    const { key, keyAt, keyLength } = search;
    // Slots that share a record could make us read its key over and over.
    search.unread -= keyLength;
    if (search.unread < 0) throw new FormatError("several slots share a record");
    if (keyLength === key.length && this.#isAt(keyAt, key)) return true;
    if ((this.#hashAt(keyAt, keyLength) | 0) === search.hash) return false;
    throw new FormatError(`the key at ${keyAt} has not the hash in its slot`);
  }

  #isAt(at: number, key: Uint8Array): boolean {
    for (let done = 0; done < key.length; done += SMALL) {
      const end = Math.min(SMALL, key.length - done);
      const offset = this.#records.reach(at + done, end);
      const { bytes } = this.#records;
      for (let i = 0; i < end; i++) if (bytes[offset + i] !== key[done + i]) return false;
    }
    return true;
  }

  #hashAt(at: number, length: number, window = this.#records): number {
    let found = HASH_START;
    for (let done = 0; done < length; done += SMALL) {
      const end = Math.min(SMALL, length - done);
      const offset = window.reach(at + done, end);
      found = hash(window.bytes, found, offset, offset + end);
    }
    return found;
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
