// SPDX-License-Identifier: 0BSD
/**
 * What a signal that ends svscan means for the services.
 *
 * C's supervises live on, unless the signal went to all of them: ^C on the terminal, a process group, a container that
 * stops. So svscan watches for a moment whether its services end, too; where they do not, it leaves them to a process of
 * their own, `supervise DIR`, and dies only then.
 *
 * @module
 */
import { RLIMIT_NOFILE, SIGHUP } from "../os/constants.ts";
import { monotonic } from "../os/clock.ts";
import { workingDirectory } from "../os/directory.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { PollSet, sleep } from "../os/poll.ts";
import { dieBy, getpid } from "../os/process.ts";
import { getLimit, setSoftLimit } from "../os/rlimit.ts";
import type { Arrived } from "../os/signal.ts";
import { endedBy } from "../os/wait.ts";
import { warn } from "../cli/messages.ts";
import type { Context } from "../cli/tool.ts";
import type { Handed } from "./handed.ts";
import { handOver } from "./handover.ts";
import type { Scanner } from "./scanner.ts";
import { SUPERVISE } from "./supervise_files.ts";
import type { Supervisor } from "./supervisor.ts";
import type { Surroundings } from "./surroundings.ts";

/** When svscan tries again to leave its services to somebody, in milliseconds. */
const RETRY = 1000;

/** How long services have to show that they were sent the same signal, in milliseconds. */
const GRACE = 200;

/** Whether it is a HUP that somebody sent to svscan alone, or to process 1. May take GRACE. */
export function isForUpgrade(
  { signal, fromKernel }: Arrived,
  supervisors: readonly Supervisor[],
): boolean {
  if (signal !== SIGHUP) return false;
  return getpid() === 1 || !fromKernel && !servicesEnd(signal, supervisors, "by it");
}

export class Departure {
  /** Whether a signal has come when nobody could take over: the next one ends svscan in any case. */
  #isDue = false;

  /** @param handed what is to be handed on at that moment */
  constructor(
    private readonly context: Context,
    private readonly surroundings: Surroundings,
    private readonly scanner: Scanner,
    private readonly handed: () => Handed,
  ) {}

  /** Dies of a signal; while nobody can take over, supervision goes on, and it is tried again. */
  dieOf(arrived: Arrived): void {
    if (this.#partWithServices(arrived) || this.#isDue) dieBy(arrived.signal);
    this.#isDue = true;
    this.#tryAgain(arrived.signal);
  }

  #tryAgain(signal: number): void {
    this.surroundings.timers.after(RETRY, () => {
      if (this.#leave() === undefined) dieBy(signal);
      this.#tryAgain(signal);
    });
  }

  /** Sees to the services, one way or the other; whether that could be done. */
  #partWithServices({ signal, fromKernel }: Arrived): boolean {
    const supervisors = this.scanner.supervisors();
    if (supervisors.length === 0) return true;
    // Somebody may have set it so low that none is left to look at services with, and to hand them over.
    setSoftLimit(RLIMIT_NOFILE, getLimit(RLIMIT_NOFILE).hard);
    if (fromKernel || servicesEnd(signal, supervisors, "somehow")) {
      for (const supervisor of supervisors) supervisor.abandon();
      this.scanner.release();
      return true;
    }
    const refused = this.#leave();
    if (refused !== undefined) {
      warn(this.context.name, "unable to leave the services to supervise", refused);
    }
    return refused === undefined;
  }

  /** Leaves what svscan supervises to a process of its own. Returns why that cannot be; undefined: it has taken over. */
  #leave(): SystemError | undefined {
    // What was removed in supervise/ just now: the next svscan would take a service for one that nobody looks after.
    for (const supervisor of this.scanner.supervisors()) supervisor.look();
    try {
      const directory = this.context.args[0] ?? unlessRefused(workingDirectory) ?? ".";
      handOver(this.context, [SUPERVISE, directory], this.handed());
      return undefined;
    } catch (error) {
      if (error instanceof SystemError) return error;
      throw error;
    }
  }
}

/**
 * Whether services that nobody told to end are ending: one of them by this very signal; or, since some exit in an orderly
 * way on it (multilog and tcpserver on TERM), more than half of them by themselves. One that another signal has ended
 * (KILL, a crash) says nothing. Watches for GRACE where they are not.
 */
function servicesEnd(
  signal: number,
  supervisors: readonly Supervisor[],
  how: "by it" | "somehow",
): boolean {
  const steady = supervisors.filter(({ isSteady }) => isSteady).map((one) => one.condition());
  const set = new PollSet(steady.length);
  steady.forEach(({ pidfd }, i) => set.set(i, pidfd));
  for (const end = monotonic() + GRACE; steady.length > 0 && monotonic() < end; sleep(5)) {
    if (steady.some(({ pid }) => endedBy(pid) === signal)) return true;
    if (how !== "somehow" || set.wait(0) === 0) continue;
    const exited = steady.filter(({ pid }, i) => set.happened(i) !== 0 && endedBy(pid) === 0);
    if (exited.length * 2 > steady.length) return true;
  }
  return false;
}
