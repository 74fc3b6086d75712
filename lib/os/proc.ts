// SPDX-License-Identifier: 0BSD
/**
 * What /proc tells of processes: proc(5).
 *
 * @module
 */
import { type ByteString, fromBytes } from "./bytes.ts";
import { sinceBoot } from "./clock.ts";
import { O_ACCMODE, O_WRONLY } from "./constants.ts";
import { readDirectory } from "./directory.ts";
import { EACCES, ENOENT, ESRCH, SystemError, unlessErrno, unlessRefused } from "./errno.ts";
import { readBeginning, readFile, readlink } from "./file.ts";

export interface ProcessFacts {
  /** One letter: `T` is stopped, `Z` a zombie. */
  readonly state: string;
  readonly parent: number;
  /** When it was started: clock ticks since boot. Together with the boot id it tells apart uses of one pid. */
  readonly started: number;
}

/** What tells that a process, or what it has, is gone, or not for us to see. */
export const GONE = [ENOENT, ESRCH, EACCES];

/* The fields of /proc/PID/stat behind the name in brackets, counted from the state, which is field 3. */
const STAT_PARENT = 1;
const STAT_STARTED = 19;

/**
 * What there is to know of process `pid`, undefined where there is none. A zombie is one still.
 *
 * @throws SystemError where the system has no descriptor for the file
 */
export function processFacts(pid: number): ProcessFacts | undefined {
  const fields = statFields(`/proc/${pid}/stat`);
  return fields && {
    state: fields[0] ?? "",
    parent: Number(fields[STAT_PARENT]),
    started: Number(fields[STAT_STARTED]),
  };
}

/**
 * The fields of the stat file of a process or a thread from the state on, which is field 3: what stands before it may hold
 * spaces and brackets. undefined where there is none.
 */
export function statFields(path: ByteString): ByteString[] | undefined {
  const stat = readProc(path);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/**
 * Whether process `pid` has ended, be it that its parent has not noticed yet. As long as another thread of it is still
 * ending, its locks and FIFOs are held, and it has not.
 */
export function hasEnded(pid: number): boolean {
  if (!"ZX".includes(processFacts(pid)?.state ?? "X")) return false;
  return (unlessRefused(() => readDirectory(`/proc/${pid}/task`)) ?? []).length <= 1;
}

/** What process `pid` calls itself (prctl(2) PR_SET_NAME); undefined where there is none. */
export function commandName(pid: number): ByteString | undefined {
  return readProc(`/proc/${pid}/comm`)?.trimEnd();
}

/** Whether process `pid` is another user's, so that it is not for us to see where it is and what it runs. */
export function isConcealed(pid: number): boolean {
  try {
    readlink(`/proc/${pid}/cwd`);
    return false;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.errno === EACCES;
  }
}

/** Whether process `pid` has its descriptor `fd` open for reading. */
export function isReadable(pid: number, fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readProc(`/proc/${pid}/fdinfo/${fd}`) ?? "")?.[1];
  return flags !== undefined && (parseInt(flags, 8) & O_ACCMODE) !== O_WRONLY;
}

/** The children of process `pid`'s main thread, zombies among them. */
export function childrenOf(pid: number): number[] {
  return pidsIn(readFile(`/proc/${pid}/task/${pid}/children`));
}

/** The pids of all processes. */
export function allProcesses(): number[] {
  return readDirectory("/proc").map(Number).filter((pid) => pid > 0);
}

/** The pids of our children, those that became ours when they lost their parent (as process 1's do) among them. */
export function allChildren(): number[] {
  // The main thread's: this one's.
  return pidsIn(unlessRefused(() => readFile("/proc/thread-self/children")) ?? new Uint8Array());
}

function pidsIn(list: Uint8Array): number[] {
  return fromBytes(list).split(" ").map(Number).filter((pid) => pid > 0);
}

/** A clock tick in milliseconds: sysconf(3) _SC_CLK_TCK is 100 on all that we run on. */
export const TICK = 10;

/** Clock ticks since boot, the unit of `started`. */
export function ticksSinceBoot(): number {
  return Math.floor(sinceBoot() / TICK);
}

let boot: ByteString | undefined;

/**
 * Names the time in which a pid means what it means to us: this boot of the machine, this life of the container. ""
 * where the kernel does not tell.
 *
 * @throws SystemError where it cannot be asked now
 */
export function bootId(): ByteString {
  return boot ??= namedBoot();
}

/** The pid namespace of the machine itself: PROC_PID_INIT_INO. */
const MACHINE = "4026531836";

function namedBoot(): ByteString {
  const namespace = unlessErrno(GONE, () => readlink("/proc/self/ns/pid"))?.replace(/\D/g, "");
  if (namespace === undefined) return "";
  const id = readProc("/proc/sys/kernel/random/boot_id")?.trim() ?? beginning(namespace);
  return id === undefined ? "" : `${id}:${namespace}`;
}

/** When the first process of a container began: where /proc shows processes only (subset=pid), that tells its lives apart. */
function beginning(namespace: ByteString): ByteString | undefined {
  return namespace === MACHINE ? undefined : processFacts(1)?.started.toString();
}

/** What the file holds; undefined where its process is gone, or it is not for us to see. */
function readProc(path: ByteString): ByteString | undefined {
  return unlessErrno(GONE, () => fromBytes(readBeginning(path)));
}
