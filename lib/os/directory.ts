// SPDX-License-Identifier: 0BSD
/**
 * Directories: making, entering and reading them. Names are byte strings, relative to the directory descriptor `at`
 * (default: the working directory). Every function throws SystemError unless its comment says otherwise.
 *
 * @module
 */
import { type ByteString, fromBytes } from "./bytes.ts";
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  X_OK,
} from "./constants.ts";
import { ENOENT, SystemError, unlessErrno } from "./errno.ts";
import { cString } from "./c_string.ts";
import { access, close, open, readlink } from "./file.ts";
import { check, errno, libc, pad } from "./libc.ts";

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

export function mkdir(path: ByteString, mode: number, at = AT_FDCWD): void {
  check(libc().mkdirat(at, cString(path), mode, pad), "mkdir");
}

export function rmdir(path: ByteString, at = AT_FDCWD): void {
  check(libc().unlinkat(at, cString(path), AT_REMOVEDIR, pad), "rmdir");
}

/** The path of the working directory, as getcwd(3) gives it; of one that was removed it ends in ` (deleted)`. */
export function workingDirectory(): ByteString {
  return readlink("/proc/self/cwd");
}

export function chdir(path: ByteString): void {
  check(libc().chdir(cString(path), pad), "chdir");
}

export function fchdir(fd: number): void {
  check(libc().fchdir(fd, pad), "fchdir");
}

/** The names in a directory but `.` and `..`, in the directory's own order. */
export function readDirectory(path: ByteString, at = AT_FDCWD): ByteString[] {
  const names: ByteString[] = [];
  visitDirectory(
    path,
    at,
    (bytes, start, end) => names.push(fromBytes(bytes.subarray(start, end))),
  );
  return names.filter((name) => name !== "." && name !== "..");
}

/** Told a name in a directory: the bytes from `start` to `end`, valid for the call. */
export type NameVisitor = (bytes: Uint8Array, start: number, end: number, type: number) => void;

/** Calls `visit` for each name in a directory, `.` and `..` among them, without creating strings. */
export function visitDirectory(path: ByteString, at: number, visit: NameVisitor): void {
  const fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, at);
  try {
    visitDirectoryOf(fd, visit);
  } finally {
    close(fd);
  }
}

/**
 * Whether the directory open at `at` cannot be read any more, because it was removed: getdents(2), ENOENT.
 *
 * @throws SystemError where that cannot be found out
 */
export function isGoneDirectory(at: number): boolean {
  const fd = open(".", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, at);
  try {
    const read = (): number =>
      check(libc().getdents64(fd, direntBuffer, direntBuffer.length, pad), "getdents");
    return unlessErrno([ENOENT], read) === undefined;
  } finally {
    close(fd);
  }
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
      visit(direntBuffer, at + 19, end, direntBuffer[at + 18] as number);
      at += direntView.getUint16(at + 16, true);
    }
  }
}
