// SPDX-License-Identifier: 0BSD
/**
 * recordio - runs a program and records its input and output
 *
 * Synopsis: recordio PROGRAM [ARG ...]
 *
 * PROGRAM takes recordio's place, with pipes as its descriptors 0 and 1. A relay copies between them and recordio's
 * own, and writes what it copies to descriptor 2: lines of PROGRAM's pid, `<` for input or `>` for output, and the
 * text, which ends in a space where the line ended, and in `+` where only what was copied at once did (at most 256
 * bytes); `[EOF]` at the end. The relay ends when PROGRAM has closed its output, or when nobody takes it any more.
 *
 * Exit codes: 100 wrong usage; 111 PROGRAM cannot be run; else PROGRAM's own.
 *
 * Differences from the C tool: what PROGRAM has written reaches descriptor 1 even if PROGRAM does not read all
 * of its input. Lines of the record are written several at once, up to 4096 bytes, always whole ones. The relay is
 * not under the limits that softlimit sets in the same command line.
 *
 * See https://cr.yp.to/ucspi-tcp/recordio.html
 *
 * @module
 */
import { type ByteString, putBytes } from "../../lib/os/bytes.ts";
import { PIPE_BUF } from "../../lib/os/constants.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { writeAll } from "../../lib/os/file.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { runBehindRelay } from "../../lib/net/relay_process.ts";
import type { Filter } from "../../lib/stream/filter.ts";
import { INPUT, LF, OUTPUT, PREFIX } from "../../lib/stream/layout.ts";
import { compileLoops } from "../../lib/stream/loops.ts";

const USAGE = "usage: recordio program [ arg ... ]";

export const recordio: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  return runBehindRelay(context, USAGE, (pid) => ({
    inward: new Recorder(`${pid} < `),
    outward: new Recorder(`${pid} > `),
  }));
}

/** How much the C tool reads at once, and so how much of a line it shows as one. */
const PIECE = 256;

/** Leaves what goes through as it is, and records it. */
class Recorder implements Filter {
  readonly #loops = compileLoops("recordLines");
  readonly input: Uint8Array<ArrayBuffer> = this.#loops.input;
  readonly output: Uint8Array<ArrayBuffer> = this.#loops.input;
  /** Where the record of what has been read is made. */
  readonly #record = this.#loops.output;
  readonly #prefix: ByteString;

  constructor(prefix: ByteString) {
    this.#prefix = prefix;
    putBytes(this.#loops.memory, PREFIX, prefix);
  }

  take(count: number): number {
    const end = INPUT + count;
    let to = OUTPUT;
    for (let at = INPUT; at < end; at += PIECE) {
      to = this.#loops.recordLines(at, Math.min(at + PIECE, end), to, this.#prefix.length);
    }
    this.#write(to - OUTPUT);
    return count;
  }

  finish(): number {
    this.#write(putBytes(this.#record, 0, this.#prefix + "[EOF]\n"));
    return 0;
  }

  /** A record that cannot be written is no reason to hold up what is recorded. */
  #write(length: number): void {
    try {
      for (let from = 0; from < length;) {
        const rest = length - from;
        // No line is longer than a piece and what stands around it.
        const size = rest <= PIPE_BUF
          ? rest
          : this.#record.lastIndexOf(LF, from + PIPE_BUF - 1) + 1 - from;
        writeAll(2, from === 0 ? this.#record : this.#record.subarray(from), size);
        from += size;
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  }
}
