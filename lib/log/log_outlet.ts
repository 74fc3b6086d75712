// SPDX-License-Identifier: 0BSD
/**
 * The outlet to a log directory: appends the selected lines of a text with one write.
 *
 * @module
 */
import type { LogDirectory, RestOfPiece } from "./directory.ts";
import type { LineList } from "./line_list.ts";
import type { LineLoops } from "./line_loops.ts";
import type { Outlet } from "./outlet.ts";
import { Pieces } from "./pieces.ts";
import type { Text } from "./text.ts";

export class LogOutlet implements Outlet {
  readonly whole = true;
  readonly #log: LogDirectory;
  readonly #text: Text;
  readonly #pieces: Pieces;
  readonly #loops: LineLoops | undefined;
  readonly #restOf: RestOfPiece = (end, room) => this.#restOfPiece(end, room);
  #lines: LineList | undefined;

  /** Without loops, all lines go to the log, so that no list has more than one entry. */
  constructor(log: LogDirectory, text: Text, loops: LineLoops | undefined) {
    this.#log = log;
    this.#text = text;
    this.#pieces = new Pieces(text);
    this.#loops = loops;
  }

  deliver(lines: LineList): void {
    const { count } = lines;
    if (count === 0) return;
    this.#lines = lines;
    if (count === 1 || this.#loops === undefined) {
      this.#log.append(this.#text.bytes, lines.start(0), lines.end(0), this.#restOf);
    } else {
      const { bytes, length } = this.#text.gather(lines.address, this.#loops);
      this.#log.append(bytes, 0, length, this.#restOf);
    }
  }

  /** `end` is in the bytes that are being appended: those of the text, or those gathered. */
  #restOfPiece(end: number, room: number): number {
    const lines = this.#lines as LineList;
    let i = 0;
    const selected = (start: number): boolean => {
      while (i < lines.count && lines.end(i) <= start) i++;
      return i < lines.count && lines.start(i) <= start;
    };
    const inText = lines.count === 1 ? end : ungathered(lines, end);
    return this.#pieces.restOfPiece(inText, selected, room);
  }
}

/** Where in the text the gathered lines end that have `size` bytes. */
function ungathered(lines: LineList, size: number): number {
  let left = size;
  for (let i = 0;; i++) {
    const length = lines.end(i) - lines.start(i);
    if (left <= length) return lines.start(i) + left;
    left -= length;
  }
}
