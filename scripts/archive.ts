// SPDX-License-Identifier: 0BSD
/**
 * Archives whose bytes follow from what is in them, and nothing else: tar(5) in its ustar format, and ar(5) for
 * Debian's packages (deb(5)). Everything in them is root's.
 *
 * @module
 */

/** A file, a directory (its name ends in a slash) or a symbolic link. */
export interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Where the link leads. */
  readonly target?: string;
}

const BLOCK = 512;
/** tar(1) writes its archives in records of 20 blocks. */
const RECORD = 20 * BLOCK;
/** What ustar has room for without splitting a name. */
const LONGEST_NAME = 100;

/** The tar archive of `entries`, in their order, all as old as `time` (seconds of Unix time). */
export function tar(entries: readonly Entry[], time: number): Uint8Array<ArrayBuffer> {
  const parts = entries.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array(0);
    return [header(entry, content.length, time), content, padding(content.length, BLOCK)];
  });
  const size = parts.reduce((sum, { length }) => sum + length, 2 * BLOCK);
  return join([...parts, new Uint8Array(2 * BLOCK), padding(size, RECORD)]);
}

function header({ name, mode, target }: Entry, size: number, time: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(ascii(text), at);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  for (const text of [name, target ?? ""]) {
    if (ascii(text).length > LONGEST_NAME) throw new RangeError(`too long for ustar: ${text}`);
  }
  put(0, name);
  put(100, octal(mode, 7));
  put(108, octal(0, 7)); // uid
  put(116, octal(0, 7)); // gid
  put(124, octal(size, 11));
  put(136, octal(time, 11));
  put(148, " ".repeat(8)); // the checksum counts as blanks
  put(156, target !== undefined ? "2" : name.endsWith("/") ? "5" : "0");
  put(157, target ?? "");
  put(257, "ustar\x0000");
  put(265, "root");
  put(297, "root");
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}

/** The ar archive of files, all as old as `time`. */
export function ar(
  files: readonly (readonly [name: string, content: Uint8Array])[],
  time: number,
): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap(([name, content]) => [
    ascii(
      name.padEnd(16) + `${time}`.padEnd(12) + "0".padEnd(6) + "0".padEnd(6) + "100644".padEnd(8) +
        `${content.length}`.padEnd(10) + "`\n",
    ),
    content,
    ascii(content.length % 2 === 0 ? "" : "\n"),
  ]);
  return join([ascii("!<arch>\n"), ...parts]);
}

function padding(size: number, unit: number): Uint8Array {
  return new Uint8Array((unit - size % unit) % unit);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
