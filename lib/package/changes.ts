// SPDX-License-Identifier: 0BSD
/**
 * Changes to a system that are made all or not at all: where one fails, those before it are taken back, the last one
 * first, and the message says what to do.
 *
 * Whoever looks at a path meanwhile finds the old file or the new one, whole: everything is put there by rename(2).
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { O_RDONLY } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, fchmod, open, readFile, readlink, rename, unlink } from "../os/file.ts";
import { isLink, lstat, type Stat, stat } from "../os/stat.ts";
import { attempt, orTell } from "./messages.ts";
import {
  isThere,
  linkAt,
  makeDirectories,
  placeBytes,
  placeLink,
  removeDirectories,
} from "./placing.ts";

/** How things are where also svscan and its services were stopped: those stay stopped. */
export const FILES_KEPT = "no file was changed";

/** Runs `action`; where it fails, what it has changed through its argument is taken back, and the message says so. */
export function allOrNothing<T>(action: (changes: Changes) => T): T {
  const changes = new Changes();
  return orTell(() => changes.outcome, () => {
    try {
      // Whoever knows what it was to be has said so.
      return attempt("look at what is there", () => action(changes));
    } catch (error) {
      changes.takeBack();
      throw error;
    }
  });
}

export class Changes {
  /** How things are when all has been taken back; who does what cannot be, writes here what it has come to. */
  outcome: ByteString = "nothing was changed";
  readonly #undo: (() => void)[] = [];

  /** How to take back what has just been done. */
  did(undo: () => void): void {
    this.#undo.push(undo);
  }

  takeBack(): void {
    for (const undo of this.#undo.reverse()) unlessRefused(undo);
    this.#undo.length = 0;
  }

  /** Makes a directory and those above it, where they are lacking. */
  directory(path: ByteString): void {
    attempt(`create ${path}`, () => {
      const made: ByteString[] = [];
      this.did(() => removeDirectories(made));
      makeDirectories(path, made);
    });
  }

  /** Gives a directory its permissions; `path` may be a link to it. */
  mode(path: ByteString, mode: number): void {
    attempt(`set the permissions of ${path}`, () => {
      const before = stat(path).mode & 0o7777;
      if (before === mode) return;
      setMode(path, mode);
      this.did(() => setMode(path, before));
    });
  }

  /** Puts a symbolic link at `path`. */
  link(target: ByteString, path: ByteString): void {
    if (targetOf(path) === target) return;
    this.#replace(path, `make the link ${path}`, () => placeLink(target, path));
  }

  /** Puts a file at `path`. */
  file(content: Uint8Array<ArrayBuffer>, path: ByteString, mode: number): void {
    this.#replace(path, `write ${path}`, () => placeBytes(content, path, mode));
  }

  /** The same with a file that others write, too: its owner, group and permissions stay. `mode`: where there is none yet. */
  shared(content: Uint8Array<ArrayBuffer>, path: ByteString, mode: number): void {
    this.#replace(path, `write ${path}`, () => {
      const there = isThere(path) ? lstat(path) : undefined;
      placeBytes(content, path, there?.mode ?? mode, there);
    });
  }

  /** Removes a file or a link. */
  remove(path: ByteString): void {
    const found = attempt(`look at ${path}`, () => isThere(path));
    if (found) this.#replace(path, `remove ${path}`, () => unlink(path));
  }

  /** Moves what is at `from` to `to`, where nothing is. */
  move(from: ByteString, to: ByteString): void {
    attempt(`rename ${from} to ${to}`, () => rename(from, to));
    this.did(() => rename(to, from));
  }

  #replace(path: ByteString, what: ByteString, action: () => void): void {
    attempt(what, () => {
      const restore = restorer(path);
      action();
      this.did(restore);
    });
  }
}

/**
 * Where the link at `path` leads, as it stands there; undefined: it is none.
 *
 * @throws Failure where that cannot be read
 */
export function targetOf(path: ByteString): ByteString | undefined {
  return attempt(`read ${path}`, () => linkAt(path));
}

/** What puts back what is at `path` now. */
function restorer(path: ByteString): () => void {
  const found: Stat | undefined = isThere(path) ? lstat(path) : undefined;
  if (found === undefined) return () => unlink(path);
  if (isLink(found)) {
    const target = readlink(path);
    return () => placeLink(target, path);
  }
  const content = readFile(path);
  return () => placeBytes(content, path, found.mode, found);
}

function setMode(path: ByteString, mode: number): void {
  const fd = open(path, O_RDONLY);
  try {
    fchmod(fd, mode);
  } finally {
    close(fd);
  }
}
