// SPDX-License-Identifier: 0BSD
/**
 * The old files of a log directory: how a file becomes one, and how their number is kept.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { access, readDirectory, rename, statIfThere, unlink } from "../os/file.ts";
import { STAMP_SIZE } from "../tai/stamp.ts";
import { persist } from "./persist.ts";

/** A log directory as its parts see it. */
export interface Place {
  /** The tool, for messages. */
  readonly tool: string;
  /** The directory as it was given, for messages. */
  readonly path: ByteString;
  /** The descriptor of the directory. */
  readonly at: number;
  /** How many files of the log there may be, `current` among them. */
  readonly number: number;
  /** A stamp later than all before. */
  readonly nextStamp: () => ByteString;
}

/** What the suffix of an old file's name says: it is complete and on the disk, or its writer died. */
export type Suffix = "s" | "u";

/**
 * Makes `file` an old file, if it is there, and removes the oldest ones where there are too many now. A file that
 * has another name has become an old file already: the writer died between link(2) and unlink(2), which is
 * how the C tool does it.
 */
export function retire(place: Place, file: ByteString, suffix: Suffix): void {
  const { tool, path, at } = place;
  const stat = persist(tool, `unable to stat ${path}/${file}`, () => statIfThere(file, at));
  if (stat === undefined) return;
  if (stat.links > 1) {
    persist(tool, `unable to remove ${path}/${file}`, () => unlink(file, at));
  } else {
    const name = freshName(place, suffix);
    persist(tool, `unable to link to ${path}/${name}`, () => rename(file, name, at));
  }
  persist(tool, `unable to read ${path}`, () => prune(place));
}

/** rename(2) would replace a file of that name, which a clock that was set back can bring about. */
function freshName(place: Place, suffix: Suffix): ByteString {
  for (;;) {
    const name = `${place.nextStamp()}.${suffix}`;
    if (access(name, 0, place.at) !== 0) return name;
  }
}

/** Whatever has a long enough name with an @ in front counts, so that an old file can be compressed in place. */
function prune({ at, number }: Place): void {
  const names = readDirectory(".", at).filter((name) =>
    name.length >= STAMP_SIZE && name.startsWith("@")
  );
  const surplus = names.length - (number - 1);
  if (surplus <= 0) return;
  for (const name of names.sort().slice(0, surplus)) unlink(name, at);
}
