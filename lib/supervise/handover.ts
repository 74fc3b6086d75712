// SPDX-License-Identifier: 0BSD
/**
 * Handing supervision on, to a process beside us or to ourselves after execve(2): all descriptors stay open on the way
 * (locks stay held, FIFOs keep their readers and what is in them, log pipes their two ends), so nobody notices.
 *
 * The state (handed.ts) goes through a file in memory, whose descriptor the environment variable DJBOX_SUPERVISION
 * names. Services never see the variable. Whoever has understood the state says so in the file; where the variable says
 * `trial`, too, that is all, and nothing is taken over.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { readDirectory } from "../os/directory.ts";
import { ECHILD, SystemError, unlessRefused } from "../os/errno.ts";
import {
  close,
  isOpen,
  memoryFile,
  pread,
  readlink,
  readToEnd,
  setCloseOnExec,
  writeAll,
} from "../os/file.ts";
import { until } from "../os/poll.ts";
import { fstat } from "../os/stat.ts";
import type { Inheritance } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
import { waitIfEnded } from "../os/wait.ts";
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
import { ServiceDirectory } from "./service_directory.ts";
import { Supervisor } from "./supervisor.ts";
import type { Surroundings } from "./surroundings.ts";

const VARIABLE = "DJBOX_SUPERVISION";
/** The name of the file in memory. */
const STATE = "supervision";
const TRIAL = " trial";
/** What who has understood writes behind the state. */
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
export function parcel(env: Environment, handed: Handed, what: "trial" | "handover"): Parcel {
  const file = memoryFile(STATE, encodeHanded(handed));
  const own = env.copy();
  own.set(VARIABLE, `${file}${what === "trial" ? TRIAL : ""}`);
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

/** Whether the program that was given `file` has said that it has understood. It may be reading at this moment. */
export function wasUnderstood(file: number): boolean {
  const last = new Uint8Array(UNDERSTOOD.length);
  pread(file, last, Math.max(0, fstat(file).size - last.length));
  return fromBytes(last) === UNDERSTOOD;
}

/** Whether process `pid` is handing a state on at this moment, or has not closed the file yet that it is in. */
export function isHandingOver(pid: number): boolean {
  const folder = `/proc/${pid}/fd`;
  const open = unlessRefused(() => readDirectory(folder)) ?? [];
  return open.some((fd) => unlessRefused(() => holdsState(`${folder}/${fd}`)) === true);
}

/** Whether a link in /proc/PID/fd leads to a file that a state is in. */
function holdsState(link: ByteString): boolean {
  return readlink(link).startsWith(`/memfd:${STATE} `);
}

/** How long a process that runs has to take over, in milliseconds. */
const PATIENCE = 5000;

/**
 * Starts a process `argv` of this toolbox beside us that takes over, and waits until it has said so, PATIENCE at most:
 * one that still runs then has all descriptors, and counts as slow, not as failed. What happens to the services meanwhile
 * is for that one to see.
 *
 * @throws SystemError where it could not be started, or has ended without a word
 */
export function handOver(context: Context, argv: readonly ByteString[], handed: Handed): void {
  const { file, environ, inheritance } = parcel(context.env, handed, "handover");
  try {
    const pid = spawn({ ...inheritance, path: context.toolbox.file, argv, environ });
    const isOver = (): boolean => {
      if (wasUnderstood(file)) return true;
      if (waitIfEnded(pid) === undefined) return false;
      throw new SystemError(ECHILD, "waitpid", "it has ended at once");
    };
    until(isOver, PATIENCE, 5);
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
  if (handed === undefined && !trial) return undefined;
  if (handed === undefined || handed === "unusable") {
    throw fatal(name, "unable to take over: I don't understand the other version");
  }
  writeAll(file, toBytes(UNDERSTOOD));
  if (trial) return "trial";
  close(file);
  for (const fd of descriptorsOf(handed)) setCloseOnExec(fd, true);
  return handed;
}

/**
 * The state in the file; undefined where there is none. "unusable": it is of another version, or of descriptors that are
 * not open. Whoever went on without it would hold locks and FIFOs of services that nobody looks after.
 */
function readState(file: number): Handed | "unusable" | undefined {
  // A variable that was left over may name what somebody else has there.
  if (unlessRefused(() => holdsState(`/proc/self/fd/${file}`)) !== true) return undefined;
  const handed = unlessRefused(() => decodeHanded(fromBytes(readToEnd(file))));
  return handed !== undefined && descriptorsOf(handed).every(isOpen) ? handed : "unusable";
}
