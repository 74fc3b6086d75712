// SPDX-License-Identifier: 0BSD
/**
 * Starting ./run.
 *
 * @module
 */
import { EAGAIN, ENOMEM, SystemError } from "../os/errno.ts";
import { type Mapping, prepare, spawn, spawnExit, type Strings } from "../os/process.ts";
import { complain, EXIT_TEMPORARY, reasonOf, warn } from "../cli/messages.ts";
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
    return spawn(
      { ...inheritance, path: "./run", argv, environ, descriptors },
      directory.descriptors.directory,
    );
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === EAGAIN || error.errno === ENOMEM) return cannotFork(directory, error);
    complain(`${SUPERVISE}: fatal: unable to start ${directory.name}/run: ${reasonOf(error)}`);
    return startFailed(directory);
  }
}

/** C's supervise has forked by then: there is a process, with a pid, that ends at once with code 111. */
function startFailed(directory: ServiceDirectory): number | undefined {
  try {
    return spawnExit(EXIT_TEMPORARY);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return cannotFork(directory, error);
  }
}

function cannotFork({ name }: ServiceDirectory, error: SystemError): undefined {
  warn(SUPERVISE, `unable to fork for ${name}, trying again in a second`, error);
  return undefined;
}
