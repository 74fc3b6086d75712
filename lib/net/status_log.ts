// SPDX-License-Identifier: 0BSD
/**
 * What a server says on descriptor 2: `NAME: status: 1/40` and so on. Lines that come together are written
 * together, because each write may wake up a log program.
 *
 * Where there is no room (a logger that stands still because its disk is full), those lines wait, and with them the
 * server, as in C. A warning is no reason to wait: in C a client's own process has it, and only that one waits. It is
 * dropped, and how many were is said later.
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
  readonly #mayWrite: (waits: boolean) => boolean;
  #lines = "";
  #dropped = 0;

  /** @param mayWrite whether there is room on descriptor 2, having waited for it if asked to; false: not, or not in time */
  constructor(name: string, verbosity: number, mayWrite: (waits: boolean) => boolean) {
    this.#name = name;
    this.#verbosity = verbosity;
    this.#mayWrite = mayWrite;
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
    if (this.#verbosity < WARNINGS) return;
    if (!this.#mayWrite(false)) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) warn(this.#name, `messages dropped: ${this.#dropped}`);
    this.#dropped = 0;
    warn(this.#name, text, cause);
  }

  /** Writes what has been said. Where that fails there is nobody to tell. */
  flush(): void {
    if (this.#lines === "") return;
    const lines = toBytes(this.#lines);
    this.#lines = "";
    if (!this.#mayWrite(true)) return;
    try {
      writeAll(2, lines);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }
}
