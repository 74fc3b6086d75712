// SPDX-License-Identifier: 0BSD
/**
 * What goes on after a svscan that was ended: a process that looks after its services and their loggers, and after nothing
 * new, until the last of them is told to exit.
 *
 * @module
 */
import { close } from "../os/file.ts";
import type { Context } from "../cli/tool.ts";
import { type Handed, type HandedSupervisor, supervisorsOf } from "./handed.ts";
import { unpackSupervisor } from "./handover.ts";
import { LogPipes, type Pipe } from "./log_pipes.ts";
import { superviseUntil, watchClock } from "./loop.ts";
import { makeSurroundings } from "./surroundings.ts";

/** How often it looks after what it supervises, in milliseconds. */
const INTERVAL = 5000;

/** Looks after what a svscan that was ended looked after, until the last of it is told to exit. */
export function superviseOn(context: Context, handed: Handed): void {
  const surroundings = makeSurroundings({ ...context, inheritance: handed.inheritance }, {
    adopts: true,
  });
  const supervisors = supervisorsOf(handed.services);
  const pipes = handed.services.flatMap(({ pipe }) => pipe ?? []);
  const logPipes = new LogPipes(context.name, surroundings);
  // First all of them, so that svscan's holder can be ended without a pipe being lost; then only those that still have a
  // logger: nobody will read the others.
  logPipes.expectOthers();
  logPipes.hold(pipes);
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
}
