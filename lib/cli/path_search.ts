// SPDX-License-Identifier: 0BSD
/**
 * Where a program is looked for: execvp(3) as D. J. Bernstein's tools do it (pathexec_run.c), who never fall
 * back on /bin/sh.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { EACCES, EISDIR, ENOENT, EPERM } from "../os/errno.ts";

const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * Tries `program` where it may be: as it is if there is a slash in it, else in each directory of `path` (an
 * empty one is the working directory).
 *
 * @param attempt is given a file name and returns 0 (found: the search is over) or an error number
 * @returns 0, or the error number to be reported: the last that was not "no such file". Denials (EACCES, EPERM,
 *   EISDIR) do not end the search, any other error does.
 */
export function searchPath(
  program: ByteString,
  path: ByteString | undefined,
  attempt: (file: ByteString) => number,
): number {
  if (program.includes("/")) return attempt(program);
  let reported = ENOENT;
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const reason = attempt(`${directory === "" ? "." : directory}/${program}`);
    if (reason === ENOENT) continue;
    reported = reason;
    if (reason !== EACCES && reason !== EPERM && reason !== EISDIR) break;
  }
  return reported;
}
