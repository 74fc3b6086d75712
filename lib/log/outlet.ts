// SPDX-License-Identifier: 0BSD
/**
 * Where selected lines go: what an action of the script does with a line, and with all of a read's lines
 * together at its end. (A log directory's outlet is in log_outlet.ts.)
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } from "../os/constants.ts";
import { SystemError } from "../os/errno.ts";
import { close, open, seek, write } from "../os/file.ts";
import { orFatal } from "../cli/messages.ts";
import { persist } from "./persist.ts";
import { HEAD_SIZE, type Text } from "./text.ts";

/** See the module's comment. Offsets are in the text that the outlet was made for. */
export interface Outlet {
  /** Whether lines must be taken one by one, and not as if several were one. */
  readonly wantsEach: boolean;
  /**
   * A selected line stands from `start` to `end`. The head of it that is looked at ends at `head`, without the
   * newline; where that is all there is, the rest is still to come.
   */
  take(start: number, head: number, end: number): void;
  /** The line taken last, which was the last one of the text then, goes on in this one from its beginning to `end`. */
  goOn(end: number): void;
  /** Carries out what has been taken: the text is about to change. */
  flush(): void;
}

const NEWLINE = 10;
/** PIPE_BUF: a write of up to so much to a pipe is not mixed with others'. */
const ATOMIC_SIZE = 4096;
const ALERT_SIZE = 200;
const DOTS = toBytes("...\n");

/** The action e: prints the first 200 bytes of each line on descriptor 2, in writes of whole lines. */
export class AlertOutlet implements Outlet {
  readonly wantsEach = true;
  readonly #text: Text;
  readonly #bytes = new Uint8Array(ATOMIC_SIZE);
  #length = 0;

  constructor(text: Text) {
    this.#text = text;
  }

  take(start: number, head: number): void {
    if (this.#length + ALERT_SIZE + DOTS.length > ATOMIC_SIZE) this.flush();
    const end = Math.min(head, start + ALERT_SIZE);
    let at = this.#length;
    for (let i = start; i < end; i++) this.#bytes[at++] = this.#text.bytes[i] as number;
    if (head > end) {
      this.#bytes.set(DOTS, at);
      at += DOTS.length;
    } else {
      this.#bytes[at++] = NEWLINE;
    }
    this.#length = at;
  }

  goOn(): void {}

  /** As in the C tool, an alert that cannot be written is lost. */
  flush(): void {
    if (this.#length === 0) return;
    try {
      write(2, this.#bytes, this.#length);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    this.#length = 0;
  }
}

/** The action =FILE: keeps the first 1000 bytes of the latest line in FILE, padded with newlines to 1001 bytes. */
export class StatusOutlet implements Outlet {
  readonly wantsEach = true;
  readonly #name: string;
  readonly #file: ByteString;
  readonly #text: Text;
  readonly #fd: number;
  readonly #bytes = new Uint8Array(HEAD_SIZE + 1);
  #start = 0;
  #head = -1;

  constructor(name: string, file: ByteString, text: Text) {
    this.#text = text;
    this.#name = name;
    this.#file = file;
    orFatal(
      name,
      `unable to create ${file}`,
      () => close(open(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0o600)),
    );
    this.#fd = orFatal(name, `unable to write ${file}`, () => open(file, O_WRONLY | O_NONBLOCK));
  }

  take(start: number, head: number): void {
    this.#start = start;
    this.#head = head;
  }

  goOn(): void {}

  /** A line that another one of the same read has replaced is never seen, so only the last one is written. */
  flush(): void {
    if (this.#head < 0) return;
    this.#bytes.fill(NEWLINE);
    this.#bytes.set(this.#text.bytes.subarray(this.#start, this.#head));
    this.#head = -1;
    persist(this.#name, `unable to move to beginning of ${this.#file}`, () => seek(this.#fd, 0));
    let rest = this.#bytes;
    while (rest.length > 0) {
      rest = rest.subarray(
        persist(this.#name, `unable to write ${this.#file}`, () => write(this.#fd, rest)),
      );
    }
  }
}
