// SPDX-License-Identifier: 0BSD
/**
 * fghack - an anti-backgrounding tool
 *
 * Synopsis: fghack CHILD [ARG ...]
 *
 * Runs CHILD with 31 descriptors of a pipe, and waits until CHILD and all that it put into the background have
 * closed them: supervise cannot look after a program that goes away from it otherwise.
 *
 * Exit codes: 100 wrong usage; 111 CHILD was killed by a signal, or could not be run, or trouble with the system;
 * else CHILD's own.
 *
 * See https://cr.yp.to/daemontools/fghack.html
 *
 * @module
 */
import { ECHILD, SystemError } from "../../lib/os/errno.ts";
import { close, pipe, read } from "../../lib/os/file.ts";
import { type Inheritance, lowestFreeDescriptors, type Mapping } from "../../lib/os/process.ts";
import { exitCodeOf, signalOf, waitFor } from "../../lib/os/wait.ts";
import { fatal, orFatal, usageError } from "../../lib/cli/messages.ts";
import { spawnProgram } from "../../lib/cli/spawn.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: fghack child";

/** The write ends of the pipe: a daemon that closes descriptors by number seldom closes so many. */
const ENDS = 31;

export const fghack: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, args, inheritance } = context;
  if (args.length === 0) throw usageError(name, USAGE);
  const { reader, writer, places } = orFatal(name, "unable to create pipe", () => ({
    places: lowestFreeDescriptors(inheritance, 2, ENDS),
    ...pipe(),
  }));
  const ends = places.map((place): Mapping => [writer, place]);
  const pid = start(context, {
    ...inheritance,
    descriptors: [...inheritance.descriptors, ...ends],
  });
  close(writer);
  const buffer = new Uint8Array(4096);
  while (read(reader, buffer) > 0);
  const ended = waitFor(pid);
  if (ended === undefined) throw fatal(name, "wait failed", new SystemError(ECHILD, "waitpid"));
  if (signalOf(ended) !== 0) throw fatal(name, "child crashed");
  return exitCodeOf(ended);
}

/** Starts CHILD; returns its pid. */
function start({ name, args, env }: Context, inheritance: Inheritance): number {
  try {
    return spawnProgram(args, env.get("PATH"), env, inheritance);
  } catch (error) {
    const forking = error instanceof SystemError && error.call === "clone";
    throw fatal(name, forking ? "unable to fork" : `unable to run ${args[0]}`, error);
  }
}
