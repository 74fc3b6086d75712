// SPDX-License-Identifier: 0BSD
/**
 * Handing supervision on to another process of this toolbox: all descriptors stay open on the way (locks stay
 * held, FIFOs keep their readers and what is in them, log pipes their two ends), so nobody notices.
 *
 * The state goes through a file in memory, whose descriptor the environment variable DJBOX_SUPERVISION names. Services
 * never see the variable.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { SystemError } from "../os/errno.ts";
import { close, memoryFile, readToEnd, setCloseOnExec } from "../os/file.ts";
import { exec, type Mapping, type Program, spawn } from "../os/process.ts";
import type { Environment } from "../cli/environment.ts";
import type { Context } from "../cli/tool.ts";
import { type Descriptors, ServiceDirectory } from "./service_directory.ts";
import type { Surroundings } from "./loop.ts";
import { type Condition, Supervisor } from "./supervisor.ts";

const VARIABLE = "DJBOX_SUPERVISION";
/** Guards against a variable that was left over from somewhere: the state is for this version's shape. */
const SHAPE = "djbox supervision 1";

/** A supervisor on its way from one process to another. */
export interface HandedSupervisor {
  readonly name: ByteString;
  readonly descriptors: Descriptors;
  readonly mappings: readonly Mapping[];
  readonly condition: Condition;
}

/** What is handed on: supervisors, and whatever else the sender wants its successor to know. */
export interface Handed<T> {
  readonly shape: string;
  readonly supervisors: readonly HandedSupervisor[];
  /** Further descriptors to be kept open. */
  readonly descriptors: readonly number[];
  readonly more: T;
}

/** `supervisor`, ready to travel. */
export function packSupervisor(supervisor: Supervisor): HandedSupervisor {
  return {
    name: supervisor.directory.name,
    descriptors: supervisor.directory.descriptors,
    mappings: supervisor.mappings,
    condition: supervisor.condition(),
  };
}

/** A supervisor that goes on where the one that was packed stopped. */
export function unpackSupervisor(
  handed: HandedSupervisor,
  surroundings: Surroundings,
  over: () => void,
): Supervisor {
  const directory = new ServiceDirectory(handed.name, handed.descriptors);
  const supervisor = new Supervisor(directory, handed.mappings, surroundings, over);
  supervisor.resume(handed.condition);
  return supervisor;
}

function descriptorsOf<T>(handed: Omit<Handed<T>, "shape">): number[] {
  const all = handed.supervisors.flatMap(({ descriptors, mappings, condition }) => [
    ...Object.values(descriptors) as number[],
    ...mappings.map(([ours]) => ours),
    condition.process,
  ]);
  return [...new Set([...all, ...handed.descriptors])].filter((fd) => fd >= 0);
}

/** Starts a process `argv` of this toolbox beside us that takes over. Returns its pid. */
export function handOver<T>(
  context: Context,
  argv: readonly ByteString[],
  handed: Omit<Handed<T>, "shape">,
): number {
  return passing(context, argv, handed, (program) => spawn(program));
}

/** Becomes a process `argv` of the toolbox's file as it is now, with our pid. Returns only where that failed. */
export function startOver<T>(
  context: Context,
  argv: readonly ByteString[],
  handed: Omit<Handed<T>, "shape">,
): SystemError {
  return passing(
    context,
    argv,
    handed,
    (program) => new SystemError(exec(program), "execve"),
  );
}

function passing<T, R>(
  context: Context,
  argv: readonly ByteString[],
  handed: Omit<Handed<T>, "shape">,
  run: (program: Program) => R,
): R {
  const state: Handed<T> = { shape: SHAPE, ...handed };
  const file = memoryFile("supervision", toBytes(JSON.stringify(state)));
  const open = [file, ...descriptorsOf(handed)];
  const env = context.env.copy();
  env.set(VARIABLE, `${file}`);
  try {
    for (const fd of open) setCloseOnExec(fd, false);
    return run({
      ...context.inheritance,
      path: context.toolbox.file,
      argv,
      environ: env.entries(),
    });
  } finally {
    for (const fd of open) setCloseOnExec(fd, true);
    close(file);
  }
}

/**
 * What another process has handed to this one; undefined: nothing.
 *
 * @param env the tool's environment; the variable is removed from it
 */
export function handedOn<T>(env: Environment): Handed<T> | undefined {
  const fd = env.get(VARIABLE);
  if (fd === undefined) return undefined;
  env.unset(VARIABLE);
  const state = readState<T>(Number(fd));
  if (state === undefined) return undefined;
  for (const fd of descriptorsOf(state)) setCloseOnExec(fd, true);
  return state;
}

function readState<T>(fd: number): Handed<T> | undefined {
  try {
    const state = JSON.parse(fromBytes(readToEnd(fd))) as Handed<T>;
    if (state?.shape !== SHAPE) return undefined;
    close(fd);
    return state;
  } catch (error) {
    if (error instanceof SystemError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
