// SPDX-License-Identifier: 0BSD
/**
 * Trouble that only strace(1) can make.
 *
 * @module
 */
import type { Box } from "./harness.ts";

/** In front of a command: its close(2) of `file` fails, as on a network file system that finds no room. */
export function closeFails(box: Box, file: string): string[] {
  return [
    "strace",
    "-f",
    "-o",
    "trace",
    "-P",
    `${box.dir}/${file}`,
    "-e",
    "inject=close:error=EIO",
  ];
}
