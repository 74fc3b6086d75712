// SPDX-License-Identifier: 0BSD
/**
 * Where a machine has its services.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { readDirectory } from "../os/directory.ts";
import { unlessRefused } from "../os/errno.ts";
import { lstat } from "../os/stat.ts";

export const ORIGINAL_PLACE = "/service";
export const DEBIAN_PLACE = "/etc/service";

/** D. J. Bernstein's /service; where nothing is in that, Debian's, if there is one. */
export function serviceDirectory(): ByteString {
  if (visibleNames(ORIGINAL_PLACE).length > 0 || !canBeSeen(DEBIAN_PLACE)) return ORIGINAL_PLACE;
  return DEBIAN_PLACE;
}

/** What the shell's `*` stands for in `directory`; nothing where that cannot be read. */
export function visibleNames(directory: ByteString): ByteString[] {
  const names = unlessRefused(() => readDirectory(directory)) ?? [];
  return names.filter((name) => !name.startsWith(".")).sort();
}

/** Whether anything that we may see is called `path`, if only a link to nowhere. */
export function canBeSeen(path: ByteString): boolean {
  return unlessRefused(() => lstat(path)) !== undefined;
}
