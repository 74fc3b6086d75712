// SPDX-License-Identifier: 0BSD
/**
 * What a server says on descriptor 2: `NAME: status: 1/40` and so on. Lines that come together are written
 * together, because each write may wake up a log program.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { PIPE_BUF } from "../os/constants.ts";
import { SystemError } from "../os/errno.ts";
import { writeAll } from "../os/file.ts";
import { warn } from "../cli/messages.ts";
import { EVERYTHING, WARNINGS } from "./verbosity.ts";

export class StatusLog {
  readonly #name: string;
  readonly #verbosity: number;
  #lines = "";

  constructor(name: string, verbosity: number) {
    this.#name = name;
    this.#verbosity = verbosity;
  }

  /** Adds a line, which is written with the next `flush` at the latest. */
  say(text: ByteString): void {
    if (this.#verbosity < EVERYTHING) return;
    const line = `${this.#name}: ${text}\n`;
    if (this.#lines.length + line.length > PIPE_BUF) this.flush();
    this.#lines += line;
  }

  /** `NAME: warning: TEXT: REASON`, at once. */
  warn(text: ByteString, cause: unknown): void {
    this.flush();
    if (this.#verbosity >= WARNINGS) warn(this.#name, text, cause);
  }

  /** Writes what has been said. Where that fails there is nobody to tell. */
  flush(): void {
    if (this.#lines === "") return;
    const lines = toBytes(this.#lines);
    this.#lines = "";
    try {
      writeAll(2, lines);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }
}
