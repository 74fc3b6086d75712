// SPDX-License-Identifier: 0BSD
/**
 * pgrphack - runs a program in a process group of its own
 *
 * Synopsis: pgrphack CHILD [ARG ...]
 *
 * CHILD leads a new session and process group, unless this process is a leader already.
 *
 * Exit codes: 100 wrong usage; 111 CHILD cannot be run; else CHILD's own.
 *
 * See https://cr.yp.to/daemontools/pgrphack.html
 *
 * @module
 */
import { setsid } from "../../lib/os/process.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: pgrphack child";

export const pgrphack: Tool = { usage: USAGE, brief: true, run };

function run({ name, args, env }: Context): Outcome {
  if (args.length === 0) throw usageError(name, USAGE);
  setsid();
  return { argv: args, env };
}
