// SPDX-License-Identifier: 0BSD
/**
 * Programs beside us: what posix_spawn(3) does, and what it cannot do: the child sets its own limits (a small
 * RLIMIT_AS would be the end of our runtime), and where its exec fails there is a process with a pid that ends with
 * code 111, as there is in C.
 *
 * @module
 */
import { SIG_SETMASK, SIGSET_SIZE } from "./constants.ts";
import { SystemError } from "./errno.ts";
import { type Call, DEFAULT_ACTION, Fork, words64 } from "./fork.ts";
import { cString, stringArray } from "./libc.ts";
import { type Mapping, type Program, softLimits, wait } from "./process.ts";
import { getLimit } from "./rlimit.ts";
import { ignoredForOurselves } from "./signal.ts";

/** The exit code of a child whose exec fails. */
const EXIT_FAILED = 111;
const F_SETFD = 2;

/** A new process. */
export interface Spawned {
  readonly pid: number;
  /** Why its exec failed: it exits with code 111 then, and is to be waited for. 0: it runs. */
  readonly errno: number;
}

/** A program that is started beside us, again and again, in one directory or another. */
export class Start {
  readonly #descriptors: readonly Mapping[];
  readonly #fork: Fork;
  readonly #directory: number;
  readonly #limits: readonly (readonly [resource: number, soft: bigint, limit: BigUint64Array])[];
  readonly #exec: number;

  /**
   * @param program its descriptors are as many as there will be
   * @param moves whether it is started in a directory that is not ours
   * @param defaults signals that it is to have at their default, whatever we were started with
   */
  constructor(program: Program, moves: boolean, defaults: readonly number[] = []) {
    const calls: Call[] = program.descriptors.map(() => ({ name: "dup3", args: [-1, -1, 0] }));
    this.#directory = moves ? calls.push({ name: "fchdir", args: [-1] }) - 1 : -1;
    for (const signal of [...ignoredForOurselves(), ...defaults]) {
      calls.push({ name: "rt_sigaction", args: [signal, DEFAULT_ACTION, 0, SIGSET_SIZE] });
    }
    calls.push({
      name: "rt_sigprocmask",
      args: [SIG_SETMASK, words64(program.mask), 0, SIGSET_SIZE],
    });
    this.#limits = [...softLimits(program)].map(([resource, soft]) => {
      const limit = words64(0n, 0n);
      calls.push({ name: "prlimit64", args: [0, resource, limit, 0] });
      return [resource, soft, new BigUint64Array(limit.buffer)];
    });
    this.#exec = calls.push({
      name: "execve",
      args: [cString(program.path), stringArray(program.argv), stringArray(program.environ)],
      passedOver: [],
    }) - 1;
    calls.push({ name: "exit_group", args: [EXIT_FAILED] });
    this.#fork = new Fork(calls);
    this.#descriptors = program.descriptors;
  }

  /**
   * Starts it. Mappings are carried out in their order, so a descriptor that is still to be duplicated must not be the
   * target of an earlier one.
   *
   * @param directory descriptor of the directory it starts in
   * @throws SystemError "clone" when there can be no process
   */
  start(directory = -1, descriptors: readonly Mapping[] = this.#descriptors): Spawned {
    const fork = this.#fork;
    for (const [call, [ours, theirs]] of descriptors.entries()) {
      const stays = ours === theirs;
      fork.become(call, stays ? "fcntl" : "dup3");
      fork.set(call, 0, ours);
      fork.set(call, 1, stays ? F_SETFD : theirs);
    }
    if (this.#directory >= 0) fork.set(this.#directory, 0, directory);
    for (const [resource, soft, limit] of this.#limits) {
      const { hard } = getLimit(resource);
      limit[0] = soft < hard ? soft : hard;
      limit[1] = hard;
    }
    const pid = fork.startAndWait();
    return { pid, errno: fork.errorOf(this.#exec) };
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
  defaults: readonly number[] = [],
): number {
  const { pid, errno } = new Start(program, directory !== undefined, defaults).start(directory);
  if (errno === 0) return pid;
  wait(pid, true);
  throw new SystemError(errno, "execve");
}
