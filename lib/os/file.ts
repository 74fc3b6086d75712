// SPDX-License-Identifier: 0BSD
/**
 * Files and descriptors: section 2 of the manual, a function for each call, and what reads or writes a file as a whole.
 * Names are byte strings, relative to the directory descriptor `at` (default: the working directory). Every function
 * throws SystemError unless its comment says otherwise.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { fromBytes } from "./bytes.ts";
import {
  AT_EACCESS,
  AT_FDCWD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
} from "./constants.ts";
import { EINTR, EINVAL, SystemError, unlessErrno } from "./errno.ts";
import { cString } from "./c_string.ts";
import { check, errno, hot, libc, pad } from "./libc.ts";

/** open(2), always close-on-exec: what a program of ours opens is not for the programs that it runs. */
export function open(path: ByteString, flags: number, mode = 0, at = AT_FDCWD): number {
  return check(libc().openat(at, cString(path), flags | O_CLOEXEC, mode, pad), "open");
}

/** close(2); never throws. */
export function close(fd: number): void {
  libc().close(fd, pad);
}

/** close(2) of a file that was written: a network file system may say only now that it could not. Throws SystemError. */
export function closeWritten(fd: number): void {
  check(libc().close(fd, pad), "close");
}

/** read(2) into `buffer`: the number of bytes, 0 at end of file. Repeats on EINTR. */
export function read(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const call = hot("read");
  for (;;) {
    const got = call(fd, buffer, buffer.length);
    if (got >= 0) return got;
    if (errno() !== EINTR) throw new SystemError(errno(), "read");
  }
}

/** pread(2) into `buffer`: the number of bytes, 0 at end of file. Repeats on EINTR. */
export function pread(fd: number, buffer: Uint8Array<ArrayBuffer>, offset: number): number {
  for (;;) {
    const got = libc().pread(fd, buffer, buffer.length, BigInt(offset), pad);
    if (got >= 0) return got;
    if (errno() !== EINTR) throw new SystemError(errno(), "pread");
  }
}

/** pwrite(2) of all of `bytes` once: the number of bytes written. Repeats on EINTR. */
export function pwrite(fd: number, bytes: Uint8Array<ArrayBuffer>, offset: number): number {
  for (;;) {
    const put = libc().pwrite(fd, bytes, bytes.length, BigInt(offset), pad);
    if (put >= 0) return put;
    if (errno() !== EINTR) throw new SystemError(errno(), "pwrite");
  }
}

/** write(2) of the first `length` bytes once: the number of bytes written. Repeats on EINTR. */
export function write(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  length = bytes.length,
): number {
  const call = hot("write");
  for (;;) {
    const put = call(fd, bytes, length);
    if (put >= 0) return put;
    if (errno() !== EINTR) throw new SystemError(errno(), "write");
  }
}

/** Writes the first `length` bytes, in as many write(2) as it takes. */
export function writeAll(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  length = bytes.length,
): void {
  let done = length > 0 ? write(fd, bytes, length) : 0;
  while (done < length) done += write(fd, bytes.subarray(done), length - done);
}

/** read(2) as `read` does it, but what fails has ended: 0, as for a connection that breaks. */
export function readOrEnd(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  try {
    return read(fd, buffer);
  } catch (error) {
    if (error instanceof SystemError) return 0;
    throw error;
  }
}

const byte = new Uint8Array(1);

/** The next byte that `fd` has; undefined: none is there now, or none can be had. */
export function nextByte(fd: number): number | undefined {
  return hot("read")(fd, byte, 1) === 1 ? byte[0] : undefined;
}

/** The whole content of a file. */
export function readFile(path: ByteString, at = AT_FDCWD): Uint8Array<ArrayBuffer> {
  const fd = open(path, O_RDONLY | O_NONBLOCK, 0, at);
  try {
    return readToEnd(fd);
  } finally {
    close(fd);
  }
}

const beginning = new Uint8Array(4096);

/**
 * What one read(2) gets from `fd`, 4096 bytes at most: enough for a small file, and for one that the kernel makes up. In
 * a buffer that the next call uses again.
 */
export function readOnce(fd: number): Uint8Array<ArrayBuffer> {
  return beginning.subarray(0, read(fd, beginning));
}

/** The same of the file at `path`. */
export function readBeginning(
  path: ByteString,
  at = AT_FDCWD,
  flags = 0,
): Uint8Array<ArrayBuffer> {
  const fd = open(path, O_RDONLY | O_NONBLOCK | flags, 0, at);
  try {
    return readOnce(fd);
  } finally {
    close(fd);
  }
}

/** All that is to be read from `fd` until end of file. */
export function readToEnd(fd: number): Uint8Array<ArrayBuffer> {
  let buffer = new Uint8Array(4096);
  let length = 0;
  for (;;) {
    const room = buffer.subarray(length);
    const got = libc().read(fd, room, room.length, pad);
    if (got === 0) return buffer.subarray(0, length);
    if (got > 0) length += got;
    else if (errno() !== EINTR) throw new SystemError(errno(), "read");
    if (length === buffer.length) {
      const larger = new Uint8Array(buffer.length * 4);
      larger.set(buffer);
      buffer = larger;
    }
  }
}

/** faccessat(2) with the effective ids: 0, or the error number that an attempt would meet. Never throws. */
export function access(path: ByteString, mode: number, at = AT_FDCWD): number {
  return libc().faccessat(at, cString(path), mode, AT_EACCESS, pad) === 0 ? 0 : errno();
}

export function mkfifo(path: ByteString, mode: number, at = AT_FDCWD): void {
  check(libc().mkfifoat(at, cString(path), mode, pad), "mkfifo");
}

export function unlink(path: ByteString, at = AT_FDCWD): void {
  check(libc().unlinkat(at, cString(path), 0, pad), "unlink");
}

/** rename(2); both names are relative to `at`. */
export function rename(from: ByteString, to: ByteString, at = AT_FDCWD): void {
  check(libc().renameat(at, cString(from), at, cString(to), pad), "rename");
}

/** link(2); both names are relative to `at`. */
export function link(from: ByteString, to: ByteString, at = AT_FDCWD): void {
  check(libc().linkat(at, cString(from), at, cString(to), 0, pad), "link");
}

/** symlink(2): `path` becomes a link to `target`. */
export function symlink(target: ByteString, path: ByteString, at = AT_FDCWD): void {
  check(libc().symlinkat(cString(target), at, cString(path), pad), "symlink");
}

export function readlink(path: ByteString, at = AT_FDCWD): ByteString {
  const buffer = new Uint8Array(4096);
  const length = check(
    libc().readlinkat(at, cString(path), buffer, buffer.length, pad),
    "readlink",
  );
  return fromBytes(buffer.subarray(0, length));
}

/** `path` without links on the way, as /proc shows it. */
export function realPath(path: ByteString): ByteString {
  const fd = open(path, O_PATH);
  try {
    return readlink(`/proc/self/fd/${fd}`);
  } finally {
    close(fd);
  }
}

/** umask(2): sets the mask, returns the one before. Never fails. */
export function umask(mask: number): number {
  return libc().umask(mask, pad);
}

export function fchmod(fd: number, mode: number): void {
  check(libc().fchmod(fd, mode, pad), "fchmod");
}

export function fchown(fd: number, uid: number, gid: number): void {
  check(libc().fchown(fd, uid, gid, pad), "fchown");
}

export function fsync(fd: number): void {
  check(libc().fsync(fd, pad), "fsync");
}

export function ftruncate(fd: number, length: number): void {
  check(libc().ftruncate(fd, BigInt(length), pad), "ftruncate");
}

/** lseek(2) from the beginning of the file. */
export function seek(fd: number, offset: number): void {
  if (libc().lseek(fd, BigInt(offset), 0, pad) < 0n) throw new SystemError(errno(), "lseek");
}

/** flock(2). */
export function flock(fd: number, operation: number): void {
  check(libc().flock(fd, operation, pad), "flock");
}

/** pipe2(2): both ends close-on-exec. */
export function pipe(flags = 0): { reader: number; writer: number } {
  const ends = new Int32Array(2);
  check(libc().pipe2(new Uint8Array(ends.buffer), flags | O_CLOEXEC, pad), "pipe");
  return { reader: ends[0] as number, writer: ends[1] as number };
}

/**
 * fcntl(2) F_SETPIPE_SZ: has the pipe that `fd` is an end of hold `size` bytes, if it holds fewer. Never throws: what is
 * no pipe, or may not grow any more (pipe(7), pipe-user-pages-soft), stays as it is.
 */
export function growPipe(fd: number, size: number): void {
  const holds = libc().fcntl(fd, F_GETPIPE_SZ, 0, pad);
  if (holds >= 0 && holds < size) libc().fcntl(fd, F_SETPIPE_SZ, size, pad);
}

const MFD_CLOEXEC = 1;
/** Since Linux 6.3: what is to be executed says so, or it may not be where sysctl vm.memfd_noexec is 1. */
const MFD_EXEC = 0x10;

/** memfd_create(2): a file without a name, with `content`, to be read from its beginning; close-on-exec. */
export function memoryFile(name: ByteString, content: Uint8Array<ArrayBuffer>): number {
  return filled(makeMemoryFile(name, MFD_CLOEXEC), content);
}

/** The same for a program that is to be executed. */
export function memoryProgram(name: ByteString, content: Uint8Array<ArrayBuffer>): number {
  const fd = unlessErrno([EINVAL], () => makeMemoryFile(name, MFD_CLOEXEC | MFD_EXEC));
  return filled(fd ?? makeMemoryFile(name, MFD_CLOEXEC), content);
}

function makeMemoryFile(name: ByteString, flags: number): number {
  return check(libc().memfd_create(cString(name), flags, pad), "memfd_create");
}

function filled(fd: number, content: Uint8Array<ArrayBuffer>): number {
  try {
    writeAll(fd, content);
    seek(fd, 0);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** dup2(2): `to` is not close-on-exec afterwards, not even where it is `from` itself. */
export function dup2(from: number, to: number): void {
  if (from === to) setCloseOnExec(to, false);
  else check(libc().dup2(from, to, pad), "dup2");
}

/** dup3(2): as dup2, for two that are not the same; `to` is close-on-exec afterwards. */
export function dup3(from: number, to: number): void {
  check(libc().dup3(from, to, O_CLOEXEC, pad), "dup3");
}

/** A duplicate of `fd` with the lowest free number from `least`, close-on-exec. */
export function dup(fd: number, least = 0): number {
  return check(libc().fcntl(fd, F_DUPFD_CLOEXEC, least, pad), "fcntl");
}

/** Whether `fd` is open: fcntl(2) F_GETFD. Never throws. */
export function isOpen(fd: number): boolean {
  return libc().fcntl(fd, F_GETFD, 0, pad) >= 0;
}

/** Whether `fd` is open and stays open in a program that takes our place. Never throws. */
export function isInherited(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFD, 0, pad);
  return flags >= 0 && (flags & FD_CLOEXEC) === 0;
}

export function setCloseOnExec(fd: number, on: boolean): void {
  check(libc().fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0, pad), "fcntl");
}

export function setNonblocking(fd: number, on: boolean): void {
  const flags = check(libc().fcntl(fd, F_GETFL, 0, pad), "fcntl");
  check(libc().fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK, pad), "fcntl");
}
