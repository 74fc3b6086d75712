// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { type Box, latin1, type Started } from "./harness.ts";

/** A FIFO in a box, held open by the test, so that its readers see an end only when the test closes it. */
export class Fifo {
  readonly path: string;
  readonly #file: Deno.FsFile;

  constructor(box: Box, name = "fifo") {
    this.path = `${box.dir}/${name}`;
    equal(new Deno.Command("mkfifo", { args: [this.path] }).outputSync().code, 0);
    // Open for both, it neither waits for a reader nor loses what a reader has left.
    this.#file = Deno.openSync(this.path, { read: true, write: true });
  }

  /** Writes all of `text`; blocks while the FIFO is full. */
  async write(text: string): Promise<void> {
    const bytes = latin1(text);
    for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
  }

  /** Starts a command that reads from here. */
  feed(box: Box, argv: readonly string[], err = "err"): Started {
    return box.start(["/bin/sh", "-c", `exec "$@" <"${this.path}"`, "sh", ...argv], { err });
  }

  close(): void {
    this.#file.close();
  }
}
