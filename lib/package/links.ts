// SPDX-License-Identifier: 0BSD
/**
 * package/upgrade: the version in use, and the links by which it is found. The switch is one rename(2).
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { unlessRefused } from "../os/errno.ts";
import { isSameFile } from "../os/stat.ts";
import { type Changes, targetOf } from "./changes.ts";
import { type Layout, PACKAGE } from "./layout.ts";
import { attempt, refusal, say } from "./messages.ts";
import { isThere, namesIn } from "./placing.ts";

/** What to do with a command of another package that has a name of ours. */
export type Policy = "refuse" | "replace" | "beside";

/** Links of one directory. */
interface Place {
  readonly directory: ByteString;
  readonly names: readonly ByteString[];
  /** Where a link called so leads; behind it, what it says below another root, whence it may have come. */
  readonly targets: (name: ByteString) => readonly [ByteString, ...ByteString[]];
  /** Whether somebody else's files are in the way of the installation, or just stay. */
  readonly matters: boolean;
}

/** Where links to the files of a tree are looked for: folders of the tree, and of ROOT/usr/local. */
const SHARED: readonly (readonly [ByteString, ByteString])[] = [
  ["man/man1", "share/man/man1"],
  ["man/man5", "share/man/man5"],
  ["man/man8", "share/man/man8"],
  ["completions/bash", "share/bash-completion/completions"],
  ["completions/zsh", "share/zsh/site-functions"],
];

/** All links of `layout`, for a version that has `commands` and the files in its tree. */
function placesOf(
  { root, home, command }: Pick<Layout, "root" | "home" | "command">,
  commands: readonly ByteString[],
): Place[] {
  // Below a root that may be moved all links are relative; in / one may have put links in place of /command or /usr/local.
  const forms = (depth: number, path: ByteString): [ByteString, ByteString] => {
    const relative = "../".repeat(depth) + path;
    return root === "" ? [`/${path}`, relative] : [relative, `/${path}`];
  };
  return [
    {
      directory: command,
      names: commands,
      targets: (name) => forms(1, `package/admin/${PACKAGE}/command/${name}`),
      matters: true,
    },
    {
      directory: `${root}/usr/local/bin`,
      names: commands,
      targets: (name) => forms(3, `command/${name}`),
      matters: true,
    },
    ...SHARED.map(([folder, place]) => ({
      directory: `${root}/usr/local/${place}`,
      names: namesIn(`${home}/${folder}`),
      targets: (name: ByteString) =>
        forms(2 + place.split("/").length, `package/admin/${PACKAGE}/${folder}/${name}`),
      matters: false,
    })),
  ];
}

/** The name of a file in the way, and whose it is. */
interface Stranger {
  readonly path: ByteString;
  /** Where it leads; undefined: it is no link. */
  readonly target: ByteString | undefined;
  /** As that of the place which it is in. */
  readonly matters: boolean;
}

function strangersIn(place: Place): Stranger[] {
  return place.names.map((name) => ({ name, path: `${place.directory}/${name}` }))
    .filter(({ path }) => attempt(`look at ${path}`, () => isThere(path)))
    .map(({ name, path }) => ({ name, path, target: targetOf(path) }))
    .filter(({ name, target }) => !belongs(place, name, target))
    .map(({ path, target }) => ({ path, target, matters: place.matters }));
}

/** Whether a link that leads to `target` is one of `place`'s. */
function belongs({ targets }: Place, name: ByteString, target: ByteString | undefined): boolean {
  return target !== undefined && (targets(name).includes(target) || isOurs(target));
}

/** Whether a link belongs to an installation of djbox, whatever its root was. */
export function isOurs(target: ByteString | undefined): boolean {
  return target !== undefined && /(^|\/)package\/admin\/djbox(\/|-)/.test(target);
}

/**
 * Looks whether a version that has `commands` can be made the one in use, be it in its place already or not.
 *
 * @throws Failure where something is in the way
 */
export function checkWay(layout: Layout, commands: readonly ByteString[], policy: Policy): void {
  const inTheWay = placesOf(layout, commands).flatMap(strangersIn).filter(({ matters }) => matters);
  if (policy === "refuse" && inTheWay.length > 0) throw refusal(complaint(inTheWay));
  const files = inTheWay.filter(({ target }) => target === undefined);
  if (policy === "replace" && files[0] !== undefined) {
    throw refusal(`${files[0].path} is no link: move it away, or leave it with --beside`);
  }
  if (targetOf(layout.current) === undefined && isThere(layout.current)) {
    throw refusal(`${layout.current} is no link: move it away`);
  }
}

/**
 * Makes the version of `layout` the one in use.
 *
 * @param commands the names of all tools
 */
export function useVersion(
  layout: Layout,
  commands: readonly ByteString[],
  policy: Policy,
  changes: Changes,
): void {
  if (!isThere(`${layout.home}/${PACKAGE}`)) {
    throw refusal(`there is no ${layout.home}/${PACKAGE}; package/compile puts it there`);
  }
  checkWay(layout, commands, policy);
  const places = placesOf(layout, commands);
  const strangers = places.flatMap(strangersIn);
  const left = policy === "replace" ? strangers.filter(({ matters }) => !matters) : strangers;
  for (const { path } of left) say(`${path} is not djbox's and stays as it is`);

  const stale = namesIn(layout.command).filter((name) =>
    !commands.includes(name) && isOurs(targetOf(`${layout.command}/${name}`))
  );

  changes.link(`${PACKAGE}-${layout.version}`, layout.current);
  const stay = new Set(left.map(({ path }) => path));
  for (const { directory, names, targets } of places) {
    if (names.length > 0) changes.directory(directory);
    for (const name of names) {
      const path = `${directory}/${name}`;
      if (!stay.has(path)) changes.link(targets(name)[0], path);
    }
  }
  for (const { directory, names } of places.filter(({ matters }) => matters)) {
    const path = `${directory}/${PACKAGE}`;
    if (
      !names.includes(PACKAGE) || stay.has(path) || isSameFile(path, `${layout.home}/${PACKAGE}`)
    ) {
      continue;
    }
    throw refusal(`${path} does not lead to ${layout.home}: what is in the place of ${directory}?`);
  }
  for (const place of placesOf(layout, stale).filter(({ matters }) => matters)) {
    removeLinks(place, [], changes);
  }
  removeLeftLinks(places, changes);
}

/** Removes the links to pages and the like that another version had, and the one in use has not. */
function removeLeftLinks(places: readonly Place[], changes: Changes): void {
  for (const { directory, names, targets } of places.filter(({ matters }) => !matters)) {
    for (const name of unlessRefused(() => namesIn(directory)) ?? []) {
      const path = `${directory}/${name}`;
      if (!names.includes(name) && targets(name).includes(targetOf(path) ?? "")) {
        changes.remove(path);
      }
    }
  }
}

/** Removes the links of `place` that are ours, but for those in `except`. */
function removeLinks(place: Place, except: readonly ByteString[], changes: Changes): void {
  for (const name of place.names) {
    const path = `${place.directory}/${name}`;
    if (!except.includes(name) && belongs(place, name, targetOf(path))) changes.remove(path);
  }
}

/** Removes all links of the version in use. Returns those that are not djbox's. */
export function removeAllLinks(
  layout: Layout,
  commands: readonly ByteString[],
  changes: Changes,
): ByteString[] {
  const places = placesOf(layout, commands);
  const strangers = places.flatMap(strangersIn).map(({ path }) => path);
  for (const place of places) {
    // A link in usr/local/bin leads to whatever is in /command: it is ours where that one is.
    const theirs = place.names.filter((name) => strangers.includes(`${layout.command}/${name}`));
    removeLinks(place, theirs, changes);
  }
  removeLeftLinks(places, changes);
  changes.remove(layout.current);
  return strangers;
}

function complaint(strangers: readonly Stranger[]): ByteString {
  const [first] = strangers as [Stranger, ...Stranger[]];
  const whose = first.target === undefined ? "no link" : `a link to ${first.target}`;
  const more = strangers.length === 1 ? "" : ` (and ${strangers.length - 1} more)`;
  return `${first.path}${more} is not djbox's but ${whose}; ` +
    "--replace puts djbox's in its place, --beside installs the other commands";
}
