// SPDX-License-Identifier: 0BSD
/**
 * Messages and exit codes, in one place: `NAME: fatal: unable to X Y: REASON` on descriptor 2, in one write(2).
 *
 * @module
 */
import { type ByteString, toBytes, utf8 } from "../os/bytes.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { writeAll } from "../os/file.ts";
import { errorText } from "./error_text.ts";

/** Wrong usage. */
export const EXIT_USAGE = 100;
/** Trouble with the system, possibly temporary. */
export const EXIT_TEMPORARY = 111;

/** The end of a tool: the exit code and the line (or lines, without the last newline) for descriptor 2. */
export class Failure extends Error {
  constructor(readonly code: number, readonly text: ByteString) {
    super(text);
  }
}

/** The words for what went wrong: a system call's error, or whatever else was thrown. */
export function reasonOf(cause: unknown): ByteString {
  if (cause instanceof SystemError) return cause.words ?? errorText(cause.errno);
  return utf8(cause instanceof Error ? cause.message : String(cause));
}

/** `NAME: fatal: TEXT: REASON`, exit 111. Without a cause there is no reason. */
export function fatal(name: string, text: ByteString, cause?: unknown): Failure {
  const reason = cause === undefined ? "" : ": " + reasonOf(cause);
  return new Failure(EXIT_TEMPORARY, `${name}: fatal: ${text}${reason}`);
}

/** The usage line, exit 100. `line` is whole: what follows `NAME: `. */
export function usageError(name: string, line: string): Failure {
  return new Failure(EXIT_USAGE, `${name}: ${line}`);
}

/** freecdb's usage line: it has the tool as that was called, path and all, and an empty line behind it. Exit 100. */
export function cdbUsageError(
  { name, argv0 }: { readonly name: string; readonly argv0: ByteString },
  line: string,
): Failure {
  return new Failure(EXIT_USAGE, line.replace(name, () => argv0) + "\n");
}

/** Writes `NAME: warning: TEXT: REASON` and goes on. */
export function warn(name: string, text: ByteString, cause?: unknown): void {
  complain(`${name}: warning: ${text}${cause === undefined ? "" : ": " + reasonOf(cause)}`);
}

/** How a message is written; see `complainBy`. */
let writeLine = (line: ByteString): void => writeAll(2, toBytes(line));

/** Has `write` write messages, each with its newline, from now on: it may throw SystemError. */
export function complainBy(write: (line: ByteString) => void): void {
  writeLine = write;
}

/** Writes one line to descriptor 2. Where that fails there is nobody to tell. */
export function complain(line: ByteString): void {
  unlessRefused(() => writeLine(line + "\n"));
}

/** What `action` returns; undefined with the warning `NAME: warning: TEXT: REASON` where the system refuses it. */
export function orWarn<T>(name: string, text: ByteString, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    warn(name, text, error);
    return undefined;
  }
}

/** What `action` returns; a SystemError in it becomes the fatal `NAME: fatal: TEXT: REASON`. */
export function orFatal<T>(name: string, text: ByteString, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof SystemError) throw fatal(name, text, error);
    throw error;
  }
}
