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
import { fchdir } from "../../lib/os/file.ts";
import { Poller } from "../../lib/os/poll.ts";
import { Timers } from "../../lib/os/timers.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { supervise as superviseDirectory } from "../../lib/supervise/supervisor.ts";

const USAGE = "usage: supervise dir";

export const supervise: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [directory, ...more] = context.args;
  if (directory === undefined || more.length > 0) throw usageError(context.name, USAGE);
  const poller = new Poller();
  const timers = new Timers();
  let over = false;
  const surroundings = {
    poller,
    timers,
    environ: context.env.entries(),
    inheritance: context.inheritance,
  };
  const supervisor = superviseDirectory(directory, AT_FDCWD, [], surroundings, () => over = true);
  // Where others expect it to be: /proc/PID/cwd tells whose supervise this is.
  fchdir(supervisor.directory.descriptors.directory);
  while (!over) {
    poller.wait(timers.timeout());
    timers.run();
  }
  return 0;
}
