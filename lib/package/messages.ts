// SPDX-License-Identifier: 0BSD
/**
 * What the tools that install, boot and take over say, and how they end where they cannot go on.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGPIPE } from "../os/constants.ts";
import { EACCES, EDQUOT, ENOSPC, EPERM, EROFS, SystemError, unlessRefused } from "../os/errno.ts";
import { geteuid } from "../os/process.ts";
import { ignoreForOurselves } from "../os/signal.ts";
import { EXIT_TEMPORARY, Failure, reasonOf } from "../cli/messages.ts";
import { print } from "../cli/output.ts";

/** What the messages of installing begin with, whichever step they come from. */
const INSTALLER = "djbox";

/** What is for those who are not root. */
const REFUSED = [EACCES, EPERM];

/** What to do about an error. */
const ADVICE: Readonly<Record<number, ByteString>> = {
  [EACCES]: "only root may do that; with --root DIR any user may",
  [EPERM]: "only root may do that; with --root DIR any user may",
  [EROFS]: "mount it writable, or install elsewhere with --root DIR",
  [ENOSPC]: "make room there and do this again",
  [EDQUOT]: "make room there and do this again",
};

/**
 * Tells the user what has been done. It is done whether or not that can be written: a full disk, or a reader that has
 * gone, must not keep svscan from being started.
 */
export function say(line: ByteString): void {
  ignoreForOurselves(SIGPIPE);
  unlessRefused(() => print(`${INSTALLER}: ${line}\n`));
}

/** The end of the whole undertaking: `djbox: fatal: TEXT`. */
export function refusal(text: ByteString): Failure {
  return new Failure(EXIT_TEMPORARY, `${INSTALLER}: fatal: ${text}`);
}

/** What `action` returns; where it fails, the failure says how things are then, too. */
export function orTell<T>(outcome: () => ByteString, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${error.text}; ${outcome()}`);
  }
}

/** What `action` returns; where the system refuses it, the failure says why, and what to do. */
export function attempt<T>(what: ByteString, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const isRoots = REFUSED.includes(error.errno) && geteuid() === 0;
    const advice = isRoots ? undefined : ADVICE[error.errno];
    const text = `unable to ${what}: ${reasonOf(error)}`;
    throw refusal(advice === undefined ? text : `${text}; ${advice}`);
  }
}
