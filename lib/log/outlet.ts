// SPDX-License-Identifier: 0BSD
/**
 * Where selected lines go: what an action of the script does with them, all of a read's lines together. (A log
 * directory's outlet is in log_outlet.ts.)
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY, PIPE_BUF } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, open, seek, write } from "../os/file.ts";
import { orFatal } from "../cli/messages.ts";
import type { LineList } from "./line_list.ts";
import { persist } from "./persist.ts";
import { HEAD_SIZE } from "./line_layout.ts";
import { LF } from "../stream/layout.ts";
import type { Text } from "./text.ts";

/** See the module's comment. */
export interface Outlet {
  /** Whether it wants lines whole: neighbours as one, and the rest of a long line after its head. */
  readonly whole: boolean;
  /** Carries out the action for the lines in the list. The last one may be the head of a long line. */
  deliver(lines: LineList): void;
}

const ALERT_SIZE = 200;
const DOTS = toBytes("...\n");

/** Where the first `size` bytes of a line end, or the line if it is shorter, without its newline. */
function headOf(text: Text, start: number, end: number, size: number): number {
  const lineEnd = text.bytes[end - 1] === LF ? end - 1 : end;
  return Math.min(lineEnd, start + size);
}

/** The action e: prints the first 200 bytes of each line on descriptor 2, in writes of whole lines. */
export class AlertOutlet implements Outlet {
  readonly whole = false;
  readonly #text: Text;
  readonly #bytes = new Uint8Array(PIPE_BUF);
  #length = 0;

  constructor(text: Text) {
    this.#text = text;
  }

  deliver(lines: LineList): void {
    for (let i = 0; i < lines.count; i++) this.#add(lines.start(i), lines.end(i));
    this.#write();
  }

  #add(start: number, end: number): void {
    const { bytes } = this.#text;
    if (this.#length + ALERT_SIZE + DOTS.length > PIPE_BUF) this.#write();
    const shown = headOf(this.#text, start, end, ALERT_SIZE);
    let at = this.#length;
    for (let i = start; i < shown; i++) this.#bytes[at++] = bytes[i] as number;
    if (headOf(this.#text, start, end, ALERT_SIZE + 1) > shown) {
      this.#bytes.set(DOTS, at);
      at += DOTS.length;
    } else {
      this.#bytes[at++] = LF;
    }
    this.#length = at;
  }

  /** As in the C tool, an alert that cannot be written is lost. */
  #write(): void {
    if (this.#length === 0) return;
    unlessRefused(() => write(2, this.#bytes, this.#length));
    this.#length = 0;
  }
}

/** The action =FILE: keeps the first 1000 bytes of the latest line in FILE, padded with newlines to 1001 bytes. */
export class StatusOutlet implements Outlet {
  readonly whole = false;
  readonly #name: string;
  readonly #file: ByteString;
  readonly #text: Text;
  readonly #fd: number;
  readonly #bytes = new Uint8Array(HEAD_SIZE + 1);

  constructor(name: string, file: ByteString, text: Text) {
    this.#name = name;
    this.#file = file;
    this.#text = text;
    orFatal(
      name,
      `unable to create ${file}`,
      () => close(open(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0o600)),
    );
    this.#fd = orFatal(name, `unable to write ${file}`, () => open(file, O_WRONLY | O_NONBLOCK));
  }

  /** A line that another one of the same read has replaced is never seen, so only the last one is written. */
  deliver(lines: LineList): void {
    const last = lines.count - 1;
    if (last < 0) return;
    const start = lines.start(last);
    const head = headOf(this.#text, start, lines.end(last), HEAD_SIZE);
    this.#bytes.fill(LF);
    this.#bytes.set(this.#text.bytes.subarray(start, head));
    persist(this.#name, `unable to move to beginning of ${this.#file}`, () => seek(this.#fd, 0));
    let rest = this.#bytes;
    while (rest.length > 0) {
      rest = rest.subarray(
        persist(this.#name, `unable to write ${this.#file}`, () => write(this.#fd, rest)),
      );
    }
  }
}
