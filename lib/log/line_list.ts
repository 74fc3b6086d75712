// SPDX-License-Identifier: 0BSD
/**
 * A list of lines of a text: what line_loops.ts puts together, and an outlet works off.
 *
 * @module
 */
import { MAX_LINES, type Text } from "./text.ts";

/** How much memory a list takes. */
export const LIST_SIZE: number = 4 + 8 * MAX_LINES;

export class LineList {
  /** Where it stands in the text's memory. */
  readonly address: number;
  /** A word for the count, then two words for each line. */
  readonly #words: Int32Array;

  constructor(text: Text) {
    this.address = text.allocate(LIST_SIZE);
    this.#words = new Int32Array(text.memory.buffer, this.address, LIST_SIZE / 4);
  }

  get count(): number {
    return this.#words[0] as number;
  }

  /** Where line `i` begins in the text. */
  start(i: number): number {
    return this.#words[1 + 2 * i] as number;
  }

  /** Where it ends, behind the newline if it has one. */
  end(i: number): number {
    return this.#words[2 + 2 * i] as number;
  }

  /** Adds a line; nothing asks whether it could be joined with the one before. */
  add(start: number, end: number): void {
    const count = this.count;
    this.#words[1 + 2 * count] = start;
    this.#words[2 + 2 * count] = end;
    this.#words[0] = count + 1;
  }

  clear(): void {
    this.#words[0] = 0;
  }
}
