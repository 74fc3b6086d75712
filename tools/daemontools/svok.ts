// SPDX-License-Identifier: 0BSD
/**
 * svok - checks whether supervise is running
 *
 * Synopsis: svok DIR
 *
 * Exit codes: 0 supervise is running in the service directory DIR; 100 it is not (silently), or wrong usage;
 * 111 DIR cannot be entered or looked at.
 *
 * See https://cr.yp.to/daemontools/svok.html
 *
 * @module
 */
import { ENOENT, ENXIO, SystemError } from "../../lib/os/errno.ts";
import { chdir } from "../../lib/os/directory.ts";
import { EXIT_USAGE, fatal, orFatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { checkSupervised } from "../../lib/supervise/client.ts";

const USAGE = "usage: svok dir";

export const svok: Tool = { usage: USAGE, brief: true, run };

function run(context: Context): Outcome {
  const [directory] = context.args;
  if (directory === undefined) throw usageError(context.name, USAGE);
  orFatal(context.name, `unable to chdir to ${directory}`, () => chdir(directory));
  try {
    checkSupervised();
    return 0;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === ENXIO || error.errno === ENOENT) return EXIT_USAGE;
    throw fatal(context.name, `unable to open ${directory}/supervise/ok`, error);
  }
}
