// SPDX-License-Identifier: 0BSD
/**
 * Runs a tool, and the tool that it runs, and so on.
 *
 * `envdir ./env setuidgid u softlimit -m 2000000 tcpserver ...` is how run scripts are written, and a start of
 * the runtime costs more than all four tools together. So where the next program is this very executable, the
 * next tool runs in the same process; execve(2) comes when a foreign program does. Here is the only place
 * that execs, but for the toolbox itself when it is started over (start.ts, lib/supervise/upgrade.ts).
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { X_OK } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { access } from "../os/file.ts";
import { baseName } from "../os/path.ts";
import { limitOurselves } from "../os/rlimit.ts";
import { isRegular, stat } from "../os/stat.ts";
import { exec, type Inheritance, setDumpable } from "../os/process.ts";
import { restartBlocked, type Start } from "../os/start.ts";
import { setTitle } from "../os/title.ts";
import { Environment } from "./environment.ts";
import { complain, EXIT_TEMPORARY, Failure, fatal, reasonOf } from "./messages.ts";
import { searchPath } from "./path_search.ts";
import type { Next, Outcome, Tool, Toolbox } from "./tool.ts";

/** The toolbox's own command: what runs where no other tool's name was called. */
const OWN_COMMAND = "djbox";

const NO_TITLE = new Uint8Array(0);

/** One link of the chain: a program as execve(2) would get it. */
interface Link {
  readonly argv: readonly ByteString[];
  /** The file name that was executed. */
  readonly file: ByteString;
  readonly env: Environment;
  readonly inheritance: Inheritance;
}

/** Runs what was called. Returns the exit code; does not return where a foreign program takes our place. */
export function runToolbox(tools: Readonly<Record<string, Tool>>, start: Start): number {
  // An error tells which call failed, and why; nobody is shown a stack, which would cost most of the time it takes to fail.
  if (start.form !== "source") Error.stackTraceLimit = 0;
  const toolbox = openToolbox(tools, start);
  if (!start.signalsReady && start.argv.some((arg) => findTool(tools, arg)?.readsSignals)) {
    try {
      restartBlocked(start);
    } catch (error) {
      return report(baseName(start.argv[0] ?? OWN_COMMAND), error);
    }
  }
  let link: Link = {
    argv: start.argv,
    file: start.executed,
    env: new Environment(start.environ),
    inheritance: {
      mask: start.mask,
      softFiles: start.softFiles,
      limits: start.limits,
      descriptors: [],
    },
  };
  for (;;) {
    const { name, args } = called(tools, link);
    try {
      const outcome = runLink(name, args, link, toolbox);
      if (typeof outcome === "number") return outcome;
      link = follow(name, link, outcome, toolbox);
    } catch (error) {
      return report(name, error);
    }
  }
}

/** The message of what a tool has thrown, and its exit code. Nobody is shown a stack trace. */
function report(name: string, error: unknown): number {
  if (error instanceof Failure) {
    if (error.text !== "") complain(error.text);
    return error.code;
  }
  const what = error instanceof SystemError ? `unable to ${error.call}: ` : "";
  complain(`${name}: fatal: ${what}${reasonOf(error).replaceAll("\n", " ")}`);
  return EXIT_TEMPORARY;
}

function findTool(tools: Readonly<Record<string, Tool>>, path: ByteString): Tool | undefined {
  const name = baseName(path);
  return Object.hasOwn(tools, name) ? tools[name] : undefined;
}

/**
 * The file that was executed decides (argv0(1), and inetd, give it any name); where that is the toolbox itself, or no
 * tool's name, argv[0]. Where that is none either, `djbox NAME` is what was meant, and says so.
 */
function called(
  tools: Readonly<Record<string, Tool>>,
  { argv: [argv0 = "", ...args], file }: Link,
): { name: string; args: readonly ByteString[] } {
  for (const path of baseName(file) === OWN_COMMAND ? [argv0, file] : [file, argv0]) {
    if (findTool(tools, path) !== undefined) return { name: baseName(path), args };
  }
  return { name: OWN_COMMAND, args: [baseName(argv0), ...args] };
}

function runLink(
  name: string,
  args: readonly ByteString[],
  link: Link,
  toolbox: Toolbox,
): Outcome {
  const tool = toolbox.tools[name];
  if (tool === undefined) throw fatal(name, "no such tool");
  return tool.run({
    name,
    argv0: link.argv[0] ?? "",
    args,
    file: link.file,
    env: link.env,
    inheritance: link.inheritance,
    title: tool.brief === true ? NO_TITLE : setTitle(link.argv, link.env.entries(), name),
    toolbox,
  });
}

/** Execs what comes next, or returns it as the next link where it is one of our own. */
function follow(name: string, link: Link, next: Next, toolbox: Toolbox): Link {
  const program = next.file ?? next.argv[0] ?? "";
  const inheritance: Inheritance = {
    ...link.inheritance,
    limits: new Map([...link.inheritance.limits, ...(next.limits ?? [])]),
    descriptors: [...link.inheritance.descriptors, ...(next.descriptors ?? [])],
  };
  let own: ByteString | undefined;
  const reason = searchPath(program, link.env.get("PATH"), (file) => {
    if (toolbox.isToolbox(file)) {
      own = file;
      setDumpable();
      return 0;
    }
    return exec({ ...inheritance, path: file, argv: next.argv, environ: next.env.entries() });
  });
  if (own !== undefined) {
    if (next.limits !== undefined) limitOurselves(next.limits);
    return { argv: next.argv, file: own, env: next.env, inheritance };
  }
  if (next.complaint === "") throw new Failure(EXIT_TEMPORARY, "");
  const complaint = next.complaint ?? `${name}: fatal: unable to run ${program}`;
  throw new Failure(
    EXIT_TEMPORARY,
    `${complaint}: ${reasonOf(new SystemError(reason, "execve"))}`,
  );
}

function openToolbox(
  tools: Readonly<Record<string, Tool>>,
  { toolbox: file, form }: Start,
): Toolbox {
  let identity: string | undefined;
  return {
    file,
    form,
    tools,
    isToolbox(path): boolean {
      if (path === file) return true;
      const found = unlessRefused(() => stat(path));
      if (found === undefined || !isRegular(found)) return false;
      identity ??= unlessRefused(() => stat(file))?.identity;
      return found.identity === identity && access(path, X_OK) === 0;
    },
  };
}
