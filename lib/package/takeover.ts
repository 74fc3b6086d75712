// SPDX-License-Identifier: 0BSD
/**
 * Taking services over from the svscan of another package: they and their loggers go on, and what is in their pipes
 * stays there.
 *
 * It is what our own svscan does after its predecessor was killed (lib/supervise/adoption.ts), with the records written
 * that the other supervises do not write. They are stopped (SIGSTOP) meanwhile, so that nothing is started or waited for
 * between the record and their end; where anything is wrong they are let go on as if nothing had been.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGCONT, SIGKILL, SIGSTOP } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { readBeginning, readlink } from "../os/file.ts";
import { stat } from "../os/stat.ts";
import { bootId, childrenOf, commandName, processFacts } from "../os/proc.ts";
import { kill } from "../os/process.ts";
import type { Phase } from "../supervise/record.ts";
import { leaveRecord } from "../supervise/service_directory.ts";
import { decodeStatus, type Status } from "../supervise/status_file.ts";
import { attempt, refusal } from "./messages.ts";
import { isThere } from "./placing.ts";
import { findScanners, type FoundScanner, servicesIn, until } from "./running.ts";

/** The shell script that svscan was started by. */
const BOOT_SCRIPT = "svscanboot";
/** How long a supervise has to be between two starts of its service, and a process to end; in milliseconds. */
const PATIENCE = 5000;
const PAUSE = 10;

/** A supervise that is stopped. */
interface StoppedSupervise {
  readonly pid: number;
  readonly directory: ByteString;
  readonly status: Status;
  /** The log pipe, or `-`. */
  readonly pipe: ByteString;
}

/** A supervise of the other package, and its service directory as it is reached from svscan's. */
interface ForeignSupervise {
  readonly pid: number;
  readonly directory: ByteString;
  /** The descriptor at which it has the log pipe; undefined: there is none. */
  readonly pipe: number | undefined;
}

/** Ends `scanner` and its supervises, with all ready for a svscan of ours to go on. Returns the service directories. */
export function endAndKeep(scanner: FoundScanner): ByteString[] {
  const stopped: number[] = [];
  const pause = (pid: number): void => {
    stopped.push(pid);
    stop(pid);
  };
  try {
    pause(scanner.pid);
    const held = keepersOf(scanner).map((keeper) => hold(keeper, pause));
    for (const one of held) attempt(`write ${one.directory}/supervise/lock`, () => record(one));
    for (const pid of stopped) kill(pid, SIGKILL);
    for (const pid of stopped) waitUntil(`the end of process ${pid}`, () => hasEnded(pid));
    return held.map(({ directory }) => directory);
  } catch (error) {
    for (const pid of stopped) kill(pid, SIGCONT);
    throw error;
  }
}

/** The script that has started `scanner`; what it still has to say goes where svscan's messages go. 0: there is none. */
export function scriptOf({ pid }: FoundScanner): number {
  const parent = processFacts(pid)?.parent ?? 0;
  return parent > 1 && commandName(parent) === BOOT_SCRIPT ? parent : 0;
}

function keepersOf(scanner: FoundScanner): ForeignSupervise[] {
  const directories = new Map<string, Omit<ForeignSupervise, "pid">>();
  const add = (directory: ByteString, pipe: number | undefined): void => {
    const found = unlessRefused(() => stat(directory));
    if (found !== undefined) directories.set(found.identity, { directory, pipe });
  };
  for (const service of servicesIn(scanner.directory)) {
    const hasLog = isThere(`${service}/log`);
    add(service, hasLog ? 1 : undefined);
    if (hasLog) add(`${service}/log`, 0);
  }
  return findScanners(["supervise"]).flatMap(({ pid }) => {
    const home = unlessRefused(() => stat(`/proc/${pid}/cwd`))?.identity;
    const place = home === undefined ? undefined : directories.get(home);
    return place === undefined ? [] : [{ pid, ...place }];
  });
}

/** Stops `pid` and waits until it stands. */
function stop(pid: number): void {
  if (!kill(pid, SIGSTOP)) throw refusal(`unable to stop process ${pid}: only root may do that`);
  waitUntil(`process ${pid} to stop`, () => processFacts(pid)?.state === "T");
}

/** Stops a supervise at a moment at which its status file is true. */
function hold(keeper: ForeignSupervise, pause: (pid: number) => void): StoppedSupervise {
  const { pid, directory } = keeper;
  let status: Status | undefined;
  waitUntil(`a quiet moment of ${directory}`, () => {
    pause(pid);
    status = decodeStatus(readBeginning(`${directory}/supervise/status`));
    if (status !== undefined && `${childrenOf(pid)}` === `${status.pid || ""}`) return true;
    kill(pid, SIGCONT);
    return false;
  });
  const pipe = keeper.pipe === undefined
    ? "-"
    : attempt(`look at process ${pid}`, () => readlink(`/proc/${pid}/fd/${keeper.pipe}`));
  return { pid, directory, status: status as unknown as Status, pipe };
}

/** Leaves the record that a svscan of ours goes by, as a supervise of ours would have left it. */
function record({ directory, status: { since, pid }, pipe }: StoppedSupervise): void {
  const started = pid === 0 ? undefined : processFacts(pid)?.started;
  const phase: Phase = started === undefined ? { kind: "idle" } : { kind: "running", pid, started };
  leaveRecord(directory, { boot: bootId(), before: since, since, pipe, phase });
}

function hasEnded(pid: number): boolean {
  return "ZX".includes(processFacts(pid)?.state ?? "X");
}

function waitUntil(what: ByteString, condition: () => boolean): void {
  if (!until(condition, PATIENCE, PAUSE)) {
    throw refusal(`waited in vain for ${what}; everything goes on as it was`);
  }
}
