// SPDX-License-Identifier: 0BSD
/**
 * What supervisors have in common: the process that they live in, and what it gives to services.
 *
 * @module
 */
import { type StringArray, stringArray } from "../os/c_string.ts";
import { RLIMIT_NOFILE, SIGCHLD, SIGPIPE, SIGXFSZ } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { Poller } from "../os/poll.ts";
import type { Inheritance } from "../os/process.ts";
import { getLimit, raiseHardLimit, setSoftLimit } from "../os/rlimit.ts";
import { ignoreForOurselves, setDisposition } from "../os/signal.ts";
import { Timers } from "../os/timers.ts";
import type { Context } from "../cli/tool.ts";
import { dropUnread } from "./complaints.ts";
import { Starts } from "./start_run.ts";

/** What a supervisor needs from the process that it lives in. */
export interface Surroundings {
  readonly poller: Poller;
  readonly timers: Timers;
  /** The environment of the services. */
  readonly environ: StringArray;
  readonly inheritance: Inheritance;
  readonly starts: Starts;
  /** Whether services are to be found again, and not started a second time, after this process was killed. */
  readonly adopts: boolean;
}

/**
 * Surroundings whose services inherit what a program run by `context` would. This process becomes one that supervises: of
 * its signals, its limit of open files and its messages.
 *
 * @param options.adopts whether services are to be found again after this process was killed
 * @throws SystemError where there can be no poller; then it may be called again
 */
export function makeSurroundings(
  context: Context,
  { adopts }: Pick<Surroundings, "adopts">,
): Surroundings {
  // A message that nobody reads (svscan's go into readproctitle) must not end the supervision of everything.
  ignoreForOurselves(SIGPIPE);
  // Nor must one that the limit of a file's size has no room for: that is an error like others then.
  ignoreForOurselves(SIGXFSZ);
  // Where it is ignored the kernel takes the status of what has ended, and its pid may be somebody else's (wait(2)).
  setDisposition(SIGCHLD, "default");
  const environ = stringArray(context.env.entries());
  const inheritance = takeFiles(context.inheritance);
  const poller = new Poller();
  // Last: it opens a descriptor, and where there is none for the poller all of this may be tried again.
  dropUnread();
  return {
    poller,
    timers: new Timers(),
    environ,
    inheritance,
    starts: new Starts(environ, inheritance),
    adopts,
  };
}

/** Enough for some thousand services. */
const FILES = 65_536n;

/**
 * A service takes up to six descriptors here, where C has a process for each; so what one process may have is not to be
 * what all have together. We have as many as we may, and as root some more; the services are to have what we were given.
 */
function takeFiles(inheritance: Inheritance): Inheritance {
  const { soft, hard } = getLimit(RLIMIT_NOFILE);
  unlessRefused(() => raiseHardLimit(RLIMIT_NOFILE, FILES));
  setSoftLimit(RLIMIT_NOFILE, getLimit(RLIMIT_NOFILE).hard);
  return {
    ...inheritance,
    softFiles: inheritance.softFiles ?? soft,
    hardFiles: inheritance.hardFiles ?? hard,
  };
}
