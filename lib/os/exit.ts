// SPDX-License-Identifier: 0BSD
/**
 * The end of this process. A file of its own, because one place exits: main.ts.
 *
 * @module
 */
import { libc, pad } from "./libc.ts";

/**
 * _exit(2). Nothing waits for it: there is no event loop, and all that is written has been written by write(2). The
 * runtime's own way, which looks for listeners and takes itself down, would be a twentieth of what a small tool takes.
 */
export function exit(code: number): never {
  libc()._exit(code, pad);
  throw new Error("_exit(2) has returned");
}
