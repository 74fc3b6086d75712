// SPDX-License-Identifier: 0BSD
/**
 * The outlet to a log directory: gathers the selected lines of a text and appends them with one write.
 *
 * @module
 */
import type { LogDirectory, RestOfPiece } from "./directory.ts";
import type { Outlet } from "./outlet.ts";
import { Pieces } from "./pieces.ts";
import { READ_SIZE, type Text } from "./text.ts";

export class LogOutlet implements Outlet {
  readonly wantsEach = false;
  readonly #log: LogDirectory;
  readonly #text: Text;
  /* The runs of neighbouring lines that have been taken. Two of them have a line between them. */
  readonly #starts = new Int32Array(READ_SIZE / 2 + 1);
  readonly #ends = new Int32Array(READ_SIZE / 2 + 1);
  #runs = 0;
  readonly #pieces: Pieces;

  constructor(log: LogDirectory, text: Text) {
    this.#log = log;
    this.#text = text;
    this.#pieces = new Pieces(text);
  }

  take(start: number, _head: number, end: number): void {
    const runs = this.#runs;
    if (runs > 0 && this.#ends[runs - 1] === start) {
      this.#ends[runs - 1] = end;
      return;
    }
    this.#starts[runs] = start;
    this.#ends[runs] = end;
    this.#runs = runs + 1;
  }

  goOn(end: number): void {
    this.take(0, 0, end);
  }

  flush(): void {
    const runs = this.#runs;
    if (runs === 0) return;
    if (runs === 1) {
      const start = this.#starts[0] as number;
      this.#log.append(this.#text.bytes, start, this.#ends[0] as number, this.#restOf);
    } else {
      const gathered = this.#text.gather(this.#starts, this.#ends, runs);
      this.#log.append(gathered, 0, this.#gatheredSize(), this.#restOf);
    }
    this.#runs = 0;
  }

  #gatheredSize(): number {
    let size = 0;
    for (let i = 0; i < this.#runs; i++) {
      size += (this.#ends[i] as number) - (this.#starts[i] as number);
    }
    return size;
  }

  /** With one run, offsets are the text's, with more they are those of the gathered lines. */
  readonly #restOf: RestOfPiece = (appended, room) => {
    const end = this.#runs === 1 ? appended : this.#ungathered(appended);
    let run = 0;
    return this.#pieces.restOfPiece(
      end,
      (start) => {
        while (run < this.#runs && (this.#ends[run] as number) <= start) run++;
        return run < this.#runs && (this.#starts[run] as number) <= start;
      },
      room,
    );
  };

  /** Where in the text the gathered lines end that have `size` bytes. */
  #ungathered(size: number): number {
    let left = size;
    for (let i = 0;; i++) {
      const start = this.#starts[i] as number;
      const length = (this.#ends[i] as number) - start;
      if (left <= length) return start + left;
      left -= length;
    }
  }
}
