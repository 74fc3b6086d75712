// SPDX-License-Identifier: 0BSD
/**
 * Running a program in our place: execve(2), and what the program inherits.
 *
 * That is what a C program would give it: the limit of open files, signal mask and dispositions that we were
 * started with, and no descriptor of ours (all are close-on-exec).
 *
 * @module
 */
import { type ByteString, fromBytes } from "./bytes.ts";
import { F_OK, RLIMIT_NOFILE } from "./constants.ts";
import { EMFILE, SystemError } from "./errno.ts";
import {
  access,
  close,
  dup,
  dup2,
  isInherited,
  isOpen,
  readDirectory,
  readFile,
  setCloseOnExec,
} from "./file.ts";
import { cString, errno, libc, pad, type StringArray, stringArray } from "./libc.ts";
import { getLimit, type Limits, LimitSwitch } from "./rlimit.ts";
import { ignoredForOurselves, setDisposition, setMask, type SignalMask } from "./signal.ts";

/** A descriptor of ours and the number it is to have in the program that we run. */
export type Mapping = readonly [ours: number, theirs: number];

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
  readonly argv: readonly ByteString[] | Strings;
  readonly environ: readonly ByteString[] | Strings;
}

/** Arguments or an environment, as the kernel takes them. */
export type Strings = StringArray;

/** Makes ready what many programs are to be run with. */
export function prepare(texts: readonly ByteString[]): Strings {
  return stringArray(texts);
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
export function freeDescriptors(
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

/** Puts the descriptors of `mappings` in their places; returns what takes them away again. */
function placeDescriptors(mappings: readonly Mapping[]): () => void {
  const undo: (() => void)[] = [];
  for (const [ours, theirs] of mappings) {
    if (ours === theirs) {
      undo.push(() => setCloseOnExec(ours, true));
    } else if (isOpen(theirs)) {
      // One of the runtime's own: it may still need it.
      const kept = dup(theirs);
      undo.push(() => {
        dup2(kept, theirs);
        setCloseOnExec(theirs, true);
        close(kept);
      });
    } else {
      undo.push(() => close(theirs));
    }
    dup2(ours, theirs);
  }
  return () => undo.reverse().forEach((action) => action());
}

/** How often the runtime's threads are looked at, and how long apart, in microseconds. */
const LOOKS = 200;
const PAUSE = 1000;

/** Waits until the runtime's other threads have nothing to do, or for a while. */
function waitForQuiet(): void {
  const own = String(libc().getpid(pad));
  const others = readDirectory("/proc/self/task").filter((name) =>
    /^\d/.test(name) && name !== own
  );
  for (let looks = 0; looks < LOOKS && !others.every(isAsleep); looks++) libc().usleep(PAUSE, pad);
}

function isAsleep(thread: ByteString): boolean {
  const stat = fromBytes(readFile(`/proc/self/task/${thread}/stat`));
  return stat.charAt(stat.lastIndexOf(")") + 2) === "S";
}

/**
 * execve(2): the program takes our place. Returns only on failure, with the error number; limits and descriptors
 * are as before then.
 */
export function exec(program: Program): number {
  const path = cString(program.path);
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const limits = new LimitSwitch(softLimits(program));
  // Not to fall under the limits for nothing, for every directory of PATH.
  if (limits.touchesMemory) {
    const reason = access(program.path, F_OK);
    if (reason !== 0) return reason;
    waitForQuiet();
  }
  const takeAway = placeDescriptors(program.descriptors);
  setMask(program.mask);
  for (const signal of ignoredForOurselves()) setDisposition(signal, "default");
  const { execve } = libc();
  // Under RLIMIT_AS the next piece of memory that anybody here wants would be our end: from here on nothing is
  // allocated until the limits are off again.
  limits.turn(true);
  execve(path, argv.array, environ.array, pad);
  const reason = errno();
  limits.turn(false);
  takeAway();
  // Used after the call, so that it lives until then.
  if (argv.keep.length + environ.keep.length < 0) throw new Error();
  return reason;
}

const PR_SET_DUMPABLE = 4;

/**
 * Makes this process its user's own, to look at and to debug, as execve(2) does: setuid(2) has made what lies in
 * /proc/PID root's.
 */
export function setDumpable(): void {
  libc().prctl(PR_SET_DUMPABLE, 1n, null, 0n, 0n, pad);
}
