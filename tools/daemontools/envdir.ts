// SPDX-License-Identifier: 0BSD
/**
 * envdir - runs a program with environment variables taken from the files of a directory
 *
 * Synopsis: envdir DIR CHILD [ARG ...]
 *
 * A file NAME in DIR whose first line is VALUE sets NAME=VALUE: trailing spaces and tabs are taken off,
 * then each NUL becomes a newline. An empty file removes the variable. Names that begin with a dot are passed over.
 *
 * Exit codes: 111 wrong usage, or DIR or a file in it cannot be read, or CHILD cannot be run; else CHILD's own.
 *
 * Differences: a symbolic link to nowhere in DIR is passed over; with the C tool the variable gets the value of
 * whatever file was read before.
 *
 * See https://cr.yp.to/daemontools/envdir.html
 *
 * @module
 */
import { type ByteString, fromBytes } from "../../lib/os/bytes.ts";
import { O_NONBLOCK, O_RDONLY } from "../../lib/os/constants.ts";
import { chdir, fchdir, readDirectory } from "../../lib/os/directory.ts";
import { ENOENT, SystemError } from "../../lib/os/errno.ts";
import { close, open, readFile } from "../../lib/os/file.ts";
import { type Inheritance, lowestFreeDescriptors } from "../../lib/os/process.ts";
import { EXIT_TEMPORARY, Failure, fatal, orFatal } from "../../lib/cli/messages.ts";
import type { Environment } from "../../lib/cli/environment.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: envdir dir child";

export const envdir: Tool = { usage: USAGE, brief: true, run };

function run(context: Context): Outcome {
  const { name: tool, args } = context;
  const [directory, ...child] = args;
  // The C tool exits 111 here, not 100.
  if (directory === undefined || child.length === 0) {
    throw new Failure(EXIT_TEMPORARY, `${tool}: ${USAGE}`);
  }
  const env = context.env.copy();
  const start = orFatal(tool, "unable to switch to current directory", () => {
    requireDescriptors(context.inheritance, 1);
    return open(".", O_RDONLY | O_NONBLOCK);
  });
  orFatal(tool, `unable to switch to directory ${directory}`, () => chdir(directory));
  takeVariables(context, directory, env);
  orFatal(tool, "unable to switch to starting directory", () => fchdir(start));
  close(start);
  return { argv: child, env };
}

/**
 * A limit of open files (softlimit's, before us in a chain) binds us as it would bind the C tool, which has `count` files
 * open here: the working directory, then the directory, then a file in it.
 */
function requireDescriptors(inheritance: Inheritance, count: number): void {
  lowestFreeDescriptors(inheritance, count);
}

/** Takes the variables that the working directory holds into `env`. */
function takeVariables(context: Context, directory: ByteString, env: Environment): void {
  const { name: tool, inheritance } = context;
  const names = orFatal(tool, `unable to read directory ${directory}`, () => {
    requireDescriptors(inheritance, 2);
    return readDirectory(".");
  });
  for (const name of names) {
    if (name.startsWith(".")) continue;
    try {
      requireDescriptors(inheritance, 3);
      const content = readFile(name);
      if (content.length === 0) env.unset(name);
      else env.set(name, valueOf(content));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno === ENOENT) continue;
      throw fatal(tool, `unable to read ${directory}/${name}`, error);
    }
  }
}

const NEWLINE = 10;
const TAB = 9;
const SPACE = 32;

function valueOf(content: Uint8Array<ArrayBuffer>): ByteString {
  const newline = content.indexOf(NEWLINE);
  let end = newline < 0 ? content.length : newline;
  while (end > 0 && (content[end - 1] === SPACE || content[end - 1] === TAB)) end--;
  return fromBytes(content.subarray(0, end)).replaceAll("\0", "\n");
}
