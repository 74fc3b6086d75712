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
import { type Mapping } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
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

/** What is handed on. */
interface Handed {
  readonly shape: string;
  readonly supervisors: readonly HandedSupervisor[];
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

function descriptorsOf(supervisors: readonly HandedSupervisor[]): number[] {
  const all = supervisors.flatMap(({ descriptors, mappings, condition }) => [
    ...Object.values(descriptors) as number[],
    ...mappings.map(([ours]) => ours),
    condition.process,
  ]);
  return [...new Set(all)].filter((fd) => fd >= 0);
}

/** Starts a process `argv` of this toolbox beside us that takes over. Returns its pid. */
export function handOver(
  context: Context,
  argv: readonly ByteString[],
  supervisors: readonly HandedSupervisor[],
): number {
  const state: Handed = { shape: SHAPE, supervisors };
  const file = memoryFile("supervision", toBytes(JSON.stringify(state)));
  const open = [file, ...descriptorsOf(supervisors)];
  const env = context.env.copy();
  env.set(VARIABLE, `${file}`);
  try {
    for (const fd of open) setCloseOnExec(fd, false);
    return spawn({
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
export function handedOn(env: Environment): readonly HandedSupervisor[] | undefined {
  const fd = env.get(VARIABLE);
  if (fd === undefined) return undefined;
  env.unset(VARIABLE);
  const supervisors = readState(Number(fd))?.supervisors;
  for (const fd of descriptorsOf(supervisors ?? [])) setCloseOnExec(fd, true);
  return supervisors;
}

function readState(fd: number): Handed | undefined {
  try {
    const state = JSON.parse(fromBytes(readToEnd(fd))) as Handed;
    if (state?.shape !== SHAPE) return undefined;
    close(fd);
    return state;
  } catch (error) {
    if (error instanceof SystemError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
