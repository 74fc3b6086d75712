// SPDX-License-Identifier: 0BSD
/**
 * Processes: running programs in our place (execve(2); spawn.ts runs them beside us), and who we are.
 *
 * What a program inherits is what a C program would give it: the limit of open files, signal mask and
 * dispositions that we were started with, and no descriptor of ours (all are close-on-exec).
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { F_OK, RLIMIT_NOFILE } from "./constants.ts";
import { EMFILE, SystemError } from "./errno.ts";
import { access, close, dup, dup2, isInherited, isOpen, setCloseOnExec } from "./file.ts";
import { cString, type StringArray, stringArray } from "./c_string.ts";
import { readDirectory } from "./directory.ts";
import { check, errno, libc, pad } from "./libc.ts";
import { statFields } from "./proc.ts";
import { getLimit, type Limits, LimitSwitch } from "./rlimit.ts";
import {
  ignoredForOurselves,
  setDisposition,
  setMask,
  type SignalMask,
  unblock,
} from "./signal.ts";

/** A descriptor of ours and the number it is to have in the program that we run. */
export type Mapping = readonly [ours: number, theirs: number];

/**
 * The descriptor at which we have what a program in our place would find at `theirs`; -1: it would find nothing there (we
 * may have something of the runtime's). A tool that comes behind another one in a chain is such a program: what that one
 * maps is put in its place at the exec only.
 */
export function descriptorOf({ descriptors }: Inheritance, theirs: number): number {
  const mapped = descriptors.findLast((mapping) => mapping[1] === theirs);
  return mapped?.[0] ?? (isInherited(theirs) ? theirs : -1);
}

/** What a program that we run inherits besides arguments and environment. */
export interface Inheritance {
  /** The signal mask it starts with. */
  readonly mask: SignalMask;
  /** Its soft limit of open files; undefined: ours. */
  readonly softFiles: bigint | undefined;
  /** Its hard limit of open files, where ours is higher than what we were given. */
  readonly hardFiles?: bigint | undefined;
  /** Further soft limits. */
  readonly limits: Limits;
  /** Descriptors that it has beside those that are simply open, as setlock(8)'s. */
  readonly descriptors: readonly Mapping[];
}

/** A program to be run. */
export interface Program extends Inheritance {
  /** The file, relative to `directory` if it is not absolute. */
  readonly path: ByteString;
  readonly argv: readonly ByteString[] | StringArray;
  readonly environ: readonly ByteString[] | StringArray;
}

/** The soft limits that a program is to have, by resource. NOFILE first: the others override it. */
export function softLimits(program: Inheritance): Map<number, bigint> {
  const limits = new Map<number, bigint>();
  if (program.softFiles !== undefined) limits.set(RLIMIT_NOFILE, program.softFiles);
  for (const [resource, soft] of program.limits) limits.set(resource, soft);
  return limits;
}

/**
 * The lowest descriptors, up to `most`, that a program which we ran now would find free: a C program in our place
 * would open its next files there. (Here the runtime's and our own stand in the same places, close-on-exec.)
 *
 * @throws SystemError EMFILE when the program's limit of open files leaves fewer than `least`
 */
export function lowestFreeDescriptors(
  inheritance: Inheritance,
  least: number,
  most = least,
): number[] {
  const { soft, hard } = getLimit(RLIMIT_NOFILE);
  const wanted = softLimits(inheritance).get(RLIMIT_NOFILE) ?? soft;
  const limit = wanted < hard ? wanted : hard;
  const taken = new Set(inheritance.descriptors.map(([, theirs]) => theirs));
  const free: number[] = [];
  for (let fd = 0; free.length < most && fd < limit; fd++) {
    if (!taken.has(fd) && !isInherited(fd)) free.push(fd);
  }
  if (free.length < least) throw new SystemError(EMFILE, "open");
  return free;
}

/**
 * Puts the descriptors of `mappings` in their places, in their order, so that one that is still to be duplicated must not
 * be the place of an earlier one. Returns what takes them away again. Throws SystemError.
 */
function placeDescriptors(mappings: readonly Mapping[]): () => void {
  const undo: (() => void)[] = [];
  const takeAway = (): void => undo.reverse().forEach((action) => action());
  try {
    for (const [ours, theirs] of mappings) undo.push(place(ours, theirs));
    return takeAway;
  } catch (error) {
    takeAway();
    throw error;
  }
}

function place(ours: number, theirs: number): () => void {
  if (ours === theirs) {
    setCloseOnExec(ours, false);
    return () => setCloseOnExec(ours, true);
  }
  if (!isOpen(theirs)) {
    dup2(ours, theirs);
    return () => close(theirs);
  }
  // One of the runtime's own: it may still need it.
  const kept = dup(theirs);
  const putBack = (): void => {
    dup2(kept, theirs);
    setCloseOnExec(theirs, true);
    close(kept);
  };
  try {
    dup2(ours, theirs);
    return putBack;
  } catch (error) {
    close(kept);
    throw error;
  }
}

/** How often the runtime's threads are looked at, and how long apart, in microseconds. */
const LOOKS = 200;
const PAUSE = 1000;

/** Waits until the runtime's other threads have nothing to do, or for a while. */
function waitForQuiet(): void {
  const own = String(getpid());
  const others = readDirectory("/proc/self/task").filter((thread) => thread !== own);
  for (let looks = 0; looks < LOOKS && !others.every(isAsleep); looks++) libc().usleep(PAUSE, pad);
}

/** Whether a thread of ours has nothing to do, or is no more. */
function isAsleep(thread: ByteString): boolean {
  const [state] = statFields(`/proc/self/task/${thread}/stat`) ?? ["S"];
  return state === "S";
}

/**
 * execve(2): the program takes our place. Returns only on failure, with the error number; limits, signals and
 * descriptors are as before then.
 *
 * @throws SystemError where its descriptors cannot be put in their places
 */
export function exec(program: Program): number {
  const path = cString(program.path);
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const limits = new LimitSwitch(softLimits(program));
  // So that the limits are not lowered in vain for every directory of PATH.
  if (limits.touchesMemory) {
    const reason = access(program.path, F_OK);
    if (reason !== 0) return reason;
    waitForQuiet();
  }
  const takeAway = placeDescriptors(program.descriptors);
  const mask = setMask(program.mask);
  for (const signal of ignoredForOurselves()) setDisposition(signal, "default");
  const { execve } = libc();
  // Under RLIMIT_AS the next piece of memory that anybody here wants would be our end: from here on nothing is
  // allocated until the limits are off again.
  limits.apply();
  execve(path, argv.array, environ.array, pad);
  const reason = errno();
  limits.takeBack();
  for (const signal of ignoredForOurselves()) setDisposition(signal, "ignore");
  setMask(mask);
  takeAway();
  // Used after the call, so that it lives until then.
  if (argv.keep.length + environ.keep.length < 0) throw new Error();
  return reason;
}

/* The same number on x86-64 and arm64; the C library has no function for it before glibc 2.36. */
const SYS_PIDFD_OPEN = 434n;

/** pidfd_open(2): a descriptor (close-on-exec) that becomes readable when the process ends, child of ours or not. */
export function openPidfd(pid: number): number {
  return check(libc().syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n, 0n, pad), "pidfd_open");
}

const SYS_PIDFD_GETFD = 438n;

/** pidfd_getfd(2): what another process has open at its descriptor `fd`, as a descriptor of ours (close-on-exec). */
export function takeDescriptor(pid: number, fd: number): number {
  const pidfd = openPidfd(pid);
  try {
    const got = libc().syscall(SYS_PIDFD_GETFD, BigInt(pidfd), BigInt(fd), 0n, 0n, pad);
    return check(got, "pidfd_getfd");
  } finally {
    close(pidfd);
  }
}

/* As above: no function before glibc 2.36. */
const SYS_PIDFD_SEND_SIGNAL = 424n;

/** pidfd_send_signal(2); false where it failed (the process has ended, or is not ours to signal). */
export function signalPidfd(pidfd: number, signal: number): boolean {
  return libc().syscall(SYS_PIDFD_SEND_SIGNAL, BigInt(pidfd), BigInt(signal), 0n, 0n, pad) === 0;
}

/** kill(2); false where it failed (no such process, or not ours to signal). */
export function kill(pid: number, signal: number): boolean {
  return libc().kill(pid, signal, pad) === 0;
}

/** Ends this process by `signal`, as if it had not been noticed. Does not return for a signal that ends processes. */
export function dieBy(signal: number): void {
  setDisposition(signal, "default");
  unblock([signal]);
  kill(getpid(), signal);
}

export function getpid(): number {
  return libc().getpid(pad);
}

/** The effective user id. */
export function geteuid(): number {
  return libc().geteuid(pad);
}

/** setsid(2); false where this process already leads a group. */
export function setsid(): boolean {
  return libc().setsid(pad) >= 0;
}

/* These act on all threads: the C library sees to it (nptl(7)). */

/** setgroups(2), setgid(2): `gid` is our group, and the only supplementary one. Throws SystemError. */
export function becomeGroup(gid: number): void {
  const groups = new Uint8Array(new Uint32Array([gid]).buffer);
  check(libc().setgroups(1n, groups, pad), "setgroups");
  check(libc().setgid(gid, pad), "setgid");
}

export function setuid(uid: number): void {
  check(libc().setuid(uid, pad), "setuid");
}

const PR_SET_DUMPABLE = 4;

/**
 * Makes this process its user's own, to look at and to debug, as execve(2) does: setuid(2) has made what lies in
 * /proc/PID root's.
 */
export function setDumpable(): void {
  libc().prctl(PR_SET_DUMPABLE, 1n, null, 0n, 0n, pad);
}
