// SPDX-License-Identifier: 0BSD
/**
 * The outlet to a log directory: gathers the selected lines of a text and appends them with one write.
 *
 * @module
 */
import type { LogDirectory } from "./directory.ts";
import type { Outlet } from "./outlet.ts";
import { READ_SIZE, type Text } from "./text.ts";

export class LogOutlet implements Outlet {
  readonly #log: LogDirectory;
  readonly #text: Text;
  /* The runs of neighbouring lines that have been taken. Two of them have a line between them. */
  readonly #starts = new Int32Array(READ_SIZE / 2 + 1);
  readonly #ends = new Int32Array(READ_SIZE / 2 + 1);
  #runs = 0;

  constructor(log: LogDirectory, text: Text) {
    this.#log = log;
    this.#text = text;
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
    this.#runs = 0;
    const start = this.#starts[0] as number;
    const end = this.#ends[0] as number;
    if (runs === 1) {
      this.#log.append(this.#text.bytes, start, end);
      return;
    }
    const gathered = this.#text.gather(this.#starts, this.#ends, runs);
    let length = 0;
    for (let i = 0; i < runs; i++) {
      length += (this.#ends[i] as number) - (this.#starts[i] as number);
    }
    this.#log.append(gathered, 0, length);
  }
}
