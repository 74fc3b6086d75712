// SPDX-License-Identifier: 0BSD
/**
 * Finding what a supervisor that was killed has left running, so that it is looked after again and not started a second
 * time, and so that its log pipe lives on.
 *
 * A pid alone proves nothing: it may be another process's by now. The start time (and the boot id) tells; a process
 * that has ended but was not yet reaped has the right start time still, so its pidfd must not be readable.
 *
 * Nor does a record prove anything that a user may have written to whom the service directory belongs: he could name any
 * process, and have root's svscan end it. Such a record counts for processes of his own.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import {
  EPOLLIN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
} from "../os/constants.ts";
import { openDirectory } from "../os/directory.ts";
import {
  EACCES,
  EAGAIN,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOTDIR,
  ENXIO,
  EPERM,
  ESRCH,
  SystemError,
  unlessErrno,
  unlessRefused,
} from "../os/errno.ts";
import { close, open, readlink, readOnce, setNonblocking } from "../os/file.ts";
import { fstat, isLink, lstat, type Stat, stat } from "../os/stat.ts";
import { PollSet } from "../os/poll.ts";
import { allProcesses, bootId, processFacts } from "../os/proc.ts";
import { geteuid, getpid, openPidfd } from "../os/process.ts";
import { type Held, LOGGER_END, type Pipe, pipeName, SERVICE_END } from "./log_pipes.ts";
import { decodeRecord, NO_PIPE, type SupervisionRecord } from "./record.ts";
import { isLocked, isWritableToOthers } from "./supervise_files.ts";
import { decodeStatus, type Status } from "./status_file.ts";

/**
 * What tells that something is not there, not for us to see, or not what it should be. All other trouble says nothing of
 * what was looked at: to take it for absent would be to start a service a second time.
 */
const NOTHING_LEFT = [
  ...[ENOENT, ESRCH, ENOTDIR, EISDIR, ELOOP, EACCES, EPERM, ENXIO],
  EAGAIN, // a FIFO that somebody has put there
];

/** What was left behind in a service directory, and is still true. */
export interface LeftBehind {
  readonly record: SupervisionRecord;
  readonly status: Status;
  /** The user whose processes the record may name; undefined: nobody but us can have written it, and it may name any. */
  readonly author: number | undefined;
}

/**
 * What a supervisor that was killed has left in the directory open at `at`; undefined where there is nothing, or where
 * another supervise has been here since.
 */
export function readLeftBehind(at: number): LeftBehind | undefined {
  const folder = openFolder(at);
  if (folder === undefined) return undefined;
  const { fd, link } = folder;
  try {
    const read = (name: ByteString): File | undefined =>
      unlessErrno(NOTHING_LEFT, () => readFileOf(name, fd));
    const lock = read("lock");
    const record = lock && decodeRecord(fromBytes(lock.content));
    const status = decodeStatus(read("status")?.content ?? new Uint8Array());
    if (lock === undefined || record === undefined || status === undefined) return undefined;
    return isCurrent(record, status)
      ? { record, status, author: authorOf([link, fstat(fd), lock.stat]) }
      : undefined;
  } finally {
    close(fd);
  }
}

/** supervise, and what leads there. */
interface Folder {
  readonly fd: number;
  /** The link that it is, if it is one. */
  readonly link?: Stat;
}

/**
 * Opens supervise in the directory open at `at`. All in it is reached through that: whoever may write to the directory
 * could put another one in its place between two looks.
 */
function openFolder(at: number): Folder | undefined {
  const flags = O_PATH | O_DIRECTORY;
  const fd = unlessErrno(NOTHING_LEFT, () => open("supervise", flags | O_NOFOLLOW, 0, at));
  if (fd !== undefined) return { fd };
  return unlessErrno(NOTHING_LEFT, () => {
    const link = lstat("supervise", at);
    return { fd: open("supervise", flags, 0, at), link };
  });
}

interface File {
  readonly stat: Stat;
  readonly content: Uint8Array;
}

/** The directory may belong to a user, who is not to have us read what is not his: no link is followed. */
function readFileOf(name: ByteString, folder: number): File {
  const fd = open(name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, folder);
  try {
    return { stat: fstat(fd), content: readOnce(fd).slice() };
  } finally {
    close(fd);
  }
}

/** A uid that no process has: (uid_t) -1, chown(2). */
const NOBODY_KNOWN = -1;

/**
 * Who but us may have written what is in the lock; undefined: nobody.
 *
 * @param way the link that supervise is, if it is one, the folder and the lock: whoever may change one of them, may
 */
function authorOf(way: readonly (Stat | undefined)[]): number | undefined {
  const us = geteuid();
  for (const one of way) {
    if (one === undefined) continue;
    if (one.uid !== us) return one.uid;
    if (!isLink(one) && isWritableToOthers(one)) return NOBODY_KNOWN;
  }
  return undefined;
}

function isCurrent({ boot, before, since }: SupervisionRecord, status: Status): boolean {
  return boot === bootId() &&
    [before, since].some(({ seconds, nanoseconds }) =>
      seconds === status.since.seconds && nanoseconds === status.since.nanoseconds
    );
}

/** A process that is still running. */
export interface Found {
  readonly pid: number;
  /** Its pidfd. */
  readonly pidfd: number;
}

/**
 * The process of the service, if it is running.
 *
 * @param directory descriptor of the service directory
 * @throws SystemError where the record names a process that it may not name: started a second time it should not be, either
 */
export function findProcess(
  { record: { phase }, author }: LeftBehind,
  directory: number,
): Found | undefined {
  if (phase.kind === "idle") return undefined;
  if (phase.kind === "starting") return findStray(phase.ticks, directory, author);
  const found = openIfStarted(phase.pid, phase.started);
  if (found === undefined || isOf(found.pid, author)) return found;
  close(found.pidfd);
  const words = `supervise/lock is another user's and names process ${found.pid}, which is not his`;
  throw new SystemError(EPERM, "kill", words);
}

/**
 * Whether process `pid` is the user's; undefined: any user's. Of one that may do more than he, such as a program with the
 * set-user-ID bit, /proc shows root as the owner (proc(5)).
 */
function isOf(pid: number, user: number | undefined): boolean {
  return user === undefined || unlessRefused(() => stat(`/proc/${pid}`))?.uid === user;
}

/** `pid`, if it is the process that was started at `started` and has not ended. */
function openIfStarted(pid: number, started: number): Found | undefined {
  // Only of one that is there: a container may refuse pidfd_open(2) (EPERM, ENOSYS), which does not mean that it is gone.
  if (processFacts(pid)?.started !== started) return undefined;
  const pidfd = unlessErrno([ENOENT, ESRCH], () => openPidfd(pid));
  if (pidfd === undefined) return undefined;
  // In this order: once the descriptor is open, the pid cannot be anybody else's without its having ended.
  try {
    const set = new PollSet(1);
    set.set(0, pidfd, EPOLLIN);
    if (processFacts(pid)?.started === started && set.wait(0) === 0) return { pid, pidfd };
  } catch (error) {
    close(pidfd);
    throw error;
  }
  close(pidfd);
  return undefined;
}

/**
 * The supervisor was killed between starting a process and writing down which. It stands in the service directory, is
 * not older than the intent, and has lost its parent: its new one is an ancestor of ours, as init is.
 */
function findStray(
  ticks: number,
  directory: number,
  author: number | undefined,
): Found | undefined {
  const home = stat(".", directory).identity;
  const ancestors = ancestorsOf(getpid());
  for (const pid of allProcesses()) {
    const facts = processFacts(pid);
    if (facts === undefined || facts.started < ticks || !ancestors.has(facts.parent)) continue;
    // Where it cannot be seen at all it is not the directory that is open here.
    if (unlessRefused(() => stat(`/proc/${pid}/cwd`))?.identity !== home) continue;
    if (!isOf(pid, author)) continue;
    const found = openIfStarted(pid, facts.started);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ancestorsOf(pid: number): Set<number> {
  const found = new Set([1]);
  for (let at = processFacts(pid)?.parent; at !== undefined && at > 0 && !found.has(at);) {
    found.add(at);
    at = processFacts(at)?.parent;
  }
  return found;
}

/**
 * The pipe that process `pid` has at its descriptor `fd`, if it is the one called `name`: a pipe that is reached
 * through /proc opens in either direction, so one side that lives gives both ends.
 */
export function recoverPipe(pid: number, fd: number, name: ByteString): Pipe | undefined {
  const path = `/proc/${pid}/fd/${fd}`;
  if (unlessErrno(NOTHING_LEFT, () => readlink(path)) !== name) return undefined;
  const opened: number[] = [];
  let pipe: Pipe | undefined;
  try {
    const [reader, writer] = [O_RDONLY, O_WRONLY].map((flag) => {
      const end = unlessErrno(NOTHING_LEFT, () => open(path, flag | O_NONBLOCK));
      if (end !== undefined) opened.push(end);
      return end;
    });
    // The process may have put something else there meanwhile.
    if (
      opened.every((end) => pipeName(end) === name) && reader !== undefined && writer !== undefined
    ) {
      for (const end of opened) setNonblocking(end, false);
      pipe = { reader, writer };
    }
    return pipe;
  } finally {
    if (pipe === undefined) opened.forEach(close);
  }
}

/**
 * The log pipe of the service directory `name`, from whichever of the service and its logger still runs, or from who
 * holds it for them.
 *
 * @param held the pipes that are held (log_pipes.ts)
 * @param looksAfter whether we look after the service directory that is open at a descriptor: nobody has left that behind
 */
export function recoverLogPipe(
  name: ByteString,
  held: () => ReadonlyMap<ByteString, readonly Held[]>,
  looksAfter: (directory: number) => boolean,
): Pipe | undefined {
  const names = new Set<ByteString>();
  for (const [path, end] of [[name, SERVICE_END], [`${name}/log`, LOGGER_END]] as const) {
    if (end === LOGGER_END && isLinkOfOthers(path)) continue;
    const left = leftIn(path, looksAfter);
    if (left === undefined) continue;
    const { record, author, found } = left;
    // Another user's word may name the pipe of any service.
    if (author === undefined) names.add(record.pipe);
    if (found === undefined) continue;
    try {
      const pipe = recoverPipe(found.pid, end, record.pipe);
      if (pipe !== undefined) return pipe;
    } finally {
      close(found.pidfd);
    }
  }
  names.delete(NO_PIPE);
  for (const pipe of names) {
    for (const { pid, fd } of held().get(pipe) ?? []) {
      const recovered = recoverPipe(pid, fd, pipe);
      if (recovered !== undefined) return recovered;
    }
  }
  return undefined;
}

/** Whether a user may have made it lead to the logger of another service, to get that one's lines. */
function isLinkOfOthers(path: ByteString): boolean {
  const found = unlessErrno(NOTHING_LEFT, () => lstat(path));
  return found !== undefined && isLink(found) && found.uid !== geteuid();
}

/** What a supervisor that was killed has left in the directory at `path`, and the process that runs there still. */
function leftIn(
  path: ByteString,
  looksAfter: (directory: number) => boolean,
): LeftBehind & { readonly found: Found | undefined } | undefined {
  const directory = unlessErrno(NOTHING_LEFT, () => openDirectory(path));
  if (directory === undefined) return undefined;
  try {
    if (isLocked(directory) && looksAfter(directory)) return undefined;
    const left = readLeftBehind(directory);
    return left && { ...left, found: findProcess(left, directory) };
  } finally {
    close(directory);
  }
}
