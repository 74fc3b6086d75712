// SPDX-License-Identifier: 0BSD
/**
 * Making and opening what is in the folder supervise of a service directory, which may belong to a user who is not to
 * have us write into what is not his: no link is followed, no file with a second name is written to, and what stands in the
 * place of a FIFO is taken away, unless a link of his may have led into somebody else's folder.
 *
 * @module
 */
import { type ByteString, putBytes } from "../os/bytes.ts";
import {
  LOCK_EX,
  LOCK_NB,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from "../os/constants.ts";
import { mkdir } from "../os/directory.ts";
import {
  EEXIST,
  EINVAL,
  ELOOP,
  ENOENT,
  ENOSPC,
  ENXIO,
  EPERM,
  succeeds,
  SystemError,
  unlessErrno,
  unlessRefused,
} from "../os/errno.ts";
import {
  close,
  flock,
  ftruncate,
  mkfifo,
  open,
  pwrite,
  readlink,
  rename,
  unlink,
} from "../os/file.ts";
import { geteuid } from "../os/process.ts";
import { fstat, isFifo, isLink, isRegular, lstat, type Stat, statIfThere } from "../os/stat.ts";
import { fatal, orFatal } from "../cli/messages.ts";
import { encodeRecord, RECORD_SIZE, type SupervisionRecord } from "./record.ts";

/** The name that messages begin with, whichever tool supervises. */
export const SUPERVISE = "supervise";

const LOCK = "supervise/lock";
const NEW_LOCK = "supervise/lock.new";

/** The permissions of group and others to write, inode(7). */
const WRITABLE_TO_OTHERS = 0o022;

const recordBytes = new Uint8Array(RECORD_SIZE);

/**
 * Whether a file is one to write into: whoever may write to the directory must not have us write into another file, one
 * that has two names.
 */
function hasOneName(file: Stat): boolean {
  return file.links === 1 && isRegular(file);
}

/** Whether what stands in a file is our own word: nobody else may write to it (but root, who may do all). */
function isOurs(file: Stat): boolean {
  return hasOneName(file) && file.uid === geteuid() && !isWritableToOthers(file);
}

/** Whether group or others may write to it: inode(7). */
export function isWritableToOthers({ mode }: Stat): boolean {
  return (mode & WRITABLE_TO_OTHERS) !== 0;
}

/** Writes a record to the lock file that is open at `lock`. Returns whether all of it is written. */
export function putRecord(lock: number, record: SupervisionRecord): boolean {
  putBytes(recordBytes, 0, encodeRecord(record));
  return pwrite(lock, recordBytes, 0) === RECORD_SIZE;
}

/**
 * Leaves a record behind in the lock file of the service directory open at `at`, in the place of a supervise that leaves
 * none. No link is followed, and nothing is waited for: the directory may belong to a user.
 *
 * @throws SystemError where it cannot be written, EINVAL where the lock is no file of its own
 */
export function leaveRecord(at: number, record: SupervisionRecord): void {
  let lock = open(LOCK, O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0, at);
  try {
    lock = ownLock(lock, at);
    if (!isFit(lock, at)) throw new SystemError(EINVAL, "open", "not a file with one name");
    if (!putRecord(lock, record)) throw new SystemError(ENOSPC, "pwrite");
  } finally {
    close(lock);
  }
}

/** Whether the lock of the service directory open at `at` is a file that a record can be written to. */
export function isFit(lock: number, at: number): boolean {
  const file = fstat(lock);
  return isOurs(file) || (hasOneName(file) && !leadsAway(at));
}

/**
 * Whether supervise is another user's link: it may lead into a folder that is not his, whose files we are to leave alone
 * but for those that C's supervise writes.
 */
function leadsAway(at: number): boolean {
  const folder = lstat("supervise", at);
  return isLink(folder) && folder.uid !== geteuid();
}

/** Takes away what is in the place of a file of ours in supervise. */
function takeAway(path: ByteString, at: number): void {
  if (leadsAway(at)) throw new SystemError(EPERM, "unlink");
  unlink(path, at);
}

/**
 * A lock that nobody else may write to, in the place of `lock`: a record in another one would count for little
 * (`readLeftBehind` in adoption.ts). Returns `lock` where that is ours, and where the file system gives us no file of our
 * own; else that one is closed.
 *
 * @param lock supervise/lock of the service directory open at `at`, which is in its place
 * @throws SystemError where there can be no new one
 */
export function ownLock(lock: number, at: number): number {
  if (isOurs(fstat(lock)) || leadsAway(at)) return lock;
  unlessErrno([ENOENT], () => unlink(NEW_LOCK, at));
  const fresh = acquireLock(NEW_LOCK, at);
  let kept = lock;
  try {
    if (isOurs(fstat(fresh))) {
      rename(NEW_LOCK, LOCK, at);
      kept = fresh;
    } else unlink(NEW_LOCK, at);
  } finally {
    close(kept === lock ? fresh : lock);
  }
  return kept;
}

/**
 * Takes hold of supervise, which is made where it is missing.
 *
 * @param held the lock, if we have it already
 */
export function openSupervise(
  name: ByteString,
  at: number,
  held?: number,
): { lock: number; control: number } {
  makeSupervise(at);
  const lock = held ?? orFatal(
    SUPERVISE,
    `unable to acquire ${name}/supervise/lock`,
    () => acquireLock(LOCK, at),
  );
  try {
    return { lock, control: makeControl(name, at) };
  } catch (error) {
    if (held === undefined) close(lock);
    throw error;
  }
}

/**
 * Opens a file to be written anew; what is in its place and no file of ours (a link, a FIFO) is taken away: a service
 * directory may belong to a user who is not to have our files written over.
 */
export function openFresh(path: ByteString, at: number): number {
  const flags = O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CREAT;
  // ELOOP: a link; ENXIO: a FIFO that nobody reads.
  const there = unlessErrno([ELOOP, ENXIO], () => open(path, flags, 0o644, at));
  if (there !== undefined) {
    try {
      if (hasOneName(fstat(there))) {
        ftruncate(there, 0);
        return there;
      }
    } catch (error) {
      close(there);
      throw error;
    }
    close(there);
  }
  takeAway(path, at);
  return open(path, flags | O_EXCL, 0o644, at);
}

/**
 * Makes the directory supervise. Where it is a dangling link, the directory that it points to is made, so that a
 * service directory may lie on a read-only file system. What goes wrong shows at the lock.
 */
function makeSupervise(at: number): void {
  try {
    mkdir("supervise", 0o700, at);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno !== EEXIST) return;
    try {
      if (statIfThere("supervise", at) === undefined) mkdir(readlink("supervise", at), 0o700, at);
    } catch (inner) {
      if (!(inner instanceof SystemError)) throw inner;
    }
  }
}

/** Whether somebody holds the lock of the service directory open at `at`, be it we. */
export function isLocked(at: number): boolean {
  const flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW;
  const fd = unlessRefused(() => open(LOCK, flags, 0, at));
  if (fd === undefined) return false;
  const isFree = succeeds(() => flock(fd, LOCK_EX | LOCK_NB));
  close(fd);
  return !isFree;
}

/** The file `path`, locked: flock(2), which dies with its holder. No link is followed: we write into it. */
function acquireLock(path: ByteString, at: number): number {
  const flags = O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CREAT;
  const fd = open(path, flags, 0o600, at);
  try {
    flock(fd, LOCK_EX | LOCK_NB);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * mkfifo(3). One that is there already is as good; something else there is taken away: nobody can wait for a command in a
 * file. Any other trouble shows when it is opened.
 */
export function makeFifo(path: ByteString, at: number): void {
  unlessRefused(() => {
    const there = statIfThere(path, at);
    if (there !== undefined && isFifo(there)) return;
    if (there !== undefined) takeAway(path, at);
    mkfifo(path, 0o600, at);
  });
}

/**
 * The control FIFO, made where it is missing, and open for reading and writing at once: while we hold the writing end
 * there is never an end of file on it (fifo(7)).
 */
function makeControl(name: ByteString, at: number): number {
  makeFifo("supervise/control", at);
  const what = `${name}/supervise/control`;
  let fd: number;
  try {
    fd = open("supervise/control", O_RDWR | O_NONBLOCK, 0, at);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // The C tool opens it to read, then to write: say which of the two would have failed.
    const flags = O_RDONLY | O_NONBLOCK;
    close(
      orFatal(SUPERVISE, `unable to read ${what}`, () => open("supervise/control", flags, 0, at)),
    );
    throw fatal(SUPERVISE, `unable to write ${what}`, error);
  }
  if (unlessRefused(() => isFifo(fstat(fd))) === true) return fd;
  close(fd); // somebody was quicker
  throw fatal(SUPERVISE, `unable to read ${what}: not a FIFO`);
}
