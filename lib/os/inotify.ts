// SPDX-License-Identifier: 0BSD
/**
 * Being told that the entries of directories change: inotify(7).
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./constants.ts";
import { SystemError } from "./errno.ts";
import { close } from "./file.ts";
import { cString } from "./c_string.ts";
import { check, hot, libc, pad } from "./libc.ts";

const IN_MOVED_FROM = 0x40;
const IN_MOVED_TO = 0x80;
const IN_CREATE = 0x100;
const IN_DELETE = 0x200;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_ONLYDIR = 0x01000000;
const EVENTS = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
  IN_ONLYDIR;

/** Events are at most 16 bytes and a name of 255 with its NUL; many fit. */
const BUFFER_SIZE = 4096;

/** Watches the entries of directories: which there are, not what is in them; and whether those themselves are moved. */
export class DirectoryWatch {
  readonly #buffer = new Uint8Array(BUFFER_SIZE);

  /** @param fd readable when something has changed */
  private constructor(readonly fd: number) {}

  /** @throws SystemError also where the user has as many watches as he may */
  static open(directories: readonly ByteString[]): DirectoryWatch {
    const fd = check(libc().inotify_init1(O_NONBLOCK | O_CLOEXEC, pad), "inotify_init1");
    try {
      for (const path of directories) {
        check(libc().inotify_add_watch(fd, cString(path), EVENTS, pad), "inotify_add_watch");
      }
      return new DirectoryWatch(fd);
    } catch (error) {
      if (error instanceof SystemError) close(fd);
      throw error;
    }
  }

  /** Takes note of all changes so far: `fd` is not readable any more. */
  clear(): void {
    while (hot("read")(this.fd, this.#buffer, BUFFER_SIZE) > 0);
  }

  close(): void {
    close(this.fd);
  }
}
