// SPDX-License-Identifier: 0BSD
/**
 * The environment of programs that run again and again with a few variables changed, as execve(2) wants it.
 *
 * Most of it stays: those strings are placed in memory once, in a layout. A child's own memory has the pointers,
 * copied from the layout, and the strings that are its own.
 *
 * @module
 */
import { type ByteString, putBytes } from "./bytes.ts";
import { stringArray } from "./c_string.ts";
import { addressOf } from "./libc.ts";

/** An entry that stays, or the number of the change that stands in its place. */
export type Position = ByteString | number;

/** The order of an environment's entries, and those that stay. */
export class EnvironLayout {
  /** What stays, NULL at the end; where a change is to stand is an empty string. */
  readonly pointers: BigUint64Array<ArrayBuffer>;
  /** Where the changes stand: position and number. */
  readonly changes: readonly (readonly [position: number, change: number])[];
  /** The strings that `pointers` points to. */
  readonly strings: Uint8Array<ArrayBuffer>;

  constructor(positions: readonly Position[]) {
    const { array, keep } = stringArray(
      positions.map((position) => typeof position === "string" ? position : ""),
    );
    this.pointers = new BigUint64Array(array.buffer);
    this.strings = keep;
    this.changes = positions.flatMap((position, at) =>
      typeof position === "number" ? [[at, position] as const] : []
    );
  }
}

/** The memory in which a child finds its environment: `char *[]`, and behind it the strings of its own. */
export class EnvironMemory {
  #bytes = new Uint8Array(0);
  #address = 0n;
  /** What the memory points into: kept for as long as the child may look at it. */
  readonly #kept: EnvironLayout[] = [];

  /** Writes an environment; `texts` are the changes as `NAME=value`. Returns where it stands. */
  write(layout: EnvironLayout, texts: readonly (ByteString | undefined)[]): bigint {
    this.#kept[0] = layout;
    const { pointers } = layout;
    const own = layout.changes.map(([, change]) => texts[change] ?? "");
    const size = own.reduce((sum, text) => sum + text.length + 1, pointers.length * 8);
    if (size > this.#bytes.length) {
      this.#bytes = new Uint8Array((size + 1024) & ~7);
      this.#address = addressOf(this.#bytes);
    }
    const target = new BigUint64Array(this.#bytes.buffer, 0, pointers.length);
    target.set(pointers);
    let at = pointers.length * 8;
    layout.changes.forEach(([position], i) => {
      target[position] = this.#address + BigInt(at);
      at = putBytes(this.#bytes, at, own[i] as ByteString);
      this.#bytes[at++] = 0;
    });
    return this.#address;
  }
}
