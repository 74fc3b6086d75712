// SPDX-License-Identifier: 0BSD
/**
 * Starting ./run.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import { type Mapping, prepare, type Strings } from "../os/process.ts";
import { start } from "../os/spawn.ts";
import { errorText } from "../cli/error_text.ts";
import { complain, warn } from "../cli/messages.ts";
import type { Surroundings } from "./loop.ts";
import { type ServiceDirectory, SUPERVISE } from "./service_directory.ts";

let argv: Strings | undefined;

/**
 * Starts ./run in `directory`: the pid of the new process; undefined where none could be made, which the log is told.
 */
export function startRun(
  directory: ServiceDirectory,
  mappings: readonly Mapping[],
  { environ, inheritance }: Surroundings,
): number | undefined {
  argv ??= prepare(["./run"]);
  const descriptors = [...inheritance.descriptors, ...mappings];
  try {
    // A process whose exec fails ends at once with code 111, and is restarted a second later like any other.
    const { pid, errno } = start(
      { ...inheritance, path: "./run", argv, environ, descriptors },
      directory.descriptors.directory,
    );
    if (errno !== 0) {
      complain(`${SUPERVISE}: fatal: unable to start ${directory.name}/run: ${errorText(errno)}`);
    }
    return pid;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    warn(SUPERVISE, `unable to fork for ${directory.name}, trying again in a second`, error);
    return undefined;
  }
}
