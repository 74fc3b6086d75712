// SPDX-License-Identifier: 0BSD
/**
 * Files, descriptors and directories: section 2 of the manual, one function a call. Names are byte strings,
 * relative to the directory descriptor `at` (default: the working directory). Every function throws
 * SystemError unless its comment says otherwise.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { fromBytes } from "./bytes.ts";
import { now } from "./clock.ts";
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  X_OK,
} from "./constants.ts";
import { EINTR, ENOENT, SystemError } from "./errno.ts";
import { check, cString, errno, hot, libc, pad } from "./libc.ts";

/** open(2), always close-on-exec: what a program of ours opens is not for the programs that it runs. */
export function open(path: ByteString, flags: number, mode = 0, at = AT_FDCWD): number {
  return check(libc().openat(at, cString(path), flags | O_CLOEXEC, mode, pad), "open");
}

/**
 * A descriptor for a directory, to work relative to it: what chdir(2) would do, with its errors (it must be
 * possible to enter it, not to read it), but the working directory stays.
 */
export function openDirectory(path: ByteString, at = AT_FDCWD): number {
  const fd = open(path, O_PATH | O_DIRECTORY, 0, at);
  const denied = access(".", X_OK, fd);
  if (denied === 0) return fd;
  close(fd);
  throw new SystemError(denied, "chdir");
}

/** close(2); never throws. */
export function close(fd: number): void {
  libc().close(fd, pad);
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
 * What one read(2) gets of a file, 4096 bytes at most: enough for a small file, and for one that the kernel makes
 * up. In a buffer that the next call uses again.
 */
export function readBeginning(path: ByteString, at = AT_FDCWD): Uint8Array<ArrayBuffer> {
  const fd = open(path, O_RDONLY | O_NONBLOCK, 0, at);
  try {
    return beginning.subarray(0, read(fd, beginning));
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

/** What statx(2) tells of a file. */
export interface Stat {
  /** Type and permissions, inode(7). */
  readonly mode: number;
  /** How many names it has. */
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** When the content last changed, or a directory's entries did: whole seconds of the wall clock. */
  readonly modified: number;
  /** Device and inode together: equal for the same file. */
  readonly identity: string;
  /** Whether `path`, a C string, leads to this file, still of this type; false also where that cannot be found out. */
  isAt(path: Uint8Array<ArrayBuffer>, at?: number): boolean;
  /** Writes which file it is, and of which type, into IDENTITY_WORDS words of `words`, for `leadsTo`. */
  putIdentity(words: Uint32Array, from: number): void;
}

/** How many numbers say which file it is. */
export const IDENTITY_WORDS = 5;

/* struct statx is the same on every machine: nlink u32 at 16, uid u32 20, gid u32 24, mode u16 28, ino u64 32,
 * size u64 40, mtime i64 and u32 112, dev_major u32 136, dev_minor u32 140. */
const STATX_BASIC_STATS = 0x7ff;
const statxBuffer = new Uint8Array(256);
const statxView = new DataView(statxBuffer.buffer);
const statxWords = new Uint32Array(statxBuffer.buffer);

function statx(at: number, path: ByteString, flags: number): Stat {
  check(statxInto(at, path, flags), "stat");
  return new StatxResult();
}

function statxInto(at: number, path: ByteString, flags: number): number {
  return libc().statx(at, cString(path), flags, STATX_BASIC_STATS, statxBuffer, pad);
}

/** What the buffer holds. The identity is put together only for those who ask for it. */
class StatxResult implements Stat {
  readonly mode = statxView.getUint16(28, true);
  readonly links = statxView.getUint32(16, true);
  readonly uid = statxView.getUint32(20, true);
  readonly gid = statxView.getUint32(24, true);
  readonly size = number64(40);
  readonly modified = number64(112);
  readonly #inodeLow = statxView.getUint32(32, true);
  readonly #inodeHigh = statxView.getUint32(36, true);
  readonly #major = statxView.getUint32(136, true);
  readonly #minor = statxView.getUint32(140, true);

  get identity(): string {
    const inode = this.#inodeHigh < 2 ** 21
      ? this.#inodeHigh * 2 ** 32 + this.#inodeLow
      : BigInt(this.#inodeHigh) << 32n | BigInt(this.#inodeLow);
    return `${this.#major}:${this.#minor}:${inode}`;
  }

  isAt(path: Uint8Array<ArrayBuffer>, at = AT_FDCWD): boolean {
    return statxAgain(at, path) === 0 &&
      isThatFile(
        this.#inodeLow,
        this.#inodeHigh,
        this.#major,
        this.#minor,
        this.mode & S_IFMT,
      );
  }

  putIdentity(words: Uint32Array, from: number): void {
    words[from] = this.#inodeLow;
    words[from + 1] = this.#inodeHigh;
    words[from + 2] = this.#major;
    words[from + 3] = this.#minor;
    words[from + 4] = this.mode & S_IFMT;
  }
}

/**
 * Whether `path`, a C string, relative to the working directory, leads to the file that `putIdentity` has written down,
 * still of that type; false also where that cannot be found out. It makes no object.
 */
export function leadsTo(
  path: Uint8Array<ArrayBuffer>,
  words: Uint32Array,
  from: number,
): boolean {
  return statxAgain(AT_FDCWD, path) === 0 &&
    isThatFile(
      words[from],
      words[from + 1],
      words[from + 2],
      words[from + 3],
      words[from + 4],
    );
}

/** Whether it is that one which statx(2) has just told of. */
function isThatFile(
  inodeLow: number | undefined,
  inodeHigh: number | undefined,
  major: number | undefined,
  minor: number | undefined,
  type: number | undefined,
): boolean {
  return statxWords[8] === inodeLow && statxWords[9] === inodeHigh &&
    statxWords[34] === major && statxWords[35] === minor &&
    (statxView.getUint16(28, true) & S_IFMT) === type;
}

/** For whoever asks again and again. */
function statxAgain(at: number, path: Uint8Array<ArrayBuffer>): number {
  return hot("statx")(at, path, 0, STATX_BASIC_STATS, statxBuffer);
}

/** A signed number of 64 bits, where it is no larger than a number can be. */
function number64(at: number): number {
  return statxView.getInt32(at + 4, true) * 2 ** 32 + statxView.getUint32(at, true);
}

/** stat(2): follows symbolic links. */
export function stat(path: ByteString, at = AT_FDCWD): Stat {
  return statx(at, path, 0);
}

/** lstat(2). */
export function lstat(path: ByteString, at = AT_FDCWD): Stat {
  return statx(at, path, AT_SYMLINK_NOFOLLOW);
}

/** fstat(2). */
export function fstat(fd: number): Stat {
  return statx(fd, "", AT_EMPTY_PATH);
}

export function isDirectory(stat: Stat): boolean {
  return (stat.mode & S_IFMT) === S_IFDIR;
}

export function isRegular(stat: Stat): boolean {
  return (stat.mode & S_IFMT) === S_IFREG;
}

export function isFifo(stat: Stat): boolean {
  return (stat.mode & S_IFMT) === S_IFIFO;
}

export function isLink(stat: Stat): boolean {
  return (stat.mode & S_IFMT) === S_IFLNK;
}

/* In words of 32 bits: inode and size; when it was changed last, and its content (seconds and nanoseconds); device. */
const VERSION_WORDS = [8, 9, 10, 11, 24, 25, 26, 28, 29, 30, 34, 35];
/** Seconds. The clock that times of files are taken from may stand still for some milliseconds. */
const SETTLED = 2;

/** Which file it is, and which content it has, as far as stat(2) tells: for whoever keeps something of it. */
export class FileVersion {
  readonly #words: readonly number[];
  readonly #settled: boolean;

  /** Of the file that statx(2) has just told of. */
  private constructor() {
    this.#words = VERSION_WORDS.map((word) => statxWords[word] as number);
    const changed = number64(96);
    this.#settled = changed + SETTLED < now().seconds;
  }

  /** That of the file open at `fd`. Throws SystemError. */
  static of(fd: number): FileVersion {
    check(statxInto(fd, "", AT_EMPTY_PATH), "stat");
    return new FileVersion();
  }

  /** That of the file at `path`, a C string, relative to the descriptor `at`. Throws SystemError. */
  static at(path: Uint8Array<ArrayBuffer>, at = AT_FDCWD): FileVersion {
    check(statxAgain(at, path), "stat");
    return new FileVersion();
  }

  /**
   * Whether that is still what is at `path`, a C string, relative to the descriptor `at`. No where it may be changed
   * without anybody's noticing, because it was changed just now, and where it cannot be found out.
   */
  isAt(path: Uint8Array<ArrayBuffer>, at = AT_FDCWD): boolean {
    if (!this.#settled || statxAgain(at, path) !== 0) return false;
    for (let i = 0; i < VERSION_WORDS.length; i++) {
      if (statxWords[VERSION_WORDS[i] as number] !== this.#words[i]) return false;
    }
    return true;
  }
}

/** stat(2), or undefined where there is no such file (ENOENT). */
export function statIfThere(path: ByteString, at = AT_FDCWD): Stat | undefined {
  if (statxInto(at, path, 0) === 0) return new StatxResult();
  if (errno() === ENOENT) return undefined;
  throw new SystemError(errno(), "stat");
}

/** faccessat(2) with the effective ids: 0, or the error number that an attempt would meet. Never throws. */
export function access(path: ByteString, mode: number, at = AT_FDCWD): number {
  return libc().faccessat(at, cString(path), mode, AT_EACCESS, pad) === 0 ? 0 : errno();
}

export function mkdir(path: ByteString, mode: number, at = AT_FDCWD): void {
  check(libc().mkdirat(at, cString(path), mode, pad), "mkdir");
}

export function mkfifo(path: ByteString, mode: number, at = AT_FDCWD): void {
  check(libc().mkfifoat(at, cString(path), mode, pad), "mkfifo");
}

export function unlink(path: ByteString, at = AT_FDCWD): void {
  check(libc().unlinkat(at, cString(path), 0, pad), "unlink");
}

export function rmdir(path: ByteString, at = AT_FDCWD): void {
  check(libc().unlinkat(at, cString(path), AT_REMOVEDIR, pad), "rmdir");
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

export function chdir(path: ByteString): void {
  check(libc().chdir(cString(path), pad), "chdir");
}

export function fchdir(fd: number): void {
  check(libc().fchdir(fd, pad), "fchdir");
}

/** umask(2): sets the mask, returns the one before. Never fails. */
export function umask(mask: number): number {
  return libc().umask(mask, pad);
}

export function fchmod(fd: number, mode: number): void {
  check(libc().fchmod(fd, mode, pad), "fchmod");
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

/** memfd_create(2): a file without a name, with `content`, to be read from its beginning; close-on-exec. */
export function memoryFile(name: ByteString, content: Uint8Array<ArrayBuffer>): number {
  const MFD_CLOEXEC = 1;
  const fd = check(libc().memfd_create(cString(name), MFD_CLOEXEC, pad), "memfd_create");
  writeAll(fd, content);
  seek(fd, 0);
  return fd;
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

/** A duplicate of `fd` with the lowest free number from `least`; close-on-exec unless `inherited`. */
export function dup(fd: number, least = 0, inherited = false): number {
  return check(
    libc().fcntl(fd, inherited ? F_DUPFD : F_DUPFD_CLOEXEC, least, pad),
    "fcntl",
  );
}

/** Whether `fd` is open: fcntl(2) F_GETFD. */
export function isOpen(fd: number): boolean {
  return libc().fcntl(fd, F_GETFD, 0, pad) >= 0;
}

/** Whether `fd` is open and stays open in a program that takes our place. */
export function isInherited(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFD, 0, pad);
  return flags >= 0 && (flags & FD_CLOEXEC) === 0;
}

/** Opens /dev/null where 0, 1 or 2 is closed, so that nothing that is opened later gets that number. */
export function fillStandardDescriptors(): void {
  for (let fd = 0; fd <= 2; fd++) {
    // open(2) takes the lowest free number.
    if (!isOpen(fd)) open("/dev/null", O_RDWR);
  }
}

export function setCloseOnExec(fd: number, on: boolean): void {
  check(libc().fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0, pad), "fcntl");
}

export function setNonblocking(fd: number, on: boolean): void {
  const flags = check(libc().fcntl(fd, F_GETFL, 0, pad), "fcntl");
  check(libc().fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK, pad), "fcntl");
}

/** The names in a directory, `.` and `..` among them, in the directory's own order. */
export function readDirectory(path: ByteString, at = AT_FDCWD): ByteString[] {
  const names: ByteString[] = [];
  visitDirectory(
    path,
    at,
    (bytes, start, end) => names.push(fromBytes(bytes.subarray(start, end))),
  );
  return names;
}

function openForReading(path: ByteString, at: number): number {
  return open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, at);
}

/** Told a name in a directory: the bytes from `start` to `end`, valid for the call. */
export type NameVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** Calls `visit` for each name in a directory, without creating strings. */
export function visitDirectory(path: ByteString, at: number, visit: NameVisitor): void {
  const fd = openForReading(path, at);
  try {
    visitDirectoryOf(fd, visit);
  } finally {
    close(fd);
  }
}

/** The names that getdents64(2) yields from here on to the end of the directory open at `fd`. */
export function readDirectoryOf(fd: number): ByteString[] {
  const names: ByteString[] = [];
  visitDirectoryOf(fd, (bytes, start, end) => names.push(fromBytes(bytes.subarray(start, end))));
  return names;
}

const direntBuffer = new Uint8Array(32768);
const direntView = new DataView(direntBuffer.buffer);

function visitDirectoryOf(fd: number, visit: NameVisitor): void {
  for (;;) {
    const length = libc().getdents64(fd, direntBuffer, direntBuffer.length, pad);
    // readdir(3) calls a directory that was removed empty.
    if (length === 0 || length < 0 && errno() === ENOENT) return;
    check(length, "getdents");
    // struct linux_dirent64: d_ino u64, d_off i64, d_reclen u16 at 16, d_type u8, d_name from 19
    for (let at = 0; at < length;) {
      let end = at + 19;
      while (direntBuffer[end] !== 0) end++;
      visit(direntBuffer, at + 19, end);
      at += direntView.getUint16(at + 16, true);
    }
  }
}

/** Whether `fd` is open and close-on-exec. */
function isCloseOnExec(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFD, 0, pad);
  return flags >= 0 && (flags & FD_CLOEXEC) !== 0;
}

/**
 * Lets go of what is open at descriptors `fds`: /dev/null, close-on-exec, takes their place, so that nothing else
 * can. The runtime keeps duplicates of 0, 1 and 2; whoever waits for the end of a pipe waits for those, too.
 */
export function letGo(fds: readonly number[]): void {
  const nothing = open("/dev/null", O_RDWR);
  const files = new Set(fds.map((fd) => fstat(fd).identity));
  const others = readDirectory("/proc/self/fd").map(Number).filter((fd) =>
    fd > 2 && isCloseOnExec(fd) && files.has(fstat(fd).identity)
  );
  for (const fd of [...fds, ...others]) {
    dup2(nothing, fd);
    setCloseOnExec(fd, true);
  }
  close(nothing);
}
