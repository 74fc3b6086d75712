// SPDX-License-Identifier: 0BSD
/**
 * Signals: signal(7). No JavaScript handler ever runs here. A tool that must notice a signal blocks it and reads
 * it from a descriptor (signalfd(2)), beside whatever else it waits for.
 *
 * That works only if every thread of the process has the signal blocked, and the runtime's threads exist before
 * our code runs. So the launcher (scripts/launcher.ts) blocks the signals in `LAUNCHER_BLOCKS` before it
 * starts the runtime; `start.ts` gives the main thread, and it alone, the mask back that we were started with.
 *
 * @module
 */
import {
  O_CLOEXEC,
  O_NONBLOCK,
  SIG_SETMASK,
  SIGALRM,
  SIGCHLD,
  SIGHUP,
  SIGINT,
  SIGPWR,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
} from "./constants.ts";
import { EAGAIN } from "./errno.ts";
import { check, errno, hot, libc, pad } from "./libc.ts";

const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
const SIGSET_SIZE = 128;

/** The signals that all other threads have blocked, so that the main thread alone decides about them. */
export const LAUNCHER_BLOCKS = [
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGUSR1,
  SIGUSR2,
  SIGALRM,
  SIGTERM,
  SIGPWR,
  SIGCHLD,
];

/** A signal mask as 64 bits, signal 1 in the lowest: as the kernel keeps it. */
export type SignalMask = bigint;

/** The mask that has exactly `signals`. */
export function maskOf(signals: readonly number[]): SignalMask {
  return signals.reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);
}

/** `mask` as a sigset_t of the C library, 128 bytes; in `set`, if there is one already. */
function sigset(
  mask: SignalMask,
  set = new Uint8Array(SIGSET_SIZE),
): Uint8Array<ArrayBuffer> {
  new DataView(set.buffer).setBigUint64(0, mask, true);
  return set;
}

/** Sets this thread's mask; returns the one before. */
export function setMask(mask: SignalMask): SignalMask {
  return changeMask(SIG_SETMASK, mask);
}

/** Adds to this thread's mask; returns the one before. */
function block(signals: readonly number[]): SignalMask {
  return changeMask(SIG_BLOCK, maskOf(signals));
}

/** Takes from this thread's mask; returns the one before. */
export function unblock(signals: readonly number[]): SignalMask {
  return changeMask(SIG_UNBLOCK, maskOf(signals));
}

function changeMask(how: number, mask: SignalMask): SignalMask {
  const old = new Uint8Array(SIGSET_SIZE);
  check(libc().sigprocmask(how, sigset(mask), old, pad), "sigprocmask");
  return new DataView(old.buffer).getBigUint64(0, true);
}

/** What a signal does: the default, or nothing. */
export type Disposition = "default" | "ignore";

// struct sigaction of the C library is 152 bytes and begins with the handler: SIG_DFL 0, SIG_IGN 1.
const SIGACTION_SIZE = 152;

/** sigaction(2). */
export function setDisposition(signal: number, disposition: Disposition): void {
  const action = new Uint8Array(SIGACTION_SIZE);
  action[0] = disposition === "ignore" ? 1 : 0;
  check(libc().sigaction(signal, action, null, pad), "sigaction");
}

/** Whether `signal` is ignored now. */
export function isIgnored(signal: number): boolean {
  const action = new Uint8Array(SIGACTION_SIZE);
  check(libc().sigaction(signal, null, action, pad), "sigaction");
  return new DataView(action.buffer).getBigUint64(0, true) === 1n;
}

/* Dispositions belong to the process, and so does this. */
const ignoredByUs = new Set<number>();

/** Ignores `signal` in this process; programs that we run have it as we were started with it. */
export function ignoreForOurselves(signal: number): void {
  if (isIgnored(signal)) return;
  setDisposition(signal, "ignore");
  ignoredByUs.add(signal);
}

/** What `ignoreForOurselves` changed: to be at its default in a program that we run. */
export function ignoredForOurselves(): readonly number[] {
  return [...ignoredByUs];
}

// struct signalfd_siginfo is 128 bytes: ssi_signo u32 at 0, ssi_code i32 at 8
const SIGINFO_SIZE = 128;

/** A signal that arrived. `fromKernel`: not sent by kill(2) but by the kernel, as ^C on a terminal is. */
export interface Arrived {
  readonly signal: number;
  readonly fromKernel: boolean;
}

/** Blocks `signals` in this thread, also ignored ones, and makes them readable at `fd`, a signalfd(2). */
export class SignalDescriptor {
  readonly fd: number;
  readonly #buffer = new Uint8Array(SIGINFO_SIZE);

  constructor(signals: readonly number[]) {
    // A signal that is ignored would never arrive.
    for (const signal of signals) setDisposition(signal, "default");
    block(signals);
    this.fd = check(
      libc().signalfd(-1, sigset(maskOf(signals)), O_CLOEXEC | O_NONBLOCK, pad),
      "signalfd",
    );
  }

  /** The next signal that has arrived, or undefined when there is none. */
  next(): Arrived | undefined {
    const got = hot("read")(this.fd, this.#buffer, SIGINFO_SIZE);
    if (got === SIGINFO_SIZE) {
      const view = new DataView(this.#buffer.buffer);
      return { signal: view.getUint32(0, true), fromKernel: view.getInt32(8, true) > 0 };
    }
    if (got < 0 && errno() !== EAGAIN) check(got, "read");
    return undefined;
  }

  /** Takes all signals that have arrived. */
  each(action: (arrived: Arrived) => void): void {
    for (let one = this.next(); one !== undefined; one = this.next()) action(one);
  }
}
