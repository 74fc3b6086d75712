// SPDX-License-Identifier: 0BSD
/**
 * Standard output of the tools that print a little.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { writeAll } from "../os/file.ts";

/** Writes `text` to descriptor 1. */
export function print(text: ByteString): void {
  writeAll(1, toBytes(text));
}
