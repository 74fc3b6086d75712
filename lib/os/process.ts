// SPDX-License-Identifier: 0BSD
/**
 * Processes: running programs in our place (execve(2)) or beside us (posix_spawn(3)), waiting for them, and
 * who we are.
 *
 * What a program inherits is what a C program would give it: the limit of open files, signal mask and
 * dispositions that we were started with, and no descriptor of ours (all are close-on-exec).
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { RLIMIT_NOFILE, SIGPIPE } from "./constants.ts";
import { EINTR, SystemError } from "./errno.ts";
import { dup2 } from "./file.ts";
import { addressOfSymbol, check, cString, errno, libc, pad, stringArray } from "./libc.ts";
import { getLimit, isMemoryLimit, type Limits, setSoftLimit } from "./rlimit.ts";
import { isIgnored, maskOf, setMask, type SignalMask, sigset } from "./signal.ts";

/** A descriptor of ours and the number it is to have in the program that we run. */
export type Mapping = readonly [ours: number, theirs: number];

/**
 * Where we have what a program in our place would have as descriptor `theirs`. A tool that comes behind another one
 * in a chain is such a program: what the other one has put there is still somewhere else.
 */
export function descriptorOf({ descriptors }: Inheritance, theirs: number): number {
  return descriptors.findLast((mapping) => mapping[1] === theirs)?.[0] ?? theirs;
}

/** What a program that we run inherits besides arguments and environment. */
export interface Inheritance {
  /** The signal mask it starts with. */
  readonly mask: SignalMask;
  /** Its soft limit of open files; undefined: ours. */
  readonly softFiles: bigint | undefined;
  /** Further soft limits. */
  readonly limits: Limits;
  /** Descriptors that it has beside those that are simply open, as setlock(8)'s. */
  readonly descriptors: readonly Mapping[];
}

/** A program to be run. */
export interface Program extends Inheritance {
  /** The file, relative to `directory` if it is not absolute. */
  readonly path: ByteString;
  readonly argv: readonly ByteString[];
  readonly environ: readonly ByteString[];
}

/* NOFILE first: the others override it. */
function softLimits(program: Inheritance): Map<number, bigint> {
  const limits = new Map<number, bigint>();
  if (program.softFiles !== undefined) limits.set(RLIMIT_NOFILE, program.softFiles);
  for (const [resource, soft] of program.limits) limits.set(resource, soft);
  return limits;
}

/**
 * execve(2): the program takes our place. Returns only on failure, with the error number; limits are as before
 * then, but descriptors stay where they were put.
 */
export function exec(program: Program): number {
  // All memory is allocated before the limits fall: under RLIMIT_AS the next allocation could be our end.
  const path = cString(program.path);
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const before: [number, bigint][] = [];
  for (const [ours, theirs] of program.descriptors) dup2(ours, theirs);
  setMask(program.mask);
  const limits = softLimits(program);
  for (const resource of limits.keys()) before.push([resource, getLimit(resource).soft]);
  for (const [resource, soft] of limits) setSoftLimit(resource, soft);
  libc().execve(path, argv.array, environ.array, pad);
  const reason = errno();
  for (const [resource, soft] of before) setSoftLimit(resource, soft);
  // Used after the call, so that it lives until then.
  if (argv.keep.length + environ.keep.length < 0) throw new Error();
  return reason;
}

// spawn.h of glibc: posix_spawn_file_actions_t is 80 bytes, posix_spawnattr_t 336; musl's are smaller.
const ACTIONS_SIZE = 128;
const ATTRIBUTES_SIZE = 512;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/* glibc's posix_spawn leaves its two internal signals ignored in the child unless they are in the set of
 * defaults; sigaddset(3) would refuse them. */
const INTERNAL_SIGNALS = [32, 33];

/**
 * posix_spawn(3): starts a program beside us and returns its pid. Mappings are carried out in their order, so a
 * descriptor that is still to be duplicated must not be the target of an earlier one.
 *
 * @param directory descriptor of the directory it starts in
 * @param ignored signals of ours that we ignore but that the program is to have at their default
 * @throws SystemError "execve" when the program cannot be started: there is no process then
 */
export function spawn(
  program: Program,
  directory?: number,
  ignored: readonly number[] = [],
): number {
  const c = libc();
  const actions = new Uint8Array(ACTIONS_SIZE);
  const attributes = new Uint8Array(ATTRIBUTES_SIZE);
  c.posix_spawn_file_actions_init(actions, pad);
  c.posix_spawnattr_init(attributes, pad);
  for (const [ours, theirs] of program.descriptors) {
    c.posix_spawn_file_actions_adddup2(actions, ours, theirs, pad);
  }
  if (directory !== undefined) c.posix_spawn_file_actions_addfchdir_np(actions, directory, pad);
  c.posix_spawnattr_setsigmask(attributes, sigset(program.mask), pad);
  c.posix_spawnattr_setsigdefault(
    attributes,
    sigset(maskOf([...INTERNAL_SIGNALS, ...ignored])),
    pad,
  );
  c.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK, pad);
  const path = cString(program.path);
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const pid = new Int32Array(1);
  const before: [number, bigint][] = [];
  const limits = softLimits(program);
  for (const [resource, soft] of limits) {
    if (isMemoryLimit(resource)) continue;
    before.push([resource, getLimit(resource).soft]);
    setSoftLimit(resource, soft);
  }
  const reason = c.posix_spawn(
    new Uint8Array(pid.buffer),
    path,
    actions,
    attributes,
    argv.array,
    environ.array,
    pad,
  );
  for (const [resource, soft] of before) setSoftLimit(resource, soft);
  c.posix_spawn_file_actions_destroy(actions, pad);
  c.posix_spawnattr_destroy(attributes, pad);
  // Used after the call, so that it lives until then.
  if (reason !== 0 || argv.keep.length + environ.keep.length < 0) {
    throw new SystemError(reason, "execve");
  }
  const child = pid[0] as number;
  for (const [resource, soft] of limits) {
    // These would kill us if they held while we spawn; the child gets them in its first microseconds.
    if (isMemoryLimit(resource)) limitChild(child, resource, soft);
  }
  return child;
}

function limitChild(pid: number, resource: number, soft: bigint): void {
  try {
    setSoftLimit(resource, soft, pid);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error; // it is gone already
  }
}

const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
const SIGCHLD_AT_EXIT = 17;
const CHILD_STACK = 65536;

/**
 * A child that does nothing but exit with `code`: what is left of a C program's fork when its exec fails. It has
 * a pid and is to be waited for like any other. clone(2) as in vfork(2), with the C library's _exit as the
 * child's whole program.
 */
export function spawnExit(code: number): number {
  const stack = new Uint8Array(CHILD_STACK);
  const bottom = Deno.UnsafePointer.of(stack);
  if (bottom === null) throw new Error("no address for a stack");
  const top = Deno.UnsafePointer.offset(bottom, CHILD_STACK - 64);
  const aligned = Deno.UnsafePointer.create(Deno.UnsafePointer.value(top) & ~15n);
  const pid = libc().clone(
    addressOfSymbol("_exit"),
    aligned,
    CLONE_VM | CLONE_VFORK | SIGCHLD_AT_EXIT,
    Deno.UnsafePointer.create(BigInt(code)),
    pad,
  );
  return check(pid, "clone");
}

/** How a child ended, as waitpid(2) tells it. */
export interface Ended {
  readonly pid: number;
  /** The wait status: 256 times the exit code, or the number of the signal. */
  readonly status: number;
}

const WNOHANG = 1;

/**
 * waitpid(2) for `pid` (-1: any child). With `hang` it waits, else it returns undefined while the child runs.
 * undefined too where there is no such child.
 */
export function wait(pid: number, hang: boolean): Ended | undefined {
  const status = new Int32Array(1);
  for (;;) {
    const got = libc().waitpid(pid, new Uint8Array(status.buffer), hang ? 0 : WNOHANG, pad);
    if (got > 0) return { pid: got, status: status[0] as number };
    if (got === 0 || errno() !== EINTR) return undefined;
  }
}

/** The signal that ended the child, 0 if it exited by itself. */
export function signalOf(ended: Ended): number {
  return ended.status & 0x7f;
}

/** The exit code of a child that exited by itself. */
export function exitCodeOf(ended: Ended): number {
  return (ended.status >> 8) & 0xff;
}

/* The same number on x86-64 and arm64; the C library has no function for it before glibc 2.36. */
const SYS_PIDFD_OPEN = 434n;

/** pidfd_open(2): a descriptor (close-on-exec) that becomes readable when the process ends, child of ours or not. */
export function openPid(pid: number): number {
  return check(libc().syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n, 0n, pad), "pidfd_open");
}

/** kill(2); false where it failed (no such process, or not ours to signal). */
export function kill(pid: number, signal: number): boolean {
  return libc().kill(pid, signal, pad) === 0;
}

export function getpid(): number {
  return libc().getpid(pad);
}

/** The real user id. */
export function getuid(): number {
  return libc().getuid(pad);
}

/** setsid(2); false where this process already leads a group. */
export function setsid(): boolean {
  return libc().setsid(pad) >= 0;
}

/* These three act on all threads: the C library sees to it (nptl(7)). */

/** setgroups(2): the supplementary groups become exactly `groups`. */
export function setgroups(groups: readonly number[]): void {
  const list = new Uint32Array(groups);
  check(libc().setgroups(BigInt(groups.length), new Uint8Array(list.buffer), pad), "setgroups");
}

export function setgid(gid: number): void {
  check(libc().setgid(gid, pad), "setgid");
}

export function setuid(uid: number): void {
  check(libc().setuid(uid, pad), "setuid");
}

/** Signals to be given back their default in a child, where we ignore them for ourselves alone. */
export function ignoredForOurselves(wasIgnored: boolean): readonly number[] {
  return isIgnored(SIGPIPE) && !wasIgnored ? [SIGPIPE] : [];
}
