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
import {
  SIGALRM,
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from "../../lib/os/constants.ts";
import { monotonic } from "../../lib/os/clock.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { chdir } from "../../lib/os/file.ts";
import { sleep } from "../../lib/os/poll.ts";
import { dieBy, endedBy } from "../../lib/os/process.ts";
import { isIgnored, SignalDescriptor } from "../../lib/os/signal.ts";
import { orFatal, warn } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { handOver, packSupervisor } from "../../lib/supervise/handover.ts";
import { loop, makeSurroundings } from "../../lib/supervise/loop.ts";
import { Scanner } from "../../lib/supervise/scanner.ts";
import { SUPERVISE } from "../../lib/supervise/service_directory.ts";
import type { Supervisor } from "../../lib/supervise/supervisor.ts";

const SCAN_INTERVAL = 5000;
/** What ends C's svscan, and can be noticed. */
const DEADLY = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM];

export const svscan: Tool = { usage: "usage: svscan [ dir ]", readsSignals: true, run };

function run(context: Context): Outcome {
  const [directory] = context.args;
  if (directory !== undefined) {
    orFatal(context.name, `unable to chdir to ${directory}`, () => chdir(directory));
  }
  const surroundings = makeSurroundings(context, true);
  const scanner = new Scanner(context, surroundings);
  // What svscan was started ignoring (nohup) does not end it.
  const signals = new SignalDescriptor(DEADLY.filter((signal) => !isIgnored(signal)));
  surroundings.poller.add(signals.fd, () => {
    const arrived = signals.next();
    if (arrived === undefined) return;
    leave(context, scanner.supervisors(), arrived.signal, arrived.fromKernel);
    dieBy(arrived.signal);
  });
  const scan = (): void => {
    scanner.scan();
    surroundings.timers.after(SCAN_INTERVAL, scan);
  };
  scan();
  loop(surroundings, () => false);
  return 0;
}

/**
 * Before svscan dies of `signal`: leaves what it supervised to a process of its own, where C's supervises would have
 * lived on. They would not if the signal went to all of them: ^C on the terminal, or a whole process group.
 */
function leave(
  context: Context,
  supervisors: readonly Supervisor[],
  signal: number,
  fromKernel: boolean,
): void {
  if (supervisors.length === 0 || fromKernel || servicesDieBy(signal, supervisors)) return;
  const handed = { supervisors: supervisors.map(packSupervisor), descriptors: [], more: null };
  try {
    handOver(context, [SUPERVISE, ...context.args.slice(0, 1)], handed);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    warn(context.name, "unable to leave the services to supervise", error);
  }
}

/** How long services have to show that they were sent the same signal. */
const GRACE = 100;

function servicesDieBy(signal: number, supervisors: readonly Supervisor[]): boolean {
  const pids = supervisors.map(({ pid }) => pid).filter((pid) => pid !== 0);
  for (const end = monotonic() + GRACE; monotonic() < end; sleep(5)) {
    if (pids.some((pid) => endedBy(pid) === signal)) return true;
  }
  return false;
}
