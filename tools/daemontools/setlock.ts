// SPDX-License-Identifier: 0BSD
/**
 * setlock - runs a program with a file locked
 *
 * Synopsis: setlock [-nNxX] FILE PROGRAM [ARG ...]
 *
 * FILE is opened for appending (created with mode 600 if need be) and locked as by flock(1); PROGRAM inherits the
 * descriptor, the lowest that is free, and with it the lock.
 *
 * Options (of opposites the last one counts):
 *   -n   do not wait where somebody else has the lock
 *   -N   wait (default)
 *   -x   exit 0, silently, where FILE cannot be opened or locked
 *   -X   exit 111 then, with a message (default)
 *
 * Exit codes: 100 wrong usage; 111 FILE cannot be opened or locked, or PROGRAM cannot be run; 0 with -x, see there;
 * else PROGRAM's own.
 *
 * See https://cr.yp.to/daemontools/setlock.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import {
  LOCK_EX,
  LOCK_NB,
  O_APPEND,
  O_CREAT,
  O_NONBLOCK,
  O_WRONLY,
} from "../../lib/os/constants.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { flock, open } from "../../lib/os/file.ts";
import { type Inheritance, lowestFreeDescriptors, type Mapping } from "../../lib/os/process.ts";
import { getopt, type Option } from "../../lib/cli/getopt.ts";
import { fatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: setlock [ -nNxX ] file program [ arg ... ]";

export const setlock: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, env, inheritance } = context;
  const { options, operands } = getopt(context, "nNxX", USAGE);
  const [file, ...program] = operands;
  if (file === undefined || program.length === 0) throw usageError(name, USAGE);
  const wait = last(options, "nN") !== "n";
  let step = `unable to open ${file}`;
  try {
    const [ours, theirs] = openLockFile(file, inheritance);
    step = `unable to lock ${file}`;
    flock(ours, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    return { argv: program, env, descriptors: [[ours, theirs]] };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (last(options, "xX") === "x") return 0;
    throw fatal(name, step, error);
  }
}

function openLockFile(file: ByteString, inheritance: Inheritance): Mapping {
  const [theirs] = lowestFreeDescriptors(inheritance, 1) as [number];
  return [open(file, O_WRONLY | O_NONBLOCK | O_APPEND | O_CREAT, 0o600), theirs];
}

/** The last option given whose letter is among `letters`. */
function last(options: readonly Option[], letters: string): string | undefined {
  return options.findLast(({ letter }) => letters.includes(letter))?.letter;
}
