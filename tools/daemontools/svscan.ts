// SPDX-License-Identifier: 0BSD
/**
 * svscan - starts and monitors a collection of services
 *
 * Synopsis: svscan [ DIR ]
 *
 * Looks every five seconds for directories (or links to directories) in DIR, default the working directory, and has
 * each supervised, together with its log/ where it has one; a pipe joins the two. A new one is found sooner, a
 * second or two after somebody has put it there.
 *
 * As process 1, which it is in a container, it waits for whatever loses its parent; a signal that would end it brings
 * everything down in order, each service and then its logger, and svscan exits then.
 *
 * Exit codes: 111 DIR cannot be entered; 0 everything has been brought down (process 1 only); otherwise it does not end by
 * itself.
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
  SIGCHLD,
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from "../../lib/os/constants.ts";
import { monotonic } from "../../lib/os/clock.ts";
import { SystemError, unlessRefused } from "../../lib/os/errno.ts";
import { chdir } from "../../lib/os/file.ts";
import { DirectoryWatch } from "../../lib/os/inotify.ts";
import { PollSet, sleep } from "../../lib/os/poll.ts";
import { dieBy, endedBy, getpid } from "../../lib/os/process.ts";
import { isIgnored, maskOf, SignalDescriptor } from "../../lib/os/signal.ts";
import type { Timer } from "../../lib/os/timers.ts";
import { orFatal, warn } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { handOver, packSupervisor } from "../../lib/supervise/handover.ts";
import { loop, makeSurroundings, type Surroundings } from "../../lib/supervise/loop.ts";
import { reapOrphans } from "../../lib/supervise/process_one.ts";
import { Scanner } from "../../lib/supervise/scanner.ts";
import { SUPERVISE } from "../../lib/supervise/service_directory.ts";
import type { Supervisor } from "../../lib/supervise/supervisor.ts";

const SCAN_INTERVAL = 5000;
const QUIET = 1000;
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
  // What svscan was started ignoring (nohup), or with blocked, does not end it.
  const ignored = (signal: number): boolean =>
    isIgnored(signal) || (context.inheritance.mask & maskOf([signal])) !== 0n;
  const isFirst = getpid() === 1;
  const noticed = isFirst ? [...DEADLY, SIGCHLD] : DEADLY;
  const signals = new SignalDescriptor(noticed.filter((signal) => !ignored(signal)));
  let ending = false;
  surroundings.poller.add(signals.fd, () => {
    const arrived = signals.next();
    if (arrived === undefined) return;
    if (arrived.signal === SIGCHLD) return reapOrphans(scanner.pids());
    if (isFirst) {
      ending = true;
      return scanner.shutDown();
    }
    leave(context, scanner.supervisors(), arrived.signal, arrived.fromKernel);
    dieBy(arrived.signal);
  });
  watchForNew(surroundings, scanner);
  const scan = (): void => {
    scanner.scan();
    surroundings.timers.after(SCAN_INTERVAL, scan);
  };
  scan();
  loop(surroundings, () => ending && scanner.supervisors().length === 0);
  return 0;
}

/**
 * Starts a new service before the next scan would: when no service has come or gone for a second, because
 * whoever is still at work (`mkdir`, `cp -r`, `ln -s`) may not have finished.
 */
function watchForNew({ poller, timers }: Surroundings, scanner: Scanner): void {
  const watch = unlessRefused(() => DirectoryWatch.open("."));
  if (watch === undefined) return;
  let timer: Timer | undefined;
  const later = (): void => {
    timer?.cancel();
    timer = timers.after(QUIET, () => {
      if (scanner.scanForNew()) later();
    });
  };
  poller.add(watch.fd, () => {
    watch.clear();
    later();
  });
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
  if (supervisors.length === 0) return;
  if (fromKernel || servicesEnd(signal, supervisors)) {
    for (const supervisor of supervisors) supervisor.abandon();
    return;
  }
  try {
    const argv = [SUPERVISE, ...context.args.slice(0, 1)];
    handOver(context, argv, supervisors.map(packSupervisor));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    warn(context.name, "unable to leave the services to supervise", error);
  }
}

/** How long services have to show that they were sent the same signal. */
const GRACE = 200;

/**
 * Whether services that nobody had told to end do end now: one by the very signal, or half of them in whatever
 * way (multilog and tcpserver exit when they are sent TERM).
 */
function servicesEnd(signal: number, supervisors: readonly Supervisor[]): boolean {
  const steady = supervisors.filter((supervisor) => supervisor.isSteady).map(packSupervisor);
  const set = new PollSet(steady.length);
  steady.forEach(({ condition }, i) => set.set(i, condition.process));
  for (const end = monotonic() + GRACE; steady.length > 0 && monotonic() < end; sleep(5)) {
    if (steady.some(({ condition }) => endedBy(condition.pid) === signal)) return true;
    if (set.wait(0) * 2 >= steady.length) return true;
  }
  return false;
}
