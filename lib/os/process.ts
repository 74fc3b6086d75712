// SPDX-License-Identifier: 0BSD
/**
 * Processes: running programs beside us (posix_spawn(3)), waiting for them, and who we are. What programs inherit,
 * and how one takes our place, is in exec.ts.
 *
 * @module
 */
import { EINTR, SystemError } from "./errno.ts";
import { type Program, softLimits } from "./exec.ts";
import { addressOfSymbol, check, cString, errno, libc, pad, stringArray } from "./libc.ts";
import { isMemoryLimit, setSoftLimit } from "./rlimit.ts";
import { ignoredForOurselves, maskOf, setDisposition, sigset, unblock } from "./signal.ts";

export { prepare, softLimits } from "./exec.ts";
export type { Inheritance, Mapping, Program, Strings } from "./exec.ts";

// spawn.h of glibc: posix_spawn_file_actions_t is 80 bytes, posix_spawnattr_t 336; musl's are smaller.
const ACTIONS_SIZE = 128;
const ATTRIBUTES_SIZE = 512;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/* glibc's posix_spawn leaves its two internal signals ignored in the child unless they are in the set of
 * defaults; sigaddset(3) would refuse them. */
const INTERNAL_SIGNALS = [32, 33];

const actions = new Uint8Array(ACTIONS_SIZE);
const attributes = new Uint8Array(ATTRIBUTES_SIZE);
const blocked = sigset(0n);
const defaulted = sigset(0n);
const spawned = new Int32Array(1);
const spawnedBytes = new Uint8Array(spawned.buffer);

/**
 * posix_spawn(3): starts a program beside us and returns its pid. Mappings are carried out in their order, so a
 * descriptor that is still to be duplicated must not be the target of an earlier one.
 *
 * @param directory descriptor of the directory it starts in
 * @param defaults signals that it is to have at their default, whatever we were started with
 * @throws SystemError "execve" when the program cannot be started: there is no process then
 */
export function spawn(
  program: Program,
  directory?: number,
  defaults: readonly number[] = [],
): number {
  const c = libc();
  c.posix_spawn_file_actions_init(actions, pad);
  c.posix_spawnattr_init(attributes, pad);
  for (const [ours, theirs] of program.descriptors) {
    c.posix_spawn_file_actions_adddup2(actions, ours, theirs, pad);
  }
  if (directory !== undefined) c.posix_spawn_file_actions_addfchdir_np(actions, directory, pad);
  c.posix_spawnattr_setsigmask(attributes, sigset(program.mask, blocked), pad);
  const signals = maskOf([...INTERNAL_SIGNALS, ...ignoredForOurselves(), ...defaults]);
  c.posix_spawnattr_setsigdefault(attributes, sigset(signals, defaulted), pad);
  c.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK, pad);
  const path = cString(program.path);
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const before: [number, bigint][] = [];
  const limits = softLimits(program);
  for (const [resource, soft] of limits) {
    if (!isMemoryLimit(resource)) before.push([resource, setSoftLimit(resource, soft)]);
  }
  const reason = c.posix_spawn(
    spawnedBytes,
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
  const child = spawned[0] as number;
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
const waitStatus = new Int32Array(1);
const waitStatusBytes = new Uint8Array(waitStatus.buffer);

/**
 * waitpid(2) for `pid` (-1: any child). With `hang` it waits, else it returns undefined while the child runs.
 * undefined too where there is no such child.
 */
export function wait(pid: number, hang: boolean): Ended | undefined {
  for (;;) {
    const got = libc().waitpid(pid, waitStatusBytes, hang ? 0 : WNOHANG, pad);
    if (got > 0) return { pid: got, status: waitStatus[0] as number };
    if (got === 0 || errno() !== EINTR) return undefined;
  }
}

const P_PID = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const CLD_KILLED = 2;
const CLD_DUMPED = 3;

/**
 * The signal that has ended our child `pid`; 0 while it runs, or where it ended otherwise. The child stays to be waited
 * for: waitid(2) with WNOWAIT.
 */
export function endedBy(pid: number): number {
  // siginfo_t is 128 bytes: si_signo i32 at 0, si_code i32 at 8, si_status i32 at 24
  const info = new Int32Array(32);
  const options = WNOHANG | WEXITED | WNOWAIT;
  if (libc().waitid(P_PID, pid, new Uint8Array(info.buffer), options, pad) !== 0) return 0;
  return info[2] === CLD_KILLED || info[2] === CLD_DUMPED ? info[6] as number : 0;
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

/* As above: no function before glibc 2.36. */
const SYS_PIDFD_SEND_SIGNAL = 424n;

/** pidfd_send_signal(2); false where it failed (the process has ended, or is not ours to signal). */
export function signalProcess(process: number, signal: number): boolean {
  return libc().syscall(SYS_PIDFD_SEND_SIGNAL, BigInt(process), BigInt(signal), 0n, 0n, pad) === 0;
}

/** kill(2); false where it failed (no such process, or not ours to signal). */
export function kill(pid: number, signal: number): boolean {
  return libc().kill(pid, signal, pad) === 0;
}

/** Ends this process by `signal`, as if nobody had looked for it. Does not return for a signal that ends processes. */
export function dieBy(signal: number): void {
  setDisposition(signal, "default");
  unblock([signal]);
  kill(getpid(), signal);
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
