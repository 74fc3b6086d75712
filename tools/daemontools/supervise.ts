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
import { fchdir } from "../../lib/os/directory.ts";
import { unlessRefused } from "../../lib/os/errno.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { handedOn } from "../../lib/supervise/handover.ts";
import { superviseUntil, watchClock } from "../../lib/supervise/loop.ts";
import { supervise as superviseDirectory } from "../../lib/supervise/supervisor.ts";
import { makeSurroundings } from "../../lib/supervise/surroundings.ts";
import { superviseOn } from "../../lib/supervise/taken_over.ts";

const USAGE = "usage: supervise dir";

export const supervise: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const handed = handedOn(context);
  if (handed === "trial") return 0;
  if (handed !== undefined) {
    superviseOn(context, handed);
    return 0;
  }
  const [directory, ...more] = context.args;
  if (directory === undefined || more.length > 0) throw usageError(context.name, USAGE);
  let over = false;
  const surroundings = makeSurroundings(context, { adopts: false });
  const supervisor = superviseDirectory(
    { directory, at: AT_FDCWD, mappings: [], over: () => over = true },
    surroundings,
  );
  watchClock(surroundings, () => [supervisor]);
  // Where others expect it to be: /proc/PID/cwd tells whose supervise this is. The service runs already, and needs it not.
  unlessRefused(() => fchdir(supervisor.directory.descriptors.directory));
  superviseUntil(surroundings, () => over);
  return 0;
}
