// SPDX-License-Identifier: 0BSD
/**
 * Error numbers of Linux (errno(3); the same on x86-64 and arm64) and the error that a failed system
 * call throws.
 *
 * @module
 */

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EEXIST = 17;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOSPC = 28;
export const EROFS = 30;
export const ELOOP = 40;
export const EPROTO = 71;
export const ENOTSOCK = 88;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const EINPROGRESS = 115;
export const EDQUOT = 122;

/**
 * A system call that failed: `call` is its name as in section 2 of the manual, `errno` its reason. `words` say the
 * reason where the words for the errno do not.
 */
export class SystemError extends Error {
  /** As the class's comment says. */
  constructor(readonly errno: number, readonly call: string, readonly words?: string) {
    super(`${call}: errno ${errno}`);
  }
}

/** What `action` returns; undefined where a system call in it fails. */
export function unlessRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** What `action` returns; undefined where a system call in it fails with one of `errnos`. Other errors pass. */
export function unlessErrno<T>(errnos: readonly number[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof SystemError && errnos.includes(error.errno)) return undefined;
    throw error;
  }
}

/** Whether no system call in `action` fails. */
export function succeeds(action: () => void): boolean {
  return unlessRefused(() => {
    action();
    return true;
  }) === true;
}
