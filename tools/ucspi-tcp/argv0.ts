// SPDX-License-Identifier: 0BSD
/**
 * argv0 - runs a program with another 0th argument
 *
 * Synopsis: argv0 REALNAME PROGRAM [ARG ...]
 *
 * The program REALNAME takes argv0's place; it is given PROGRAM as its 0th argument, its name.
 *
 * Exit codes: 100 wrong usage; 111 REALNAME cannot be run; else its own.
 *
 * See https://cr.yp.to/ucspi-tcp/argv0.html
 *
 * @module
 */
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: argv0 realname program [ arg ... ]";

export const argv0: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [file, ...argv] = context.args;
  if (file === undefined || argv.length === 0) throw usageError(context.name, USAGE);
  return { file, argv, env: context.env };
}
