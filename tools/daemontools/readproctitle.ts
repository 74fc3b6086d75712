// SPDX-License-Identifier: 0BSD
/**
 * readproctitle - shows its latest input in its own arguments
 *
 * Synopsis: readproctitle [ARG ...] LAST
 *
 * The text that it reads is shifted into LAST from the right, so that ps(1) shows the end of it. LAST
 * keeps its length, and dots at its start; NUL bytes are dropped.
 *
 * Exit codes: 0 end of input; 111 input cannot be read; 100 LAST is missing or has fewer than five bytes. Never a
 * message: there is nobody to read it but ps.
 *
 * See https://cr.yp.to/daemontools/readproctitle.html
 *
 * @module
 */
import { SystemError } from "../../lib/os/errno.ts";
import { read } from "../../lib/os/file.ts";
import { EXIT_TEMPORARY, EXIT_USAGE } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: readproctitle [ arg ... ] last";

const DOT = 46;
const SHORTEST = 5;
/** The dots at the start that stay. */
const DOTS = 3;
const READ_SIZE = 65536;

export const readproctitle: Tool = { usage: USAGE, run };

function run({ args, title }: Context): Outcome {
  const last = lastArgument(title, args.at(-1)?.length ?? 0);
  last.fill(DOT);
  if (last.length < SHORTEST) return EXIT_USAGE;
  const text = last.subarray(DOTS);
  const buffer = new Uint8Array(READ_SIZE);
  try {
    for (;;) {
      const length = read(0, buffer);
      if (length === 0) return 0;
      shiftIn(text, withoutNul(buffer.subarray(0, length)));
    }
  } catch (error) {
    if (error instanceof SystemError) return EXIT_TEMPORARY;
    throw error;
  }
}

/** The part of our arguments' memory that holds the last one, `length` bytes and a NUL. */
function lastArgument(all: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const end = all.length - 1;
  return all.subarray(Math.max(end - length, 0), end);
}

function withoutNul(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes;
}

/** Moves `text` to the left and puts as much of the end of `bytes` behind it as there is room for. */
function shiftIn(text: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): void {
  const end = bytes.subarray(Math.max(bytes.length - text.length, 0));
  text.copyWithin(0, end.length);
  text.set(end, text.length - end.length);
}
