// SPDX-License-Identifier: 0BSD
/**
 * Starting ./run.
 *
 * @module
 */
import { SIGCHLD } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import type { Mapping } from "../os/process.ts";
import { maskOf } from "../os/signal.ts";
import { SpawnPlan } from "../os/spawn.ts";
import { errorText } from "../cli/error_text.ts";
import { complain, warn } from "../cli/messages.ts";
import { type ServiceDirectory, SUPERVISE } from "./service_directory.ts";
import type { Surroundings } from "./surroundings.ts";

/** What is the same for all services of a process. */
const starts = new WeakMap<Surroundings, SpawnPlan>();

function startFor(surroundings: Surroundings): SpawnPlan {
  let start = starts.get(surroundings);
  if (start === undefined) {
    const { environ, inheritance } = surroundings;
    // C's supervise, too, gives back what it needs itself, however it was started.
    const mask = inheritance.mask & ~maskOf([SIGCHLD]);
    const program = { ...inheritance, mask, path: "./run", argv: ["./run"], environ };
    const manner = { moves: true, defaults: [SIGCHLD], often: true };
    starts.set(surroundings, start = new SpawnPlan(program, manner));
  }
  return start;
}

/** Has what every start needs there before the first: then no descriptor is opened for it at some later time. */
export function prepareStarts(surroundings: Surroundings): void {
  unlessRefused(() => startFor(surroundings));
}

/**
 * Starts ./run in `directory`, with the descriptor `further` beside ours: the pid of the new process; undefined where
 * none could be made, which the log is told.
 */
export function startRun(
  directory: ServiceDirectory,
  further: Mapping | undefined,
  surroundings: Surroundings,
): number | undefined {
  try {
    // A process whose exec fails ends at once with code 111, and is restarted a second later like any other.
    const start = startFor(surroundings);
    const { pid, errno } = start.start(directory.descriptors.directory, further);
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
