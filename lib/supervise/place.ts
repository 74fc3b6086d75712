// SPDX-License-Identifier: 0BSD
/**
 * Where a machine has its services.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { unlessRefused } from "../os/errno.ts";
import { readDirectory } from "../os/file.ts";
import { lstat } from "../os/stat.ts";

const ORIGINAL_PLACE = "/service";
const DEBIAN_PLACE = "/etc/service";

/** D. J. Bernstein's /service; where nothing is in that, Debian's, if there is one. */
export function serviceDirectory(): ByteString {
  if (namesIn(ORIGINAL_PLACE).length > 0 || !exists(DEBIAN_PLACE)) return ORIGINAL_PLACE;
  return DEBIAN_PLACE;
}

/** What the shell's `*` stands for in `directory`; nothing where that cannot be read. */
export function namesIn(directory: ByteString): ByteString[] {
  const names = unlessRefused(() => readDirectory(directory)) ?? [];
  return names.filter((name) => !name.startsWith(".")).sort();
}

/** Whether anything is called `path`, if only a link to nowhere. */
export function exists(path: ByteString): boolean {
  return unlessRefused(() => lstat(path)) !== undefined;
}
