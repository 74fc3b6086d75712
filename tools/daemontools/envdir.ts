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
 * See https://cr.yp.to/daemontools/envdir.html
 *
 * @module
 */
import { type ByteString, fromBytes } from "../../lib/os/bytes.ts";
import { ENOENT, SystemError } from "../../lib/os/errno.ts";
import { close, openDirectory, readDirectory, readFile } from "../../lib/os/file.ts";
import { EXIT_TEMPORARY, Failure, fatal, orFatal } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: envdir dir child";

export const envdir: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [directory, ...child] = context.args;
  // The C tool exits 111 here, not 100.
  if (directory === undefined || child.length === 0) {
    throw new Failure(EXIT_TEMPORARY, `${context.name}: ${USAGE}`);
  }
  const env = context.env.copy();
  for (const [name, value] of readEnvironment(context.name, directory)) {
    if (value === undefined) env.unset(name);
    else env.set(name, value);
  }
  return { argv: child, env };
}

/** Name and value of each file; undefined: the variable is to be removed. */
function readEnvironment(
  tool: string,
  directory: ByteString,
): [ByteString, ByteString | undefined][] {
  const fd = orFatal(
    tool,
    `unable to switch to directory ${directory}`,
    () => openDirectory(directory),
  );
  const found: [ByteString, ByteString | undefined][] = [];
  for (
    const name of orFatal(
      tool,
      `unable to read directory ${directory}`,
      () => readDirectory(".", fd),
    )
  ) {
    if (name.startsWith(".")) continue;
    const content = readVariable(tool, directory, fd, name);
    if (content !== undefined) found.push([name, content === "" ? undefined : valueOf(content)]);
  }
  close(fd);
  return found;
}

/** The file's content; undefined for a dangling link, which the C tool passes over too. */
function readVariable(
  tool: string,
  directory: ByteString,
  at: number,
  name: ByteString,
): ByteString | undefined {
  try {
    return fromBytes(readFile(name, at));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === ENOENT) return undefined;
    throw fatal(tool, `unable to read ${directory}/${name}`, error);
  }
}

function valueOf(content: ByteString): ByteString {
  const line = content.split("\n", 1)[0] as ByteString;
  return line.replace(/[ \t]+$/, "").replaceAll("\0", "\n");
}
