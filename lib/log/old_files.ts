// SPDX-License-Identifier: 0BSD
/**
 * The old files of a log directory: how a file becomes one, and how their number is kept.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { visitDirectory } from "../os/directory.ts";
import { access, rename, unlink } from "../os/file.ts";
import { statIfThere } from "../os/stat.ts";
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

/** The mode of a file that is complete and on the disk. */
export const COMPLETE = 0o744;

/** What the suffix of an old file's name says: it is complete and on the disk, or its writer died. */
export type Suffix = "s" | "u";

/**
 * What a dead writer has left: makes `file` an old file, if it is there. One that has another name is an old file
 * already: its writer died between link(2) and unlink(2), which is how the C tool renames.
 */
export function retireLeftover(place: Place, file: ByteString, suffix: Suffix): void {
  const { tool, path, at } = place;
  const stat = persist(tool, `unable to stat ${path}/${file}`, () => statIfThere(file, at));
  if (stat === undefined) return;
  if (stat.links === 1) {
    retire(place, file, suffix);
  } else {
    persist(tool, `unable to remove ${path}/${file}`, () => unlink(file, at));
    persist(tool, `unable to read ${path}`, () => prune(place));
  }
}

/** Makes `file` an old file, and removes the oldest ones where there are too many now. */
export function retire(place: Place, file: ByteString, suffix: Suffix): void {
  const { tool, path, at } = place;
  const name = freshName(place, suffix);
  persist(tool, `unable to link to ${path}/${name}`, () => rename(file, name, at));
  persist(tool, `unable to read ${path}`, () => prune(place));
}

/** rename(2) would replace a file of that name, which a clock that was set back can bring about. */
function freshName(place: Place, suffix: Suffix): ByteString {
  for (;;) {
    const name = `${place.nextStamp()}.${suffix}`;
    if (access(name, 0, place.at) !== 0) return name;
  }
}

const AT_SIGN = 64;

/** Removes the files with the smallest names. Mostly it is one, which is found without a string for each name. */
function prune({ at, number }: Place): void {
  let count = 0;
  let smallest: ByteString | undefined;
  visitDirectory(".", at, (bytes, start, end) => {
    if (!isOldFile(bytes, start, end)) return;
    count++;
    if (smallest === undefined || isSmaller(bytes, start, end, smallest)) {
      smallest = fromBytes(bytes.subarray(start, end));
    }
  });
  if (smallest === undefined || count < number) return;
  if (count === number) return unlink(smallest, at);
  for (const name of oldFiles(at).sort().slice(0, count - number + 1)) unlink(name, at);
}

function oldFiles(at: number): ByteString[] {
  const names: ByteString[] = [];
  visitDirectory(".", at, (bytes, start, end) => {
    if (isOldFile(bytes, start, end)) names.push(fromBytes(bytes.subarray(start, end)));
  });
  return names;
}

/** Whatever has a long enough name with an @ in front counts, so that old files can be compressed in place. */
function isOldFile(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === AT_SIGN && end - start >= STAMP_SIZE;
}

function isSmaller(bytes: Uint8Array, start: number, end: number, than: ByteString): boolean {
  for (let i = 0; i < end - start && i < than.length; i++) {
    const difference = (bytes[start + i] as number) - than.charCodeAt(i);
    if (difference !== 0) return difference < 0;
  }
  return end - start < than.length;
}
