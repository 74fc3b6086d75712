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
import { type Program, softLimits, wait } from "./process.ts";
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

/**
 * Starts a program beside us. Mappings are carried out in their order, so a descriptor that is still to be duplicated
 * must not be the target of an earlier one.
 *
 * @param directory descriptor of the directory it starts in
 * @param defaults signals that it is to have at their default, whatever we were started with
 * @throws SystemError "clone" when there can be no process
 */
export function start(
  program: Program,
  directory?: number,
  defaults: readonly number[] = [],
): Spawned {
  const calls: Call[] = program.descriptors.map(([ours, theirs]) =>
    ours === theirs
      ? { name: "fcntl", args: [ours, F_SETFD, 0] }
      : { name: "dup3", args: [ours, theirs, 0] }
  );
  if (directory !== undefined) calls.push({ name: "fchdir", args: [directory] });
  for (const signal of [...ignoredForOurselves(), ...defaults]) {
    calls.push({ name: "rt_sigaction", args: [signal, DEFAULT_ACTION, 0, SIGSET_SIZE] });
  }
  calls.push({
    name: "rt_sigprocmask",
    args: [SIG_SETMASK, words64(program.mask), 0, SIGSET_SIZE],
  });
  for (const [resource, soft] of softLimits(program)) {
    const { hard } = getLimit(resource);
    const limit = words64(soft < hard ? soft : hard, hard);
    calls.push({ name: "prlimit64", args: [0, resource, limit, 0] });
  }
  const argv = stringArray(program.argv);
  const environ = stringArray(program.environ);
  const exec = calls.push({
    name: "execve",
    args: [cString(program.path), argv.array, environ.array],
    passedOver: [],
  }) - 1;
  calls.push({ name: "exit_group", args: [EXIT_FAILED] });
  const fork = new Fork(calls);
  const pid = fork.startAndWait();
  // The strings that the arrays point to are looked at here, so that they live until now.
  const alive = argv.keep.length + environ.keep.length;
  return { pid, errno: alive < 0 ? 0 : fork.errorOf(exec) };
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
  const { pid, errno } = start(program, directory, defaults);
  if (errno === 0) return pid;
  wait(pid, true);
  throw new SystemError(errno, "execve");
}
