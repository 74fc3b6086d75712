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

/** The errors after which the next file is tried. */
export const SEARCH_GOES_ON: readonly number[] = [ENOENT, EACCES, EPERM, EISDIR];

/** Which of the errors of a search is reported: the last one that is not ENOENT, if there is one. */
export function reportedError(met: readonly number[]): number {
  return met.findLast((error) => error !== ENOENT) ?? ENOENT;
}

/**
 * Tries `program` where it may be: as it is if there is a slash in it, else in each directory of `path` (an
 * empty one is the working directory).
 *
 * @param attempt is given a file name and returns 0 (found: the search is over) or an error number
 * @returns 0, or the error number to be reported
 */
export function searchPath(
  program: ByteString,
  path: ByteString | undefined,
  attempt: (file: ByteString) => number,
): number {
  if (program.includes("/")) return attempt(program);
  const met: number[] = [];
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const error = attempt(`${directory === "" ? "." : directory}/${program}`);
    met.push(error);
    if (!SEARCH_GOES_ON.includes(error)) break;
  }
  return reportedError(met);
}
