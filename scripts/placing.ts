// SPDX-License-Identifier: 0BSD
/**
 * lib/package/placing.ts for scripts: paths are text here, as the runtime has them, and byte strings there.
 *
 * @module
 */
import { utf8 } from "../lib/os/bytes.ts";
import * as bytewise from "../lib/package/placing.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Makes a directory and those above it. */
export function makeDirectories(path: string): void {
  bytewise.makeDirectories(utf8(path));
}

/** Puts a file with this content at `path`. */
export function placeText(text: string, path: string, mode: number): void {
  placeBytes(new TextEncoder().encode(text), path, mode);
}

/** Puts a file with this content at `path`. */
export function placeBytes(content: Bytes, path: string, mode: number): void {
  bytewise.placeBytes(content, utf8(path), mode);
}

/** Puts a copy of the file `from` at `path`. */
export function placeFile(from: string, path: string, mode: number): void {
  bytewise.placeFile(utf8(from), utf8(path), mode);
}

/** Puts a symbolic link to `target` at `path`. */
export function placeLink(target: string, path: string): void {
  bytewise.placeLink(utf8(target), utf8(path));
}

/** Puts a copy of the file, link or directory `from`, with all that is in it, at `path`. */
export function placeTree(from: string, path: string): void {
  bytewise.placeTree(utf8(from), utf8(path));
}

/** Whether there is anything at `path`, be it a link that leads nowhere. */
export function isThere(path: string): boolean {
  return bytewise.isThere(utf8(path));
}

/** Removes a file, or a directory with what is in it. */
export function removeAll(path: string): void {
  bytewise.removeAll(utf8(path));
}
