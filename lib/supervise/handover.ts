// SPDX-License-Identifier: 0BSD
/**
 * Handing supervision on, to a process beside us or to ourselves after execve(2): all descriptors stay open on the way
 * (locks stay held, FIFOs keep their readers and what is in them, log pipes their two ends), so nobody notices.
 *
 * The state (handed.ts) goes through a file in memory, whose descriptor the environment variable DJBOX_SUPERVISION
 * names. Services never see the variable. Where it says `trial`, too, whoever reads it takes nothing over, but says that
 * it could.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, memoryFile, readToEnd, seek, setCloseOnExec, writeAll } from "../os/file.ts";
import { fstat, isRegular } from "../os/stat.ts";
import type { Inheritance } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
import type { Environment } from "../cli/environment.ts";
import { fatal } from "../cli/messages.ts";
import type { Context } from "../cli/tool.ts";
import {
  decodeHanded,
  descriptorsOf,
  encodeHanded,
  type Handed,
  type HandedSupervisor,
  SHAPE,
} from "./handed.ts";
import type { Surroundings } from "./loop.ts";
import { ServiceDirectory } from "./service_directory.ts";
import { Supervisor } from "./supervisor.ts";

const VARIABLE = "DJBOX_SUPERVISION";
const TRIAL = " trial";
/** What a trial writes behind the state. */
const UNDERSTOOD = `\nunderstood: ${SHAPE}\n`;

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

/** What a program that is to take over is run with. `file`: the state, to be closed when that is done. */
export interface Parcel {
  readonly file: number;
  readonly environ: readonly ByteString[];
  readonly inheritance: Inheritance;
}

/**
 * Packs `handed` for a program that takes over, or is to say whether it could. The program keeps our limit of open
 * files, which may be above the one that services get: it has as many open.
 */
export function parcel(env: Environment, handed: Handed, trial = false): Parcel {
  const file = memoryFile("supervision", encodeHanded(handed));
  const own = env.copy();
  own.set(VARIABLE, `${file}${trial ? TRIAL : ""}`);
  return {
    file,
    environ: own.entries(),
    inheritance: {
      mask: handed.inheritance.mask,
      softFiles: undefined,
      limits: new Map(),
      descriptors: [file, ...descriptorsOf(handed)].map((fd) => [fd, fd]),
    },
  };
}

/** Whether the program that was given the trial `file` has said that it could take over. */
export function wasUnderstood(file: number): boolean {
  seek(file, 0);
  return fromBytes(readToEnd(file)).endsWith(UNDERSTOOD);
}

/** Starts a process `argv` of this toolbox beside us that takes over. Returns its pid. */
export function handOver(context: Context, argv: readonly ByteString[], handed: Handed): number {
  const { file, environ, inheritance } = parcel(context.env, handed);
  try {
    return spawn({ ...inheritance, path: context.toolbox.file, argv, environ });
  } finally {
    close(file);
  }
}

/**
 * What another process, or our own before its execve(2), has handed to this one; undefined: nothing. "trial": it was
 * only a trial, which we have passed.
 *
 * @param context its environment loses the variable
 */
export function handedOn({ name, env }: Context): Handed | "trial" | undefined {
  const value = env.get(VARIABLE);
  if (value === undefined) return undefined;
  env.unset(VARIABLE);
  const file = Number(/^[0-9]{1,9}/.exec(value)?.[0] ?? -1);
  const trial = value.endsWith(TRIAL);
  const handed = readState(file);
  if (handed === undefined) {
    if (trial) throw fatal(name, "unable to take over: I don't understand the other version");
    return undefined;
  }
  if (trial) {
    writeAll(file, toBytes(UNDERSTOOD));
    return "trial";
  }
  close(file);
  for (const fd of descriptorsOf(handed)) setCloseOnExec(fd, true);
  return handed;
}

/** The state in the file; undefined where there is none, or one of descriptors that are not open. */
function readState(file: number): Handed | undefined {
  return unlessRefused(() => {
    // A variable that was left over may name what somebody else has there, and that may be a terminal.
    if (!isRegular(fstat(file))) return undefined;
    const handed = decodeHanded(fromBytes(readToEnd(file)));
    for (const fd of handed === undefined ? [] : descriptorsOf(handed)) fstat(fd);
    return handed;
  });
}
