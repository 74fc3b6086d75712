// SPDX-License-Identifier: 0BSD
/**
 * Descriptors 0, 1 and 2: the runtime has duplicates of them, and whoever started us may have closed them.
 *
 * @module
 */
import { O_RDWR } from "./constants.ts";
import { readDirectory } from "./directory.ts";
import { unlessRefused } from "./errno.ts";
import { close, dup2, isInherited, isOpen, memoryFile, open, setCloseOnExec } from "./file.ts";
import { fstat } from "./stat.ts";

/** Opens /dev/null where 0, 1 or 2 is closed, so that nothing that is opened later gets that number. */
export function fillStandardDescriptors(): void {
  for (let fd = 0; fd <= 2; fd++) {
    // open(2) takes the lowest free number.
    if (!isOpen(fd)) open("/dev/null", O_RDWR);
  }
}

/**
 * Puts /dev/null, close-on-exec, in the place of what is open at descriptors `fds`, which nothing else is to have. The
 * runtime keeps duplicates of 0, 1 and 2; whoever waits for the end of a pipe waits for those, too. What is at `kept` is no
 * duplicate, though it may be the same file.
 */
export function replaceByNull(fds: readonly number[], kept: readonly number[]): void {
  // A chroot need not have it; C only closes them.
  const nothing = unlessRefused(() => open("/dev/null", O_RDWR)) ??
    memoryFile("null", new Uint8Array());
  const files = new Set(fds.filter(isOpen).map((fd) => fstat(fd).identity));
  const others = readDirectory("/proc/self/fd").map(Number).filter((fd) =>
    fd > 2 && !kept.includes(fd) && isOpen(fd) && !isInherited(fd) &&
    files.has(fstat(fd).identity)
  );
  for (const fd of [...fds, ...others]) {
    dup2(nothing, fd);
    setCloseOnExec(fd, true);
  }
  close(nothing);
}
