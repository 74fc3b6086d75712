// SPDX-License-Identifier: 0BSD
/**
 * What kind of file it is, which one, and whether it is still the same: statx(2). Names are byte strings, relative to the
 * directory descriptor `at` (default: the working directory). Every function throws SystemError unless its comment
 * says otherwise.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { now } from "./clock.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "./constants.ts";
import { ENOENT, SystemError, unlessRefused } from "./errno.ts";
import { cString } from "./c_string.ts";
import { check, errno, hot, libc, pad } from "./libc.ts";

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
/* Where these stand in it, in words of 32 bits. */
const INODE_LOW = 8;
const INODE_HIGH = 9;
const MAJOR = 34;
const MINOR = 35;

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
  readonly #inodeLow = statxWords[INODE_LOW] as number;
  readonly #inodeHigh = statxWords[INODE_HIGH] as number;
  readonly #major = statxWords[MAJOR] as number;
  readonly #minor = statxWords[MINOR] as number;

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
  return statxWords[INODE_LOW] === inodeLow && statxWords[INODE_HIGH] === inodeHigh &&
    statxWords[MAJOR] === major && statxWords[MINOR] === minor &&
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

/** Whether both names lead to the same file, links followed. Never throws: false also where that cannot be found out. */
export function isSameFile(one: ByteString, other: ByteString): boolean {
  const identity = (path: ByteString): string | undefined =>
    unlessRefused(() => stat(path).identity);
  const found = identity(one);
  return found !== undefined && found === identity(other);
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

/* stx_size, stx_ctime and stx_mtime (64 bits of seconds, 32 of nanoseconds), in words of 32 bits. */
const SIZE = [10, 11];
const CHANGED = [24, 25, 26];
const MODIFIED = [28, 29, 30];
const VERSION_WORDS = [
  ...[INODE_LOW, INODE_HIGH, MAJOR, MINOR],
  ...[...SIZE, ...CHANGED, ...MODIFIED],
];
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
  isUnchangedAt(path: Uint8Array<ArrayBuffer>, at = AT_FDCWD): boolean {
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
