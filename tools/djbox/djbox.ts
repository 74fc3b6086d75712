// SPDX-License-Identifier: 0BSD
/**
 * djbox - the toolbox itself
 *
 * Synopsis:
 *   djbox, djbox --help       what it is and how to call it
 *   djbox NAME [ARG ...]      runs the tool NAME
 *   djbox help NAME           how NAME is used
 *   djbox --list              the names of all tools, a line each
 *   djbox --version           version, form and runtime
 *   djbox upgrade [ DIR ]     has the svscan of DIR (default: svscanboot's) go on as the djbox that is installed now
 *
 * upgrade sends svscan a SIGHUP and waits until it has started itself over: it keeps its pid, services and log
 * pipes, and nobody else notices. What can't be started, or can't take over, svscan refuses with a message of its
 * own; it goes on as it was then.
 *
 * Exit codes: 0; 111 there is no upgrade; 100 for a tool that does not exist; else the tool's own.
 *
 * @module
 */
import type { Form } from "../../lib/os/start.ts";
import { EXIT_USAGE, Failure, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { serviceDirectory } from "../../lib/supervise/place.ts";
import { upgrade } from "../../lib/supervise/upgrade_command.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE =
  "usage: djbox name [ arg ... ] | djbox help name | djbox --list | djbox --version | djbox upgrade [ dir ]";

export const djbox: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [command, ...rest] = context.args;
  switch (command) {
    case undefined:
    case "--help":
      say(`djbox ${config.version}: daemontools and ucspi-tcp in one executable\n${USAGE}\n`);
      say(`tools: ${toolNames(context).join(" ")}\n`);
      return 0;
    case "--list":
      say(toolNames(context).map((name) => name + "\n").join(""));
      return 0;
    case "--version":
      say(`djbox ${config.version} (${described(context.toolbox.form)})\n`);
      return 0;
    case "help":
      return help(context, rest[0]);
    case "upgrade":
      for (const pid of upgrade(rest[0] ?? serviceDirectory())) {
        say(`svscan (pid ${pid}) has started over\n`);
      }
      return 0;
  }
  findTool(context, command);
  // Called by our own file's name, the chain goes on in this process.
  const { file, toolbox, env } = context;
  return {
    file: toolbox.isToolbox(file) ? file : toolbox.file,
    argv: [command, ...rest],
    env,
  };
}

function say(text: string): void {
  orFatal("djbox", "unable to write output", () => print(text));
}

function toolNames(context: Context): string[] {
  return Object.keys(context.toolbox.tools).filter((name) => name !== "djbox");
}

function findTool({ toolbox: { tools } }: Context, name: string): Tool {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (tool !== undefined) return tool;
  throw new Failure(EXIT_USAGE, `djbox: there is no tool called ${name}; djbox --list names them`);
}

function help(context: Context, name = "djbox"): number {
  say(`${name}: ${findTool(context, name).usage}\n`);
  return 0;
}

function described(form: Form): string {
  return `${form} form, Deno ${Deno.version.deno}, ${Deno.build.arch}`;
}
