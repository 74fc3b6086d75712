// SPDX-License-Identifier: 0BSD
/**
 * supervise - starts a service and keeps it running
 *
 * Synopsis: supervise DIR
 *
 * Runs ./run in the service directory DIR, and again whenever it ends, at most once a second. A file DIR/down
 * keeps it from being started by itself. svc, svok and svstat talk to it through DIR/supervise.
 *
 * Exit codes: 0 after svc -x, when the service is down; 100 wrong usage; 111 DIR cannot be entered or taken over
 * (somebody else supervises it).
 *
 * Files: lib/supervise/service_directory.ts lists them.
 *
 * See https://cr.yp.to/daemontools/supervise.html
 *
 * @module
 */
import { AT_FDCWD } from "../../lib/os/constants.ts";
import { unlessRefused } from "../../lib/os/errno.ts";
import { close, fchdir } from "../../lib/os/file.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { type Handed, type HandedSupervisor, supervisorsOf } from "../../lib/supervise/handed.ts";
import { handedOn, unpackSupervisor } from "../../lib/supervise/handover.ts";
import { LogPipes, type Pipe } from "../../lib/supervise/log_pipes.ts";
import { superviseUntil, watchClock } from "../../lib/supervise/loop.ts";
import { supervise as superviseDirectory } from "../../lib/supervise/supervisor.ts";
import { makeSurroundings } from "../../lib/supervise/surroundings.ts";

const USAGE = "usage: supervise dir";

/** How often a process that has taken over looks after what it supervises, in milliseconds. */
const INTERVAL = 5000;

export const supervise: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const handed = handedOn(context);
  if (handed === "trial") return 0;
  if (handed !== undefined) return superviseOn(context, handed);
  const [directory, ...more] = context.args;
  if (directory === undefined || more.length > 0) throw usageError(context.name, USAGE);
  let over = false;
  const surroundings = makeSurroundings(context, false);
  const supervisor = superviseDirectory(directory, AT_FDCWD, [], surroundings, () => over = true);
  watchClock(surroundings, () => [supervisor]);
  // Where others expect it to be: /proc/PID/cwd tells whose supervise this is. The service runs already, and needs it not.
  unlessRefused(() => fchdir(supervisor.directory.descriptors.directory));
  superviseUntil(surroundings, () => over);
  return 0;
}

/** Looks after what an svscan that was ended looked after, until the last of it is told to exit. */
function superviseOn(context: Context, handed: Handed): number {
  const surroundings = makeSurroundings({ ...context, inheritance: handed.inheritance }, true);
  const supervisors = supervisorsOf(handed.services);
  const pipes = handed.services.flatMap(({ pipe }) => pipe ?? []);
  const logPipes = new LogPipes(context.name, surroundings);
  // First all of them, so that svscan's holder can be ended without a pipe being lost; then only those that still have a
  // logger: nobody will read the others.
  logPipes.hold(pipes, true);
  const pipeOfLogger = new Map<HandedSupervisor, Pipe>();
  for (const { logger, pipe } of handed.services) {
    if (typeof logger === "object" && pipe !== undefined) pipeOfLogger.set(logger, pipe);
  }
  const holdThose = (): void => logPipes.hold([...pipeOfLogger.values()]);
  holdThose();
  // The other side of a log pipe is to see that nobody will write, or read, any more.
  const endsInUse = new Set(supervisors.flatMap(({ mappings }) => mappings.map(([ours]) => ours)));
  for (const end of pipes.flatMap(({ reader, writer }) => [reader, writer])) {
    if (!endsInUse.has(end)) close(end);
  }
  const here = supervisors.map((one) =>
    unpackSupervisor(one, surroundings, () => {
      if (pipeOfLogger.delete(one)) holdThose();
      for (const [ours] of one.mappings) close(ours);
    })
  );
  /** As svscan does: what was removed is made anew, and a service whose directory was removed is not started again. */
  const look = (): void => {
    for (const supervisor of here) {
      supervisor.look();
      if (!supervisor.isOver && supervisor.directory.isRemoved) supervisor.tell("x");
    }
    surroundings.timers.after(INTERVAL, look);
  };
  surroundings.timers.after(INTERVAL, look);
  watchClock(surroundings, () => here);
  superviseUntil(surroundings, () => here.every(({ isOver }) => isOver));
  logPipes.end();
  return 0;
}
