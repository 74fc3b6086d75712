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
import { stringArray } from "../os/c_string.ts";
import {
  AT_FDCWD,
  O_NOFOLLOW,
  SIGCONT,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
} from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, readBeginning } from "../os/file.ts";
import { until } from "../os/poll.ts";
import { stat } from "../os/stat.ts";
import { bootId, childrenOf, hasEnded, isReadable, processFacts } from "../os/proc.ts";
import { geteuid, kill } from "../os/process.ts";
import { ignoreForOurselves } from "../os/signal.ts";
import type { Context } from "../cli/tool.ts";
import { findProcess, readLeftBehind, recoverPipe } from "../supervise/adoption.ts";
import {
  type HeldPipe,
  LOGGER_END,
  type Pipe,
  pipesOf,
  SERVICE_END,
  startLogPipes,
} from "../supervise/log_pipes.ts";
import { NO_PIPE, type Phase } from "../supervise/record.ts";
import { decodeStatus, type Status } from "../supervise/status_file.ts";
import { leaveRecord } from "../supervise/supervise_files.ts";
import { attempt, orTell, refusal } from "./messages.ts";
import { findScanners, type FoundScanner, inDirectory, isOwn, servicesIn } from "./running.ts";

/** How long a supervise has to be between two starts of its service, and a process to end; in milliseconds. */
const PATIENCE = 5000;
const PAUSE = 10;

/** A supervise that is stopped. */
interface StoppedSupervise {
  readonly pid: number;
  readonly directory: ByteString;
  readonly status: Status;
  /** The log pipe, or NO_PIPE. */
  readonly pipe: ByteString;
}

/** A supervise of the other package, and its service directory as it is reached from svscan's. */
interface ForeignSupervise {
  readonly pid: number;
  readonly directory: ByteString;
  /** The descriptor at which it has the log pipe, where there is one. */
  readonly end: number;
}

/**
 * Ends `scanner` and its supervises, with all ready for a svscan of ours to go on. Returns the service directories.
 *
 * This process has both ends of the log pipes open from then on, until it ends: so no service, and no logger, whose other
 * half is down just now is the last one to have its pipe. What is in a pipe while both are down is held for our svscan.
 */
export function endAndKeep(context: Context, scanner: FoundScanner): ByteString[] {
  // Whoever is ended half-way leaves all of them standing still.
  for (const signal of [SIGHUP, SIGINT, SIGTERM]) ignoreForOurselves(signal);
  const { pids, directories } = orTell(
    () => "everything goes on as it was",
    () => freezeAndRecord(context, scanner),
  );
  // svscan last: as long as there is one, a takeover that was killed half-way can be repeated.
  for (const pid of pids.toReversed()) kill(pid, SIGKILL);
  for (const pid of pids) waitUntil(`the end of process ${pid}`, () => hasEnded(pid));
  return directories;
}

/** Has `scanner` and its supervises stand still, and what they know written down; where that fails, they go on. */
function freezeAndRecord(
  { inheritance }: Context,
  scanner: FoundScanner,
): { pids: number[]; directories: ByteString[] } {
  const pids = new Set<number>();
  const pause = (pid: number): void => {
    pids.add(pid);
    freeze(pid);
  };
  try {
    pause(scanner.pid);
    const pipes = logPipesOf(scanner);
    const held = supervisesOf(scanner).map((one) => freezeWhenQuiet(one, pipes, pause));
    for (const one of held) {
      attempt(
        `write ${one.directory}/supervise/lock`,
        () => inDirectory(one.directory, (at) => record(one, at)),
      );
    }
    const directories = attempt(
      `look at ${scanner.directory}`,
      () => adoptableIn(scanner.directory),
    );
    const lost = held.find(({ directory }) => !directories.includes(directory));
    if (lost !== undefined) {
      throw refusal(`what runs in ${lost.directory} could not be found again`);
    }
    attempt("hold the log pipes", () => {
      const recorded = new Set(directories.map(recordedPipe));
      const ours = recover(pipes.filter(({ name }) => recorded.has(name)));
      const surroundings = { environ: stringArray([]), inheritance };
      if (ours.length > 0) startLogPipes(ours, scanner.directory, surroundings);
    });
    return { pids: [...pids], directories };
  } catch (error) {
    for (const pid of pids) kill(pid, SIGCONT);
    throw error;
  }
}

/**
 * The directories of services and loggers that a svscan of ours goes on with: those of the supervises that are held, of those
 * that an earlier takeover has ended, and of a svscan of another djbox, which has no supervises.
 */
function adoptableIn(directory: ByteString): ByteString[] {
  return servicesIn(directory).flatMap((service) => [service, `${service}/log`])
    .filter((path) => unlessRefused(() => inDirectory(path, isAdoptable)) === true);
}

/** Whether our svscan would find again what runs in the service directory open at `at`. */
function isAdoptable(at: number): boolean {
  const left = readLeftBehind(at);
  if (left === undefined) return false;
  const found = findProcess(left, at); // throws where it may not
  if (found !== undefined) close(found.pidfd);
  return true;
}

/**
 * The log pipes of `scanner`: those that it has to read from, too. A service that has got its log/ since it was started
 * writes where svscan does, maybe into a pipe.
 */
function logPipesOf(scanner: FoundScanner): HeldPipe[] {
  return attempt(
    "look at the log pipes",
    () => pipesOf(scanner.pid).filter(({ pid, fd }) => isReadable(pid, fd)),
  );
}

/** Both ends of each. */
function recover(pipes: readonly HeldPipe[]): Pipe[] {
  return pipes.flatMap(({ pid, fd, name }) => recoverPipe(pid, fd, name) ?? []);
}

/** The log pipe that the record in `directory` tells of. */
function recordedPipe(directory: ByteString): ByteString | undefined {
  return unlessRefused(() => inDirectory(directory, readLeftBehind))?.record.pipe;
}

function supervisesOf(scanner: FoundScanner): ForeignSupervise[] {
  const directories = new Map<string, Omit<ForeignSupervise, "pid">>();
  for (const service of servicesIn(scanner.directory)) {
    for (
      const [directory, end] of [[service, SERVICE_END], [`${service}/log`, LOGGER_END]] as const
    ) {
      const found = unlessRefused(() => stat(directory));
      if (found !== undefined) directories.set(found.identity, { directory, end });
    }
  }
  return findScanners(["supervise"]).filter(isOwn).flatMap(({ pid }) => {
    const home = unlessRefused(() => stat(`/proc/${pid}/cwd`))?.identity;
    const place = home === undefined ? undefined : directories.get(home);
    return place === undefined ? [] : [{ pid, ...place }];
  });
}

/** Stops `pid` and waits until it stands. */
function freeze(pid: number): void {
  if (!kill(pid, SIGSTOP)) {
    const advice = geteuid() === 0 ? "" : ": only root may do that";
    throw refusal(`unable to stop process ${pid}${advice}`);
  }
  waitUntil(`process ${pid} to stop`, () => processFacts(pid)?.state === "T");
}

/** Stops a supervise at a moment at which its status file is true. */
function freezeWhenQuiet(
  { pid, directory, end }: ForeignSupervise,
  logPipes: readonly HeldPipe[],
  pause: (pid: number) => void,
): StoppedSupervise {
  const look = (): Status | false => {
    pause(pid);
    const status = statusOf(directory);
    if (status !== undefined && isTrue(status, pid)) return status;
    kill(pid, SIGCONT);
    return false;
  };
  const status = waitUntil(`a quiet moment of ${directory}`, look);
  const open = attempt(`look at process ${pid}`, () => pipesOf(pid).find(({ fd }) => fd === end));
  const pipe = logPipes.find(({ name }) => name === open?.name)?.name ?? NO_PIPE;
  return { pid, directory, status, pipe };
}

function statusOf(directory: ByteString): Status | undefined {
  const path = `${directory}/supervise/status`;
  // The directory may belong to a user, who is not to have us open what is not his.
  const read = (): Uint8Array => readBeginning(path, AT_FDCWD, O_NOFOLLOW);
  return decodeStatus(attempt(`read ${path}`, read));
}

/** Whether a supervise has the one child that it says it has, or none. */
function isTrue(status: Status, supervise: number): boolean {
  const [child = 0, ...more] = attempt(
    `look at process ${supervise}`,
    () => childrenOf(supervise),
  );
  return child === status.pid && more.length === 0;
}

/** Leaves in the directory open at `at` the record that a supervise of ours would have left there. */
function record({ status: { since, pid }, pipe }: StoppedSupervise, at: number): void {
  const started = pid === 0 ? undefined : processFacts(pid)?.started;
  const phase: Phase = started === undefined ? { kind: "idle" } : { kind: "running", pid, started };
  leaveRecord(at, { boot: bootId(), before: since, since, pipe, phase });
}

/** What `look` returns; as long as that is false, it is called again. */
function waitUntil<T>(what: ByteString, look: () => T | false): T {
  let found: T | false = look();
  if (found === false && !until(() => (found = look()) !== false, PATIENCE, PAUSE)) {
    throw refusal(`waited in vain for ${what}`);
  }
  return found as T;
}
