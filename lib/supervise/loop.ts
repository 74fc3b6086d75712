// SPDX-License-Identifier: 0BSD
/**
 * The loop that supervisors live in.
 *
 * @module
 */
import { SIGPIPE } from "../os/constants.ts";
import { ignoreForOurselves } from "../os/signal.ts";
import { Poller } from "../os/poll.ts";
import { Timers } from "../os/timers.ts";
import type { Context } from "../cli/tool.ts";
import type { Surroundings } from "./supervisor.ts";

/**
 * Surroundings whose services inherit what a program run by `context` would.
 *
 * @param adopts whether services are to be found again after this process was killed
 */
export function makeSurroundings(context: Context, adopts: boolean): Surroundings {
  // A message that nobody reads (svscan's go into readproctitle) must not end the supervision of everything.
  ignoreForOurselves(SIGPIPE);
  return {
    poller: new Poller(),
    timers: new Timers(),
    environ: context.env.entries(),
    inheritance: context.inheritance,
    adopts,
  };
}

/** Waits for events and timers, and acts on them, until `over` says so. */
export function loop({ poller, timers }: Surroundings, over: () => boolean): void {
  while (!over()) {
    poller.wait(timers.timeout());
    timers.run();
  }
}
