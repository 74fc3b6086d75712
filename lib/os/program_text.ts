// SPDX-License-Identifier: 0BSD
/**
 * What of the program that we run in, the runtime, is in memory as it is in its file: machine code, and data that nobody
 * changes.
 *
 * @module
 */
import { fromBytes } from "./bytes.ts";
import { readFile } from "./file.ts";
import { libc, pad } from "./libc.ts";

const MADV_DONTNEED = 4;
/**
 * A mapping of a file that nobody has written to, so that it is the file's content: one that is read and executed, or
 * only read, from the beginning of the file on. (What is read only from somewhere behind may be data that the dynamic
 * linker has relocated.)
 */
const TEXT = /^([0-9a-f]+)-([0-9a-f]+) r(?:-xp [0-9a-f]+|--p 0+) \S+ [1-9]\d* +\//gm;

/**
 * Lets go of all pages of it: madvise(2). They come back, from the page cache, when they are needed; what only the start
 * needed, half of 45 MB, does not, and is among the first that the kernel can use for something else.
 */
export function letGoOfText(): void {
  for (const [, start, end] of fromBytes(readFile("/proc/self/maps")).matchAll(TEXT)) {
    const from = BigInt(`0x${start}`);
    libc().madvise(from, BigInt(`0x${end}`) - from, MADV_DONTNEED, pad);
  }
}
