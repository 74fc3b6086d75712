// SPDX-License-Identifier: 0BSD
/**
 * The text of the program that we run in: the runtime's machine code.
 *
 * @module
 */
import { fromBytes } from "./bytes.ts";
import { readFile } from "./file.ts";
import { libc, pad } from "./libc.ts";

const MADV_DONTNEED = 4;
/** A mapping of a file that is read and executed: nobody has written to it, so that it is the file's content. */
const TEXT = /^([0-9a-f]+)-([0-9a-f]+) r-xp [0-9a-f]+ \S+ [1-9]\d* +\//gm;

/**
 * Lets go of all pages of it: madvise(2). They come back, from the page cache, when they are needed; what only the start
 * needed, a third of 36 MB, does not, and is among the first that the kernel can use for something else.
 */
export function letGoOfText(): void {
  for (const [, start, end] of fromBytes(readFile("/proc/self/maps")).matchAll(TEXT)) {
    const from = BigInt(`0x${start}`);
    libc().madvise(from, BigInt(`0x${end}`) - from, MADV_DONTNEED, pad);
  }
}
