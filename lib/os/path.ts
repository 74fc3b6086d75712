// SPDX-License-Identifier: 0BSD
/**
 * The names in a path: path_resolution(7).
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";

/** How many links the kernel follows on the way through a path, before it says ELOOP. */
export const MOST_LINKS = 40;

/** What a program is called by: its path without the directories. */
export function baseName(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder that `path` is in: what stands before its last slash, of which there is one. */
export function folderOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf("/"));
}
