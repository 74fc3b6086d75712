// SPDX-License-Identifier: 0BSD
/**
 * Starting ./run.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import type { Mapping } from "../os/process.ts";
import { Start } from "../os/spawn.ts";
import { errorText } from "../cli/error_text.ts";
import { complain, warn } from "../cli/messages.ts";
import type { Surroundings } from "./loop.ts";
import { type ServiceDirectory, SUPERVISE } from "./service_directory.ts";

/** What is the same for all services of a process that have as many descriptors, by their number. */
const starts = new WeakMap<Surroundings, Map<number, Start>>();

function startFor(surroundings: Surroundings, descriptors: readonly Mapping[]): Start {
  const { environ, inheritance } = surroundings;
  let known = starts.get(surroundings);
  if (known === undefined) starts.set(surroundings, known = new Map());
  let start = known.get(descriptors.length);
  if (start === undefined) {
    start = new Start(
      { ...inheritance, path: "./run", argv: ["./run"], environ, descriptors },
      true,
    );
    known.set(descriptors.length, start);
  }
  return start;
}

/**
 * Starts ./run in `directory`: the pid of the new process; undefined where none could be made, which the log is told.
 */
export function startRun(
  directory: ServiceDirectory,
  mappings: readonly Mapping[],
  surroundings: Surroundings,
): number | undefined {
  const descriptors = [...surroundings.inheritance.descriptors, ...mappings];
  try {
    // A process whose exec fails ends at once with code 111, and is restarted a second later like any other.
    const start = startFor(surroundings, descriptors);
    const { pid, errno } = start.start(directory.descriptors.directory, descriptors);
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
