// SPDX-License-Identifier: 0BSD
/**
 * package/compile: a version in its place, ready to run. There is nothing to compile in a release; what lies elsewhere is
 * copied, and the links to the commands are made.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { mkdir } from "../os/directory.ts";
import { rename } from "../os/file.ts";
import { isDirectory, lstat } from "../os/stat.ts";
import { type Changes, targetOf } from "./changes.ts";
import { type Layout, PARTS } from "./layout.ts";
import { attempt } from "./messages.ts";
import { isThere, namesIn, placeTree, removeAll } from "./placing.ts";

/**
 * Puts the tree at `from` into its place, which may be where it is already.
 *
 * @param commands the names of all tools
 */
export function compile(
  from: ByteString,
  layout: Layout,
  commands: readonly ByteString[],
  changes: Changes,
): void {
  changes.directory(layout.admin);
  changes.mode(`${layout.root}/package`, 0o1755);
  if (from !== layout.home) {
    // All that takes room happens here, where nobody looks. What an installation that was killed has left goes.
    const fresh = `${layout.home}.new`;
    attempt(`remove ${fresh}`, () => removeAll(fresh));
    changes.did(() => removeAll(fresh));
    attempt(`copy ${from} to ${fresh}`, () => {
      mkdir(fresh, 0o755);
      for (const part of PARTS) {
        if (isThere(`${from}/${part}`)) placeTree(`${from}/${part}`, `${fresh}/${part}`);
      }
    });
    if (!isThere(layout.home)) changes.move(fresh, layout.home);
    else {
      changes.outcome = `${layout.home} is this release only in part; doing it again finishes that`;
      attempt(`replace what is in ${layout.home}`, () => {
        for (const part of PARTS) merge(`${fresh}/${part}`, `${layout.home}/${part}`);
        removeAll(fresh);
      });
      changes.outcome = `${layout.home} is this release now; nothing else was changed`;
    }
  }
  makeCommands(`${layout.home}/command`, commands, changes);
}

/**
 * Makes what is at `to` what is at `from`, file by file: what is being executed there is never written over, and nobody
 * finds a file missing that both have.
 */
function merge(from: ByteString, to: ByteString): void {
  if (!isThere(from)) return removeAll(to);
  if (!isThere(to) || !isDirectory(lstat(from)) || !isDirectory(lstat(to))) {
    if (isThere(to) && isDirectory(lstat(to))) removeAll(to);
    return rename(from, to);
  }
  const names = namesIn(from);
  for (const name of names) merge(`${from}/${name}`, `${to}/${name}`);
  for (const name of namesIn(to)) if (!names.includes(name)) removeAll(`${to}/${name}`);
}

/** What djbox uninstall needs of the tree, and of the folder `runtime` in it. */
const RUN_BY = ["runtime", "djbox"];
const DENO = "deno";
const RUNTIME_OF_UNINSTALL = [
  "base.js",
  DENO,
  "djbox.js",
  "tool.djbox.js",
  "tool.djbox-uninstall.js",
];

/** Removes the tree at `home`; last what djbox uninstall needs, so that it can be called again where it fails. */
export function removeTree(home: ByteString): void {
  // Of a tree elsewhere that a link leads to nothing is ours but the link.
  if (!isThere(home) || !isDirectory(lstat(home))) return removeAll(home);
  removeFrom(home, RUN_BY);
  removeFrom(`${home}/runtime`, RUNTIME_OF_UNINSTALL);
  // The one that is likeliest to be held, since it runs: where it cannot be removed, the others are still there, too.
  removeAll(`${home}/runtime/${DENO}`);
  for (const name of RUN_BY) removeAll(`${home}/${name}`);
  removeAll(home);
}

/** Removes what is in `directory`, but for `kept`; a link in its place is not followed. */
function removeFrom(directory: ByteString, kept: readonly ByteString[]): void {
  if (!isThere(directory) || !isDirectory(lstat(directory))) return;
  const names = namesIn(directory).filter((name) => !kept.includes(name));
  for (const name of names) removeAll(`${directory}/${name}`);
}

/** A link for each tool, and none for what is no tool any more. */
function makeCommands(
  directory: ByteString,
  commands: readonly ByteString[],
  changes: Changes,
): void {
  changes.directory(directory);
  for (const name of commands) changes.link(`../djbox`, `${directory}/${name}`);
  for (const name of namesIn(directory)) {
    const path = `${directory}/${name}`;
    if (!commands.includes(name) && targetOf(path) === "../djbox") changes.remove(path);
  }
}
