// SPDX-License-Identifier: 0BSD
/**
 * Programs beside us: what posix_spawn(3) does, and what it cannot do: the child sets its own limits (a small
 * RLIMIT_AS would be the end of our runtime), and where its exec fails there is a process with a pid that ends with
 * code 111, as there is in C.
 *
 * @module
 */
import {
  ARCH,
  F_SETFD,
  KERNEL_SIGSET_SIZE,
  O_PATH,
  PR_SET_PDEATHSIG,
  RLIMIT_NOFILE,
  SIG_SETMASK,
  SIGKILL,
} from "./constants.ts";
import { EMFILE, SystemError, unlessRefused } from "./errno.ts";
import { close, dup, dup3, isInherited, open } from "./file.ts";
import { type Call, DEFAULT_ACTION, Fork, NO_FAULT_HANDLERS, timespec, words64 } from "./fork.ts";
import { cString, stringArray } from "./c_string.ts";
import { readDirectory } from "./directory.ts";
import { libc, pad } from "./libc.ts";
import { type Mapping, type Program, softLimits } from "./process.ts";
import { getLimit } from "./rlimit.ts";
import { ignoredForOurselves } from "./signal.ts";
import { waitFor } from "./wait.ts";

/** The exit code of a child whose exec fails. */
const EXIT_FAILED = 111;

/** A new process. */
export interface Spawned {
  readonly pid: number;
  /** Why its exec failed: it exits with code 111 then, and is to be waited for. 0: it runs. */
  readonly errno: number;
}

const SYS_CLOSE_RANGE = BigInt(ARCH.calls.close_range);
const CLOSE_RANGE_UNSHARE = 2;
const LAST = 0xffffffff;

/**
 * What divides our descriptors into those that a child gets and those that it does not even get copies of, which is most
 * of them: to copy five thousand, and to close them again at the exec, takes the kernel 0.3 ms.
 */
class DescriptorSplit {
  /** A child gets those below. */
  readonly end: number;

  /**
   * @param spare the last of them, where one from above is put for as long as a start takes
   * @param placeholder what is open there else
   * @param kept those below that the program is to have
   */
  private constructor(
    private readonly spare: number,
    private readonly placeholder: number,
    private readonly kept: ReadonlySet<number>,
  ) {
    this.end = spare + 1;
  }

  /**
   * One that leaves a program what it is to have. undefined where the system has no close_range(2), as before Linux 5.9,
   * or does not tell what is open.
   */
  static open({ descriptors }: Program): DescriptorSplit | undefined {
    const last = BigInt(LAST);
    if (libc().syscall(SYS_CLOSE_RANGE, last, last, 0n, 0n, pad) !== 0) return undefined;
    return unlessRefused(() => {
      const inherited = readDirectory("/proc/self/fd").map(Number).filter(isInherited);
      const kept = new Set([0, 1, 2, ...inherited, ...descriptors.map(([, theirs]) => theirs)]);
      const placeholder = open("/", O_PATH);
      try {
        const spare = dup(placeholder, Math.max(...kept, ...descriptors.flat()) + 1);
        return new DescriptorSplit(spare, placeholder, kept);
      } catch (error) {
        close(placeholder);
        throw error;
      }
    });
  }

  /**
   * What closes in a child what lies below the split and the program is not to have; otherwise it would hold it (locks,
   * too) for as long as its exec is kept waiting.
   */
  closings(): Call[] {
    const calls: Call[] = [];
    let first = 0;
    for (const fd of [...this.kept, this.end].sort((a, b) => a - b)) {
      if (fd > first) calls.push({ name: "close_range", args: [first, fd - 1, 0] });
      first = fd + 1;
    }
    return calls;
  }

  /** Where a child finds what is open at `fd`, until `clear`. Throws SystemError. */
  bring(fd: number): number {
    if (fd < this.spare) return fd;
    try {
      dup3(fd, this.spare);
    } catch (error) {
      // The limit of open files has been set so low meanwhile that there is no such place.
      throw error instanceof SystemError ? new SystemError(EMFILE, error.call) : error;
    }
    return this.spare;
  }

  /** Nothing is kept open for a child any more; where the system refuses that, until the next one. */
  clear(): void {
    unlessRefused(() => dup3(this.placeholder, this.spare));
  }
}

/** Has a child find what is open at `ours` as its descriptor `theirs`. Without it, it is not to go on. */
export function handOn(ours: number, theirs: number): Call {
  return ours === theirs
    ? { name: "fcntl", args: [ours, F_SETFD, 0], passedOver: [] }
    : { name: "dup3", args: [ours, theirs, 0], passedOver: [] };
}

/** How long a program that is started often may take to become one; then it goes on alone. */
const PATIENCE = timespec(100);

/** How a program is started. */
interface Manner {
  /** Whether in a directory that is not ours. */
  readonly moves?: boolean;
  /** Signals that it is to have at their default, whatever we were started with. */
  readonly defaults?: readonly number[];
  /** Whether again and again, each time with another directory and another descriptor. */
  readonly often?: boolean;
  /** Whether it is killed when this process ends. */
  readonly diesWithUs?: boolean;
}

/** A program that is ready to be started beside us, once or again and again. */
export class SpawnPlan {
  readonly #calls: readonly Call[];
  #fork: Fork;
  /** Lists that late children still go through, kept from the garbage collector. */
  #left: readonly Fork[] = [];
  readonly #often: boolean;
  readonly #split: DescriptorSplit | undefined;
  /* Where in the list the calls stand that are different at each start, or asked after; undefined: there is none such. */
  readonly #unshare: number | undefined;
  readonly #directory: number | undefined;
  readonly #further: number | undefined;
  readonly #limits: readonly {
    readonly resource: number;
    readonly soft: bigint;
    /** Undefined: ours. */
    readonly hard: bigint | undefined;
    /** What the call is given. */
    readonly limit: BigUint64Array;
  }[];

  /**
   * Mappings are carried out in their order, so a descriptor that is still to be duplicated must not be the target of an
   * earlier one.
   */
  constructor(
    program: Program,
    { moves = false, defaults = [], often = false, diesWithUs = false }: Manner = {},
  ) {
    const calls: Call[] = [];
    const add = (call: Call): number => calls.push(call) - 1;
    if (diesWithUs) add({ name: "prctl", args: [PR_SET_PDEATHSIG, SIGKILL] });
    // Nothing is to be run that is called so in another directory.
    if (moves) this.#directory = add({ name: "fchdir", args: [-1], passedOver: [] });
    const split = this.#split = often ? DescriptorSplit.open(program) : undefined;
    if (split !== undefined) {
      // What comes behind it would change our own descriptors if it had failed.
      const args = [split.end, LAST, CLOSE_RANGE_UNSHARE];
      this.#unshare = add({ name: "close_range", args, passedOver: [] });
    }
    program.descriptors.forEach(([ours, theirs]) => add(handOn(ours, theirs)));
    if (often) this.#further = add(handOn(-1, 0));
    split?.closings().forEach(add);
    NO_FAULT_HANDLERS.forEach(add);
    for (const signal of [...ignoredForOurselves(), ...defaults]) {
      add({ name: "rt_sigaction", args: [signal, DEFAULT_ACTION, 0, KERNEL_SIGSET_SIZE] });
    }
    const mask = words64(program.mask);
    add({ name: "rt_sigprocmask", args: [SIG_SETMASK, mask, 0, KERNEL_SIGSET_SIZE] });
    this.#limits = [...softLimits(program)].map(([resource, soft]) => {
      const limit = words64(0n, 0n);
      add({ name: "prlimit64", args: [0, resource, limit, 0] });
      const hard = resource === RLIMIT_NOFILE ? program.hardFiles : undefined;
      return { resource, soft, hard, limit: new BigUint64Array(limit.buffer) };
    });
    add({
      name: "execve",
      args: [cString(program.path), stringArray(program.argv), stringArray(program.environ)],
      passedOver: [],
    });
    add({ name: "exit_group", args: [EXIT_FAILED] });
    this.#calls = calls;
    this.#fork = new Fork(calls);
    this.#often = often;
  }

  /**
   * Starts it.
   *
   * @param directory descriptor of the directory it starts in
   * @param further a descriptor that it is to have beside the program's, as 0, 1 or 2
   * @throws SystemError "clone" when there can be no process
   */
  start(directory = -1, further?: Mapping): Spawned {
    const fork = this.#fork;
    if (this.#directory !== undefined) fork.set(this.#directory, 0, directory);
    for (const { resource, soft, hard, limit } of this.#limits) {
      const ours = getLimit(resource).hard;
      const most = hard !== undefined && hard < ours ? hard : ours;
      limit[0] = soft < most ? soft : most;
      limit[1] = most;
    }
    const brought = this.#bring(further);
    try {
      const pid = this.#often ? fork.startAndWaitFor(PATIENCE, this.#unshare) : fork.startAndWait();
      if (!fork.isInside) return { pid, errno: fork.failure };
      this.#leave(fork);
      return { pid, errno: 0 };
    } finally {
      if (brought) this.#split?.clear();
    }
  }

  /** Leaves its list to a child that exec keeps waiting. */
  #leave(fork: Fork): void {
    this.#left = [...this.#left.filter((other) => other.isInside), fork];
    this.#fork = new Fork(this.#calls);
  }

  /** Writes `further` into the list. Returns whether it was brought from beyond the split. */
  #bring(further: Mapping | undefined): boolean {
    if (this.#further === undefined) return false;
    if (further === undefined) {
      this.#fork.become(this.#further, "getpid");
      return false;
    }
    const [fd, theirs] = further;
    const ours = this.#split?.bring(fd) ?? fd;
    const stays = ours === theirs;
    this.#fork.become(this.#further, stays ? "fcntl" : "dup3");
    this.#fork.set(this.#further, 0, ours);
    this.#fork.set(this.#further, 1, stays ? F_SETFD : theirs);
    return ours !== fd;
  }
}

/**
 * Starts a program beside us, or does not: a child whose exec has failed is waited for.
 *
 * @returns its pid
 * @throws SystemError "clone" or "execve"
 */
export function spawn(
  program: Program,
  directory?: number,
  manner: Pick<Manner, "defaults" | "diesWithUs"> = {},
): number {
  const moves = directory !== undefined;
  const { pid, errno } = new SpawnPlan(program, { ...manner, moves }).start(directory);
  if (errno === 0) return pid;
  waitFor(pid);
  throw new SystemError(errno, "execve");
}
