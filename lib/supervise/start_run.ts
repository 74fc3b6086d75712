// SPDX-License-Identifier: 0BSD
/**
 * Starting ./run.
 *
 * @module
 */
import { SIGCHLD } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import type { StringArray } from "../os/c_string.ts";
import type { Inheritance, Mapping } from "../os/process.ts";
import { maskOf } from "../os/signal.ts";
import { SpawnPlan } from "../os/spawn.ts";
import { errorText } from "../cli/error_text.ts";
import { complain, warn } from "../cli/messages.ts";
import type { ServiceDirectory } from "./service_directory.ts";
import { SUPERVISE } from "./supervise_files.ts";

/** How the services of a process are started: what is the same for all of them is made once. */
export class Starts {
  #plan: SpawnPlan | undefined;

  /** @param environ the environment of the services */
  constructor(
    private readonly environ: StringArray,
    private readonly inheritance: Inheritance,
  ) {}

  /** Has what every start needs there before the first: then no descriptor is opened for it at some later time. */
  prepare(): void {
    unlessRefused(() => this.#prepared());
  }

  /**
   * Starts ./run in `directory`, with the descriptor `further` beside ours: the pid of the new process; undefined where
   * none could be made, which the log is told.
   */
  run(directory: ServiceDirectory, further: Mapping | undefined): number | undefined {
    try {
      // A process whose exec fails ends at once with code 111, and is restarted a second later like any other.
      const { pid, errno } = this.#prepared().start(directory.descriptors.directory, further);
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

  #prepared(): SpawnPlan {
    if (this.#plan !== undefined) return this.#plan;
    const { environ, inheritance } = this;
    // C's supervise, too, gives back what it needs itself, however it was started.
    const mask = inheritance.mask & ~maskOf([SIGCHLD]);
    const program = { ...inheritance, mask, path: "./run", argv: ["./run"], environ };
    return this.#plan = new SpawnPlan(program, { moves: true, defaults: [SIGCHLD], often: true });
  }
}
