// SPDX-License-Identifier: 0BSD
/**
 * Starting a program beside us that is looked for as the one that takes our place is.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SystemError } from "../os/errno.ts";
import { type Inheritance } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
import type { Environment } from "./environment.ts";
import { searchPath } from "./path_search.ts";

/**
 * Starts `argv[0]`, looked up in `path` where there is no slash in it; returns its pid.
 *
 * @throws SystemError with the reason that is to be reported
 */
export function spawnProgram(
  argv: readonly ByteString[],
  path: ByteString | undefined,
  env: Environment,
  inheritance: Inheritance,
): number {
  let pid = 0;
  const reason = searchPath(argv[0] ?? "", path, (file) => {
    try {
      pid = spawn({ ...inheritance, path: file, argv, environ: env.entries() });
      return 0;
    } catch (error) {
      if (error instanceof SystemError && error.call === "execve") return error.errno;
      throw error;
    }
  });
  if (pid === 0) throw new SystemError(reason, "execve");
  return pid;
}
