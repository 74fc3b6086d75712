// SPDX-License-Identifier: 0BSD
/**
 * Processes that are measured: how they are started, what they have used when they have ended, and what they have
 * while they live.
 *
 * wait4(2) tells what a process and the children it has waited for have used. What leaves children behind
 * (C's recordio runs the program in its own place) leaves them to us: a script that uses this is a subreaper (prctl(2)),
 * so that nothing it has started is ever somebody else's.
 *
 * @module
 */
import { fromBytes, utf8 } from "../../lib/os/bytes.ts";
import { SIGKILL, SIGPIPE } from "../../lib/os/constants.ts";
import { openDirectory } from "../../lib/os/directory.ts";
import { EINTR, SystemError, unlessRefused } from "../../lib/os/errno.ts";
import { close, pipe, readFile, readToEnd } from "../../lib/os/file.ts";
import { addressOf, errno, hot, libc, pad } from "../../lib/os/libc.ts";
import { allProcesses, processFacts } from "../../lib/os/proc.ts";
import { kill, type Mapping } from "../../lib/os/process.ts";
import { spawn } from "../../lib/os/spawn.ts";

/** A program that is to be measured. */
export interface Command {
  /** The program's path first. */
  readonly argv: readonly string[];
  readonly path: string;
  readonly input?: number;
  readonly output?: number;
  readonly errors?: number;
  readonly directory?: string;
}

/** A process that has ended, or more than one together. */
export interface Used {
  /** Milliseconds. */
  readonly cpu: number;
  /** Kilobytes. */
  readonly peak: number;
}

const PR_SET_CHILD_SUBREAPER = 36;
/** linux/posix-timers.h: the clock of a process that counts the time it has run. */
const CPUCLOCK_SCHED = 2;

export function becomeSubreaper(): void {
  libc().prctl(PR_SET_CHILD_SUBREAPER, 1n, null, 0n, 0n, pad);
}

/** Starts a program as our own child: its pid. */
export function startChild(command: Command): number {
  return startWith(command, []);
}

function startWith(command: Command, more: readonly Mapping[]): number {
  const { argv, path, input, output, errors, directory } = command;
  const descriptors: Mapping[] = [];
  for (const [theirs, ours] of [input, output, errors].entries()) {
    if (ours !== undefined) descriptors.push([ours, theirs]);
  }
  const at = directory === undefined ? undefined : openDirectory(utf8(directory));
  try {
    return spawn(
      {
        path: utf8(argv[0] ?? ""),
        argv: argv.map(utf8),
        environ: [`PATH=${path}`, "TZ=UTC", "LC_ALL=C"],
        mask: 0n,
        softFiles: undefined,
        limits: new Map(),
        descriptors: [...descriptors, ...more],
      },
      at,
      { defaults: [SIGPIPE] },
    );
  } finally {
    if (at !== undefined) close(at);
  }
}

/**
 * Starts a program through a shell that goes away: its pid. A process that is made from a large one has that one's
 * memory in its ru_maxrss for ever, even where it shares it only until its exec.
 */
export function startSmall(command: Command): number {
  const { reader, writer } = pipe();
  const argv = [
    "/bin/sh",
    "-c",
    'exec 3<&0; "$@" <&3 3<&- 9>&- & echo $! >&9',
    "sh",
    ...command.argv,
  ];
  const shell = startWith({ ...command, argv }, [[writer, 9]]);
  close(writer);
  const pid = Number(fromBytes(readToEnd(reader)));
  close(reader);
  waitFor(shell);
  return pid;
}

/* The same on both machines but for the number of the call. */
const SYS_WAIT4 = Deno.build.arch === "x86_64" ? 61n : 260n;
const status = new Int32Array(1);
/* struct rusage: ru_utime and ru_stime as seconds and microseconds, ru_maxrss, 11 more; 64 bits each. */
const usage = new BigInt64Array(18);
const statusAddress = addressOf(new Uint8Array(status.buffer));
const usageAddress = addressOf(new Uint8Array(usage.buffer));
const WNOHANG = 1n;

interface Ended extends Used {
  readonly pid: number;
  readonly status: number;
}

/** wait4(2); undefined where there is no such child (or, with WNOHANG, none that has ended). */
function wait4(pid: number, options = 0n): Ended | undefined {
  for (;;) {
    const got = libc().syscall(SYS_WAIT4, BigInt(pid), statusAddress, options, usageAddress, pad);
    if (got === 0 || (got < 0 && errno() !== EINTR)) return undefined;
    if (got < 0) continue;
    const [userS = 0n, userUs = 0n, systemS = 0n, systemUs = 0n, peak = 0n] = usage;
    const cpu = Number(userS + systemS) * 1e3 + Number(userUs + systemUs) / 1e3;
    return { pid: got, status: status[0] as number, cpu, peak: Number(peak) };
  }
}

/** Waits for one child, and expects it to have ended well (or by `signal`). */
export function waitFor(pid: number, signal = 0): Used {
  const ended = wait4(pid);
  if (ended === undefined) throw new Error(`there is no process ${pid}`);
  expectWell(ended, signal);
  return ended;
}

function expectWell({ pid, status }: Ended, signal: number): void {
  if (status === 0 || status === signal) return;
  throw new Error(`process ${pid} has ended with wait status ${status}`);
}

/** Waits until all children have ended; what they have used, without `except`. */
export function waitForAll(except: readonly number[]): Used {
  let [cpu, peak] = [0, 0];
  for (;;) {
    const ended = wait4(-1);
    if (ended === undefined) return { cpu, peak };
    if (except.includes(ended.pid)) continue;
    expectWell(ended, 0);
    cpu += ended.cpu;
    peak = Math.max(peak, ended.peak);
  }
}

/** Tells a server to end: what it and its children have used. */
export function end(pid: number, signal: number): Used {
  kill(pid, signal);
  return waitFor(pid, signal);
}

/** The pids of all processes below `ancestor`, that one not included. */
export function descendants(ancestor: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of allProcesses()) {
    const parent = processFacts(pid)?.parent;
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(ancestor);
}

/** Takes note of all children that have ended: only then are their pids free. */
export function reap(): void {
  while (wait4(-1, WNOHANG) !== undefined) { /* the next one */ }
}

/** Ends everything that this process has started. */
export function endEverything(): void {
  for (;;) {
    const left = descendants(Deno.pid);
    if (left.length === 0) return;
    for (const pid of left) kill(pid, SIGKILL);
    reap();
  }
}

/** What processes have while they live, in kilobytes. */
export interface Memory {
  /** Each page's share: a page that n processes have counts an nth for each. */
  readonly pss: number;
  /** What is theirs alone and would have to be kept: Private_Dirty. */
  readonly dirty: number;
}

/** The memory of processes together. */
export function memoryOf(pids: readonly number[]): Memory {
  const total = { pss: 0, dirty: 0 };
  for (const pid of pids) {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    total.pss += Number(/^Pss: *(\d+)/m.exec(text)?.[1]);
    total.dirty += Number(/^Private_Dirty: *(\d+)/m.exec(text)?.[1]);
  }
  return total;
}

/**
 * The time that processes have run, in milliseconds; finer than the ticks of /proc/PID/stat, and, other than what
 * /proc/PID/task tells, with the threads that have ended: the runtime's do, after ten seconds without work.
 */
export function cpuOf(pids: readonly number[]): number {
  const timespec = new BigInt64Array(2);
  let sum = 0;
  for (const pid of pids) {
    // As clock_getcpuclockid(3) makes it.
    const clock = ~pid << 3 | CPUCLOCK_SCHED;
    if (hot("clock_gettime")(clock, new Uint8Array(timespec.buffer)) !== 0) {
      throw new SystemError(errno(), "clock_gettime");
    }
    sum += Number(timespec[0]) * 1e3 + Number(timespec[1]) / 1e6;
  }
  return sum;
}

/** What a process calls itself. */
export function nameOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
  } catch {
    return ""; // gone
  }
}

/** Whether process `pid` lives and was started with `variable`, `NAME=value`, in its environment. */
export function carries(pid: number, variable: string): boolean {
  if (!isAlive(pid)) return false;
  const environ = unlessRefused(() => readFile(`/proc/${pid}/environ`)); // gone meanwhile, or somebody else's
  return environ !== undefined && fromBytes(environ).split("\0").includes(variable);
}

/** Whether there is a process `pid` that has not ended. */
export function isAlive(pid: number): boolean {
  return !"ZX".includes(processFacts(pid)?.state ?? "X");
}

/** What was waited for has not come in time. */
export class Late extends Error {}

/**
 * Waits until `condition` holds, without taking a processor from those that are to bring it about.
 *
 * @throws Late after `patience` milliseconds
 */
export function until(what: string, condition: () => boolean, patience = 60_000): void {
  const end = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Late(`not within ${patience / 1000} s: ${what}`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}
