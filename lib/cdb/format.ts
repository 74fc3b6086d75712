// SPDX-License-Identifier: 0BSD
/**
 * The shape of a cdb file, https://cr.yp.to/cdb/cdb.txt. All numbers are 32 bits, little-endian.
 *
 *   0     256 pairs (position, number of slots): the header, one pair a hash table
 *   2048  records: key length, value length, key, value; one behind the other
 *   ...   the hash tables, one behind the other: slots (hash, position of the record); (0, 0) is an empty slot
 *
 * The low 8 bits of a key's hash choose the table; the others, modulo the number of slots, the slot where
 * the search begins. It goes on slot by slot, round the table's end, up to an empty one.
 *
 * @module
 */
import { EPROTO, SystemError } from "../os/errno.ts";

/** The number of hash tables. */
export const TABLES = 256;
/** The length of a header pair, of a slot, and of the two lengths in front of a record. */
export const PAIR = 8;
/** The length of the header: where the records begin. */
export const HEADER = TABLES * PAIR;
/** The hash of the empty key. */
export const HASH_START = 5381;

/** A file that is not a cdb, or a damaged one. Its errno is EPROTO, the C programs' "protocol error". */
export class FormatError extends SystemError {
  /** `detail` says what is wrong with it, `words` are C's words for that if not "protocol error". */
  constructor(detail: string, words?: string) {
    super(EPROTO, "cdb", words);
    this.message = `not a cdb file, or a damaged one: ${detail}`;
  }
}

/** The hash of the bytes from `from` to `to`; `before` is the hash of what stands before them in the key. */
export function hash(
  bytes: Uint8Array,
  before = HASH_START,
  from = 0,
  to = bytes.length,
): number {
  let h = before;
  for (let i = from; i < to; i++) h = mix(h, bytes[i] as number);
  return h >>> 0;
}

/** The hash of `key`, which is copied to the beginning of `copy`; that takes no time, as the hash is waited for anyway. */
export function hashInto(copy: Uint8Array, key: Uint8Array): number {
  let h = HASH_START;
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] as number;
    copy[i] = byte;
    h = mix(h, byte);
  }
  return h >>> 0;
}

function mix(h: number, byte: number): number {
  return ((h << 5) + h) ^ byte;
}

/** The table that the hash `h` belongs to. */
export function tableOf(h: number): number {
  return h & (TABLES - 1);
}

/** The slot where the search for the hash `h` begins in a table of `slots` slots. */
export function homeSlot(h: number, slots: number): number {
  return (h >>> 8) % slots;
}

/** Whether table `table` of a file whose records end at `recordsEnd` can have a slot of the hash `h` and a record at `at`. */
export function canBeSlot(h: number, at: number, table: number, recordsEnd: number): boolean {
  return at >= HEADER && at < recordsEnd && tableOf(h) === table;
}
