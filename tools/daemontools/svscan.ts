// SPDX-License-Identifier: 0BSD
/**
 * svscan - starts and monitors a collection of services
 *
 * Synopsis: svscan [ DIR ]
 *
 * Looks every five seconds for directories (or links to directories) in DIR, default the working directory, and has
 * each supervised, together with its log/ where it has one; a pipe joins the two.
 *
 * Exit codes: 111 DIR cannot be entered; otherwise it does not end by itself.
 *
 * Differences: one process supervises all services, instead of a supervise each. Where svscan is ended by a
 * signal that somebody sent to it, a process `supervise DIR` takes over what it looked after, so that services stay
 * supervised, as with C's.
 *
 * See https://cr.yp.to/daemontools/svscan.html
 *
 * @module
 */
import { chdir } from "../../lib/os/file.ts";
import { Poller } from "../../lib/os/poll.ts";
import { Timers } from "../../lib/os/timers.ts";
import { orFatal } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { Scanner } from "../../lib/supervise/scanner.ts";

const SCAN_INTERVAL = 5000;

export const svscan: Tool = { usage: "usage: svscan [ dir ]", readsSignals: true, run };

function run(context: Context): Outcome {
  const [directory] = context.args;
  if (directory !== undefined) {
    orFatal(context.name, `unable to chdir to ${directory}`, () => chdir(directory));
  }
  const poller = new Poller();
  const timers = new Timers();
  const scanner = new Scanner(context, {
    poller,
    timers,
    environ: context.env.entries(),
    inheritance: context.inheritance,
  });
  const scan = (): void => {
    scanner.scan();
    timers.after(SCAN_INTERVAL, scan);
  };
  scan();
  for (;;) {
    poller.wait(timers.timeout());
    timers.run();
  }
}
