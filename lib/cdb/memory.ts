// SPDX-License-Identifier: 0BSD
/**
 * A cdb file in memory, and the short way to a value in it.
 *
 * The short way is for what is nearly always so: the first slot with a key's hash is that of a record with this key, or no
 * slot has that hash. Where it meets anything else, another key with the same hash or what does not fit the
 * format, it leaves the key to the reader's own search, and so does without all that makes that one long: windows
 * on a file, going on to the next record, and words for what is wrong. It believes the file as little as that does.
 *
 * @module
 */
import { copyOf } from "../os/bytes.ts";
import { canBeSlot, hashInto, homeSlot, PAIR, tableOf } from "./format.ts";

/** Longer keys, of which there are few, go the long way. */
const LONGEST_KEY = 256;
/** Bytes of keys that are compared at a time. */
const WORD = 4;

/** A file that is in memory. */
export class Memory {
  readonly #file: DataView<ArrayBuffer>;
  readonly #header: DataView;
  readonly #recordsEnd: number;
  /** The key that is looked up: a caller's array has no view to compare words with. */
  readonly #key = new Uint8Array(LONGEST_KEY);
  readonly #keyView = new DataView(this.#key.buffer);

  /**
   * `file` is the whole file. `header` is that which was checked, and says that the records end at `recordsEnd`: in
   * `file` there may be another one by now.
   */
  constructor(file: Uint8Array<ArrayBuffer>, header: DataView, recordsEnd: number) {
    this.#file = new DataView(file.buffer);
    this.#header = header;
    this.#recordsEnd = recordsEnd;
  }

  /** The value of the first record with this key; undefined: there is none; null: that takes the long way. */
  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined | null {
    const { length } = key;
    if (length > LONGEST_KEY) return null;
    const wanted = hashInto(this.#key, key);
    const file = this.#file;
    const recordsEnd = this.#recordsEnd;
    const table = tableOf(wanted);
    const begin = this.#header.getUint32(table * PAIR, true);
    const slots = this.#header.getUint32(table * PAIR + 4, true);
    if (slots === 0) return undefined;
    let slot = homeSlot(wanted, slots);
    for (let tried = 0; tried < slots; tried++) {
      const found = file.getUint32(begin + slot * PAIR, true);
      const at = file.getUint32(begin + slot * PAIR + 4, true);
      if (found === 0 && at === 0) return undefined;
      if (!canBeSlot(found, at, table, recordsEnd)) return null;
      if (found === wanted) return this.#valueAt(at, length);
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return undefined;
  }

  /** The value of the record at `at`; null: there is no whole record, or one with another key. */
  #valueAt(at: number, keyLength: number): Uint8Array<ArrayBuffer> | null {
    const file = this.#file;
    const keyAt = at + PAIR;
    const valueAt = keyAt + keyLength;
    if (valueAt > this.#recordsEnd || file.getUint32(at, true) !== keyLength) return null;
    const valueLength = file.getUint32(at + 4, true);
    if (valueAt + valueLength > this.#recordsEnd) return null;
    if (!this.#isKeyAt(keyAt, keyLength)) return null;
    return copyOf(file, valueAt, valueLength);
  }

  /** Whether the `length` bytes from `at` on are those of the key that is looked up. */
  #isKeyAt(at: number, length: number): boolean {
    const file = this.#file;
    const key = this.#keyView;
    const last = length - WORD;
    if (last < 0) {
      for (let i = 0; i < length; i++) if (file.getUint8(at + i) !== key.getUint8(i)) return false;
      return true;
    }
    for (let i = 0; i < last; i += WORD) {
      if (file.getInt32(at + i, true) !== key.getInt32(i, true)) return false;
    }
    // It begins in the word before, unless they fit.
    return file.getInt32(at + last, true) === key.getInt32(last, true);
  }
}
