// SPDX-License-Identifier: 0BSD
/**
 * Taking services over from the svscan of another package: they and their loggers go on, and what is in their pipes
 * stays there.
 *
 * It is what our own svscan does after its predecessor was killed (lib/supervise/adoption.ts), with the records written
 * that the other supervises do not write. They are stopped (SIGSTOP) meanwhile, so that nothing is started or waited for
 * between the record and their end; where anything is wrong until then, they are let go on as if nothing had been.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { O_RDWR, SIGCONT, SIGKILL, SIGSTOP } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, open, readBeginning, readlink } from "../os/file.ts";
import { stat } from "../os/stat.ts";
import { bootId, childrenOf, commandName, processFacts } from "../os/proc.ts";
import { kill, type Mapping } from "../os/process.ts";
import { Failure } from "../cli/messages.ts";
import { spawnProgram } from "../cli/spawn.ts";
import type { Context } from "../cli/tool.ts";
import { ORIGINAL_PLACE } from "../supervise/place.ts";
import type { Phase } from "../supervise/record.ts";
import { leaveRecord } from "../supervise/service_directory.ts";
import { decodeStatus, type Status } from "../supervise/status_file.ts";
import { hasEntry, runningInit } from "./init.ts";
import { attempt, refusal } from "./messages.ts";
import { isThere } from "./placing.ts";
import { findScanners, type FoundScanner, isSupervised, servicesIn, until } from "./running.ts";

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
  const { pids, directories } = freezeAndRecord(scanner);
  for (const pid of pids) kill(pid, SIGKILL);
  for (const pid of pids) waitUntil(`the end of process ${pid}`, () => hasEnded(pid));
  return directories;
}

/** Has `scanner` and its supervises stand still, and what they know written down; where that fails, they go on. */
function freezeAndRecord(scanner: FoundScanner): { pids: number[]; directories: ByteString[] } {
  const pids: number[] = [];
  const pause = (pid: number): void => {
    pids.push(pid);
    freeze(pid);
  };
  try {
    pause(scanner.pid);
    const held = keepersOf(scanner).map((keeper) => hold(keeper, pause));
    for (const one of held) attempt(`write ${one.directory}/supervise/lock`, () => record(one));
    return { pids, directories: held.map(({ directory }) => directory) };
  } catch (error) {
    for (const pid of pids) kill(pid, SIGCONT);
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${error.text}; everything goes on as it was`);
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
function freeze(pid: number): void {
  if (!kill(pid, SIGSTOP)) throw refusal(`unable to stop process ${pid}: only root may do that`);
  waitUntil(`process ${pid} to stop`, () => processFacts(pid)?.state === "T");
}

/** Stops a supervise at a moment at which its status file is true. */
function hold(keeper: ForeignSupervise, pause: (pid: number) => void): StoppedSupervise {
  const { pid, directory } = keeper;
  const look = (): Status | false => {
    pause(pid);
    const status = statusOf(directory);
    if (status !== undefined && isTrue(status, pid)) return status;
    kill(pid, SIGCONT);
    return false;
  };
  const status = waitUntil(`a quiet moment of ${directory}`, look);
  const pipe = keeper.pipe === undefined
    ? "-"
    : attempt(`look at process ${pid}`, () => readlink(`/proc/${pid}/fd/${keeper.pipe}`));
  return { pid, directory, status, pipe };
}

function statusOf(directory: ByteString): Status | undefined {
  const path = `${directory}/supervise/status`;
  return decodeStatus(attempt(`read ${path}`, () => readBeginning(path)));
}

/** Whether a supervise has the one child that it says it has, or none. */
function isTrue(status: Status, supervise: number): boolean {
  const [child = 0, ...more] = attempt(
    `look at process ${supervise}`,
    () => childrenOf(supervise),
  );
  return child === status.pid && more.length === 0;
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

/** What `look` returns; as long as that is false, it is called again. */
function waitUntil<T>(what: ByteString, look: () => T | false): T {
  let found: T | false = look();
  if (found === false && !until(() => (found = look()) !== false, PATIENCE, PAUSE)) {
    throw refusal(`waited in vain for ${what}`);
  }
  return found as T;
}

/** How long init has to start anew what has ended, in milliseconds. */
const INIT_PATIENCE = 10_000;

/**
 * Has a svscan of `tree` look after `directory`: init's, where that starts it by itself, else one in the background. Returns
 * when it supervises `services`.
 */
export function goOn(
  context: Context,
  tree: ByteString,
  directory: ByteString,
  services: readonly ByteString[],
): void {
  const init = runningInit();
  if (init?.respawns !== true || !hasEntry(init, "")) {
    const nothing = open("/dev/null", O_RDWR);
    const svscan = directory === ORIGINAL_PLACE ? [BOOT_SCRIPT] : ["svscan", directory];
    const argv = [`${tree}/command/pgrphack`, ...svscan];
    const descriptors: Mapping[] = [[nothing, 0], [nothing, 1], [nothing, 2]];
    const env = context.env.copy();
    env.set("PATH", `${tree}/command:${env.get("PATH") ?? ""}`);
    attempt(
      `run ${argv.join(" ")}`,
      () => spawnProgram(argv, undefined, env, { ...context.inheritance, descriptors }),
    );
    close(nothing);
  }
  if (!until(() => services.every(isSupervised), INIT_PATIENCE)) {
    throw refusal(`djbox's svscan does not look after ${directory}: start ${BOOT_SCRIPT}`);
  }
}
