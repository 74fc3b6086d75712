// SPDX-License-Identifier: 0BSD
/**
 * Putting files where programs are run from: whoever looks finds the old one or the new one, whole. Each function
 * throws SystemError.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from "../os/constants.ts";
import { mkdir, readDirectory, rmdir } from "../os/directory.ts";
import {
  EEXIST,
  EINVAL,
  ELOOP,
  ENOENT,
  ENOTDIR,
  SystemError,
  unlessErrno,
  unlessRefused,
} from "../os/errno.ts";
import {
  close,
  fchmod,
  fchown,
  fsync,
  link,
  open,
  read,
  readlink,
  rename,
  symlink,
  unlink,
  writeAll,
} from "../os/file.ts";
import { MOST_LINKS } from "../os/path.ts";
import { fstat, isDirectory, isLink, lstat, type Stat, stat } from "../os/stat.ts";
import { geteuid } from "../os/process.ts";

/** Whose a file is. */
type Owner = Pick<Stat, "uid" | "gid">;

/** Puts bytes at `path`, in a file of ours or of `owner`. */
export function placeBytes(
  bytes: Uint8Array<ArrayBuffer>,
  path: ByteString,
  mode: number,
  owner?: Owner,
): void {
  place(path, (fresh) => create(fresh, mode, (fd) => writeAll(fd, bytes), owner));
}

/**
 * Puts a copy of the file `from` at `path`; a hard link to it where that is possible (the runtime is 95 MB) and
 * harmless: what root runs must not be a file that somebody else can still change.
 */
export function placeFile(from: ByteString, path: ByteString, mode: number): void {
  const found = stat(from);
  const safe = found.uid === geteuid() && (found.mode & 0o7777) === mode;
  place(path, (fresh) => {
    if (safe) unlessRefused(() => link(from, fresh));
    if (isThere(fresh)) return bringToDisk(fresh);
    create(fresh, mode, (fd) => copyInto(fd, from));
  });
}

/** Puts a symbolic link to `target` at `path`. */
export function placeLink(target: ByteString, path: ByteString): void {
  place(path, (fresh) => symlink(target, fresh));
}

/** Everybody may read, and execute what somebody may. */
const PROGRAM = 0o755;
const TEXT = 0o644;
const EXECUTABLE = 0o111;

/** Puts a copy of the file, link or directory `from`, with all that is in it, at `path`. */
export function placeTree(from: ByteString, path: ByteString): void {
  const found = lstat(from);
  if (isLink(found)) placeLink(readlink(from), path);
  else if (isDirectory(found)) {
    makeDirectories(path);
    for (const name of namesIn(from)) placeTree(`${from}/${name}`, `${path}/${name}`);
  } else placeFile(from, path, (found.mode & EXECUTABLE) !== 0 ? PROGRAM : TEXT);
}

function place(path: ByteString, make: (fresh: ByteString) => void): void {
  // Nobody else calls a file so; one that was left by somebody who was killed is ours to remove.
  const fresh = `${path}.djbox-new`;
  unlessErrno([ENOENT], () => unlink(fresh));
  try {
    make(fresh);
    rename(fresh, path);
  } finally {
    // What could not be finished; and a link to the file that is there already leaves both names (rename(2)).
    unlessRefused(() => unlink(fresh));
  }
}

/** Makes a file, which is on the disk when this returns: a name that survives a crash must not lead to an empty file. */
function create(
  path: ByteString,
  mode: number,
  fill: (fd: number) => void,
  owner?: Owner,
): void {
  const fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    fill(fd);
    const { uid, gid } = fstat(fd);
    if (owner !== undefined && (owner.uid !== uid || owner.gid !== gid)) {
      fchown(fd, owner.uid, owner.gid);
    }
    fchmod(fd, mode & 0o7777);
    fsync(fd);
  } finally {
    close(fd);
  }
}

/** Whoever has written it, perhaps just now (npm), need not have seen to that. */
function bringToDisk(path: ByteString): void {
  const fd = open(path, O_RDONLY);
  try {
    fsync(fd);
  } finally {
    close(fd);
  }
}

const BLOCK = 1 << 18;

function copyInto(to: number, path: ByteString): void {
  const from = open(path, O_RDONLY);
  const block = new Uint8Array(BLOCK);
  try {
    for (let got = read(from, block); got > 0; got = read(from, block)) writeAll(to, block, got);
  } finally {
    close(from);
  }
}

/** Whether there is anything at `path`, be it a link that leads nowhere. */
export function isThere(path: ByteString): boolean {
  return unlessErrno([ENOENT, ENOTDIR], () => lstat(path)) !== undefined;
}

/** Where the link at `path` leads, as it stands there; undefined where there is none. */
export function linkAt(path: ByteString): ByteString | undefined {
  return unlessErrno([ENOENT, ENOTDIR, EINVAL], () => readlink(path));
}

/** Where `path` leads when `root` is /: an absolute symbolic link on the way is followed below `root`, too. */
export function resolveBelow(root: ByteString, path: ByteString): ByteString {
  const ahead = path.split("/").reverse();
  let found = "";
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      found = found.replace(/\/[^/]*$/, "");
      continue;
    }
    const target = linkAt(`${root}${found}/${name}`);
    if (target === undefined) {
      found += `/${name}`;
      continue;
    }
    if (++links > MOST_LINKS) throw new SystemError(ELOOP, "open");
    if (target.startsWith("/")) found = "";
    ahead.push(...target.split("/").reverse());
  }
  return root + found;
}

/** What is in a directory, sorted; nothing where there is none. */
export function namesIn(directory: ByteString): ByteString[] {
  if (!isThere(directory)) return [];
  return readDirectory(directory).sort();
}

/** Removes a file, or a directory with what is in it. */
export function removeAll(path: ByteString): void {
  if (!isThere(path)) return;
  if (!isDirectory(lstat(path))) return unlink(path);
  for (const name of namesIn(path)) removeAll(`${path}/${name}`);
  rmdir(path);
}

/** Makes a directory and those above it; those that were made are added to `made`, whatever comes then. */
export function makeDirectories(path: ByteString, made: ByteString[] = []): void {
  const parts = path.split("/");
  for (let at = 1; at <= parts.length; at++) {
    const above = parts.slice(0, at).join("/");
    if (above === "") continue;
    try {
      mkdir(above, 0o755);
      made.push(above);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // Where it cannot be made because it is there (also on a read-only disk), that is as good.
      if (error.errno !== EEXIST && !isThere(above)) throw error;
    }
  }
  if (!isDirectory(stat(path))) throw new SystemError(ENOTDIR, "mkdir");
}

/** Removes the directories, the last one first, as far as they are empty. */
export function removeDirectories(paths: readonly ByteString[]): void {
  for (const path of paths.toReversed()) unlessRefused(() => rmdir(path));
}
