// SPDX-License-Identifier: 0BSD
/**
 * The hash tables of a cdb that is being written.
 *
 * 32-bit arrays go to the file as they are: djbox runs on little-endian machines only (lib/os/constants.ts).
 *
 * @module
 */
import { ENOMEM, SystemError } from "../os/errno.ts";
import { writeAll } from "../os/file.ts";
import { HEADER, homeSlot, PAIR, tableOf, TABLES } from "./format.ts";

/** Numbers that there is room for in a table at first. */
const ROOM = 32;
/** Numbers that are written at once, unless a table has more of them: 256 KB. */
const PIECE = 1 << 16;
/** Positions have 32 bits. */
const LAST_POSITION = 0xffffffff;

/** Throws SystemError ENOMEM, as C does, where `position` is too far for a cdb. */
export function checkPosition(position: number): void {
  if (position > LAST_POSITION) throw new SystemError(ENOMEM, "cdb");
}

/** Collects hash and position of each record, table by table; then writes the tables. */
export class Tables {
  /** The pairs of each table, in the order in which they came, and how many numbers those are. */
  readonly #pairs = Array.from({ length: TABLES }, () => new Uint32Array(ROOM));
  readonly #sizes = new Uint32Array(TABLES);

  /** The key of the record at `position` has this hash. */
  add(hash: number, position: number): void {
    const table = tableOf(hash);
    const size = this.#sizes[table] as number;
    let pairs = this.#pairs[table] as Uint32Array<ArrayBuffer>;
    if (size === pairs.length) {
      const larger = new Uint32Array(2 * size);
      larger.set(pairs);
      pairs = this.#pairs[table] = larger;
    }
    pairs[size] = hash;
    pairs[size + 1] = position;
    this.#sizes[table] = size + 2;
  }

  /** Writes the tables to `fd`, whose offset is `position`; returns the header that tells where they are. */
  write(fd: number, position: number): Uint8Array<ArrayBuffer> {
    const header = new Uint32Array(HEADER / 4);
    let piece = new Uint32Array(PIECE);
    let used = 0;
    let at = position;
    this.#pairs.forEach((pairs, table) => {
      const records = pairs.subarray(0, this.#sizes[table]);
      // There are twice as many slots as records.
      const size = 2 * records.length;
      if (used + size > piece.length) {
        writeNumbers(fd, piece.subarray(0, used));
        piece = size > piece.length ? new Uint32Array(size) : piece.fill(0);
        used = 0;
      }
      fillTable(piece.subarray(used, used + size), records);
      used += size;
      header[2 * table] = at;
      header[2 * table + 1] = records.length;
      at += records.length * PAIR;
      checkPosition(at);
    });
    writeNumbers(fd, piece.subarray(0, used));
    return new Uint8Array(header.buffer);
  }
}

function writeNumbers(fd: number, numbers: Uint32Array<ArrayBuffer>): void {
  writeAll(fd, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
}

/** Puts each record into the first free slot from its home slot on. */
function fillTable(slots: Uint32Array, records: Uint32Array): void {
  const count = slots.length / 2;
  let slot = 0;
  let last = -1;
  for (let i = 0; i < records.length; i += 2) {
    const hash = records[i] as number;
    // From the home slot to where the last record with this hash is, all are taken.
    if (hash !== last) slot = 2 * homeSlot(hash, count);
    while (slots[slot + 1] !== 0) slot = slot + 2 === slots.length ? 0 : slot + 2;
    slots[slot] = hash;
    slots[slot + 1] = records[i + 1] as number;
    last = hash;
  }
}
