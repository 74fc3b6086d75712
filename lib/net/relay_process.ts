// SPDX-License-Identifier: 0BSD
/**
 * A relay between a program and its descriptors 0 and 1.
 *
 * In C the tool forks; the child copies, and the program takes the parent's place, so that it has the pid by which its
 * client is known to tcpserver(8), the parent that waits for it, and the signals that are meant for it. JavaScript can't
 * run in a forked child. So the child is this toolbox once more, with the same arguments, and the variable
 * `DJBOX_RELAY` tells it that it is the relay. The program starts when the relay is ready: what a short program
 * has written is passed on when it ends, not a runtime's start later.
 *
 * @module
 */
import { SIGPIPE } from "../os/constants.ts";
import { succeeds, SystemError } from "../os/errno.ts";
import { close, dup, dup2, isOpen, pipe, readOrEnd, writeAll } from "../os/file.ts";
import { getpid, type Mapping } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
import { setDisposition } from "../os/signal.ts";
import { ownSink, sharedSink } from "../os/sink.ts";
import { fatal, orFatal, usageError } from "../cli/messages.ts";
import type { Context, Outcome } from "../cli/tool.ts";
import type { Filter } from "../stream/filter.ts";
import { type Flow, relay } from "./relay.ts";

const VARIABLE = "DJBOX_RELAY";

/** What goes to the program and what comes from it. */
export interface Filters {
  readonly inward: Filter;
  readonly outward: Filter;
}

/**
 * The whole of such a tool: the program in `context.args` runs behind a relay with the filters that `filters`
 * makes. They are made in the relay's process; `pid` is the program's.
 */
export function runBehindRelay(
  context: Context,
  usage: string,
  filters: (pid: number) => Filters,
): Outcome {
  const role = parseRole(context.env.get(VARIABLE) ?? "");
  if (role !== undefined) {
    runRelay(role, filters);
    return 0;
  }
  if (context.args.length === 0) throw usageError(context.name, usage);
  return { argv: context.args, env: context.env, descriptors: startRelay(context) };
}

/** What the relay is told: descriptors of its own, and the program's pid. */
interface Role {
  /** The program's output. */
  readonly reader: number;
  /** The program's input. */
  readonly writer: number;
  /** Where a byte says that the relay is ready. */
  readonly ready: number;
  readonly pid: number;
}

function formatRole({ reader, writer, ready, pid }: Role): string {
  return [reader, writer, ready, pid].join(":");
}

const ROLE = /^(\d{1,9}):(\d{1,9}):(\d{1,9}):(\d{1,9})$/;

/** undefined: it is none, as where somebody has the variable from elsewhere. */
function parseRole(text: string): Role | undefined {
  const match = ROLE.exec(text);
  if (match === null) return undefined;
  const [, ...numbers] = match;
  const [reader, writer, ready, pid] = numbers.map(Number) as [number, number, number, number];
  return [reader, writer, ready].every(isOpen) ? { reader, writer, ready, pid } : undefined;
}

/** Copies 0 to the program and the program to 1 until it writes no more, or nobody takes it. */
function runRelay({ reader, writer, ready, pid }: Role, filters: (pid: number) => Filters): void {
  setDisposition(SIGPIPE, "ignore");
  const { inward, outward } = filters(pid);
  const flows: Flow[] = [
    // A program that reads no more may still have something to say.
    { from: 0, to: ownSink(writer), filter: inward, atEnd: "close", whenBroken: "close" },
    { from: reader, to: sharedSink(1), filter: outward, atEnd: "stop", whenBroken: "stop" },
  ];
  if (tellReady(ready)) relay(flows);
}

/** false: the program has gone before it came. */
function tellReady(fd: number): boolean {
  return succeeds(() => {
    writeAll(fd, new Uint8Array(1));
    close(fd);
  });
}

/**
 * Starts the relay, and makes our descriptors 0 and 1 those that the program is to have. Returns those that are to be put
 * there once more: what a tool before us in the chain has for the program at 0 or 1 has lost its place.
 */
function startRelay(context: Context): Mapping[] {
  const { name, args, env, toolbox } = context;
  const { descriptors } = context.inheritance;
  const least = Math.max(2, ...descriptors.map(([, theirs]) => theirs)) + 1;
  const inward = orFatal(name, "unable to create pipe", () => pipeFrom(least));
  const outward = orFatal(name, "unable to create pipe", () => pipeFrom(least));
  const ready = orFatal(name, "unable to create pipe", () => pipeFrom(least));
  const role = {
    reader: outward.reader,
    writer: inward.writer,
    ready: ready.writer,
    pid: getpid(),
  };
  const environ = env.copy();
  environ.set(VARIABLE, formatRole(role));
  try {
    spawn({
      ...context.inheritance,
      path: toolbox.file,
      argv: [name, ...args],
      environ: environ.entries(),
      // The runtime cannot live under small limits; see docs/deviations.md.
      limits: new Map(),
      descriptors: [
        ...descriptors,
        ...[role.reader, role.writer, role.ready].map((fd): Mapping => [fd, fd]),
      ],
    });
  } catch (error) {
    if (error instanceof SystemError) throw fatal(name, "unable to fork", error);
    throw error;
  }
  close(ready.writer);
  if (readOrEnd(ready.reader, new Uint8Array(1)) === 0) {
    throw fatal(name, "unable to start the relay");
  }
  close(ready.reader);
  const ends: Mapping[] = [[inward.reader, 0], [outward.writer, 1]];
  for (const [ours, theirs] of ends) dup2(ours, theirs);
  const again = ends.filter(([, theirs]) => descriptors.some((mapping) => mapping[1] === theirs));
  const kept = again.map(([ours]) => ours);
  for (const end of [inward, outward].flatMap(({ reader, writer }) => [reader, writer])) {
    if (!kept.includes(end)) close(end);
  }
  return again;
}

/** A pipe whose ends have numbers from `least` on: a closed 0, 1 or 2 must stay so in the relay. */
function pipeFrom(least: number): { reader: number; writer: number } {
  const low = pipe();
  const high = { reader: dup(low.reader, least), writer: dup(low.writer, least) };
  close(low.reader);
  close(low.writer);
  return high;
}
