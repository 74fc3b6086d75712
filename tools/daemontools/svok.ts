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
import { O_NONBLOCK, O_WRONLY } from "../../lib/os/constants.ts";
import { ENOENT, ENXIO, SystemError } from "../../lib/os/errno.ts";
import { chdir, open } from "../../lib/os/file.ts";
import { EXIT_USAGE, fatal, orFatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: svok dir";

export const svok: Tool = { usage: USAGE, brief: true, run };

function run(context: Context): Outcome {
  const [directory] = context.args;
  if (directory === undefined) throw usageError(context.name, USAGE);
  orFatal(context.name, `unable to chdir to ${directory}`, () => chdir(directory));
  try {
    // A FIFO that nobody has open for reading cannot be opened for writing: fifo(7), ENXIO.
    open("supervise/ok", O_WRONLY | O_NONBLOCK);
    return 0;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === ENXIO || error.errno === ENOENT) return EXIT_USAGE;
    throw fatal(context.name, `unable to open ${directory}/supervise/ok`, error);
  }
}
