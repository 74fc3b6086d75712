// SPDX-License-Identifier: 0BSD
/**
 * fixcrio - runs a program and ends the lines of its input and output in CR LF
 *
 * Synopsis: fixcrio PROGRAM [ARG ...]
 *
 * PROGRAM takes fixcrio's place, with pipes as its descriptors 0 and 1. A relay copies between them and fixcrio's
 * own, and puts a CR before each LF that has none, both ways. A last line without an LF is left as it is. The relay
 * ends when PROGRAM has closed its output, or when nobody takes it any more.
 *
 * Exit codes: 100 wrong usage; 111 PROGRAM cannot be run; else PROGRAM's own.
 *
 * Differences from the C tool: what PROGRAM has written reaches descriptor 1 even if PROGRAM does not read all
 * of its input. The relay is not under the limits that softlimit sets in the same command line.
 *
 * See https://cr.yp.to/ucspi-tcp/fixcrio.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { runBehindRelay } from "../../lib/net/relay_process.ts";
import { fixCrs } from "../../lib/stream/line_ends.ts";

const USAGE = "usage: fixcrio program [ arg ... ]";

export const fixcrio: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  return runBehindRelay(context, USAGE, () => ({ inward: fixCrs(), outward: fixCrs() }));
}
