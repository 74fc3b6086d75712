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
 * On SIGHUP it starts itself over, with the version of djbox that is there by then: see `djbox upgrade`.
 *
 * As process 1, which it is in a container, it waits for whatever loses its parent; another signal that would end it
 * brings everything down in order, each service and then its logger, and svscan exits then.
 *
 * Exit codes: 111 DIR cannot be entered; 0 everything has been brought down (process 1 only); otherwise it does not end by
 * itself.
 *
 * Differences: one process supervises all services, instead of a supervise each. SIGHUP ends C's, and ours only where
 * it comes from the terminal or goes to the services, too. Where svscan is ended by a signal that somebody sent to it,
 * a process `supervise DIR` takes over what it looked after, so that services stay supervised, as with C's; where no
 * such process can be started svscan goes on, and a second signal ends it. With more than twenty services (a logger counts
 * as one) it looks less often, up to thirty seconds apart, as long as the kernel tells of no change.
 *
 * See https://cr.yp.to/daemontools/svscan.html
 *
 * @module
 */
import { SIGCHLD } from "../../lib/os/constants.ts";
import { chdir } from "../../lib/os/directory.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { sleep } from "../../lib/os/poll.ts";
import { getpid, type Inheritance } from "../../lib/os/process.ts";
import {
  type Arrived,
  isIgnored,
  LAUNCHER_BLOCKS,
  maskOf,
  SignalDescriptor,
} from "../../lib/os/signal.ts";
import { orFatal, warn } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { Departure, isForUpgrade } from "../../lib/supervise/departure.ts";
import type { Handed } from "../../lib/supervise/handed.ts";
import { handedOn } from "../../lib/supervise/handover.ts";
import { superviseUntil, watchClock } from "../../lib/supervise/loop.ts";
import { reapOrphans } from "../../lib/supervise/orphans.ts";
import { ScanSchedule } from "../../lib/supervise/scan_schedule.ts";
import { Scanner } from "../../lib/supervise/scanner.ts";
import { makeSurroundings } from "../../lib/supervise/surroundings.ts";
import { Upgrade } from "../../lib/supervise/upgrade.ts";

/**
 * What people and containers (SIGPWR: lxc-stop) end svscan with, of what can be noticed: what all other threads have
 * blocked (signal.ts).
 */
const DEADLY = LAUNCHER_BLOCKS.filter((signal) => signal !== SIGCHLD);

export const svscan: Tool = { usage: "usage: svscan [ dir ]", readsSignals: true, run };

function run(called: Context): Outcome {
  const handed = handedOn(called);
  if (handed === "trial") return 0;
  const inheritance = handed?.inheritance ?? called.inheritance;
  const context: Context = { ...called, inheritance };
  const surroundings = handed === undefined
    ? makeSurroundings(context, { adopts: true })
    : untilItWorks(context.name, () => makeSurroundings(context, { adopts: true }));
  const scanner: Scanner = new Scanner(context, surroundings, () => schedule.soon());
  const tellClock = watchClock(surroundings, () => scanner.supervisors());
  const all = (): Handed => {
    tellClock();
    return { services: scanner.pack(), inheritance: surroundings.inheritance };
  };
  const upgrade = new Upgrade(context, surroundings, all);
  if (handed === undefined) enter(context);
  const signals = new SignalDescriptor(noticedSignals(inheritance));
  const reap = (): void => reapOrphans(() => [...scanner.pids(), upgrade.pid]);
  const departure = new Departure(context, surroundings, scanner, all);
  let ending = false;
  const obey = (arrived: Arrived): void => {
    if (isForUpgrade(arrived, scanner.supervisors())) return upgrade.begin();
    upgrade.giveUp();
    if (getpid() !== 1) return departure.dieOf(arrived);
    ending = true;
    scanner.shutDown();
  };
  surroundings.poller.add(signals.fd, () => {
    const arrived = signals.next();
    if (arrived?.signal === SIGCHLD) reap();
    else if (arrived !== undefined && !ending) obey(arrived);
  });
  // A signal for the whole process group ends services, too: they are not to be started again before it is noticed.
  surroundings.poller.first(signals.fd);
  const schedule = new ScanSchedule(surroundings, scanner, reap);
  scanner.unpack(handed?.services ?? []);
  schedule.begin();
  const over = (): boolean => ending && scanner.supervisors().length === 0;
  superviseUntil(surroundings, over, () => schedule.rested());
  scanner.release();
  return 0;
}

/** How long until it is tried again to begin, in milliseconds. */
const RETRY = 1000;

/**
 * What `action` returns; while it fails, it is tried again: who was handed services must not give them up for a
 * shortage.
 */
function untilItWorks<T>(name: string, action: () => T): T {
  for (let said = false;; said = true) {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (!said) warn(name, `unable to ${error.call}, trying again each second`, error);
      sleep(RETRY);
    }
  }
}

/** What would end svscan. What it was started ignoring (nohup), or with blocked, does not end it. */
function noticedSignals({ mask }: Inheritance): number[] {
  const noticed = getpid() === 1 ? [...DEADLY, SIGCHLD] : DEADLY;
  return noticed.filter((signal) => !isIgnored(signal) && (mask & maskOf([signal])) === 0n);
}

function enter({ name, args: [directory] }: Context): void {
  if (directory === undefined) return;
  orFatal(name, `unable to chdir to ${directory}`, () => chdir(directory));
}
