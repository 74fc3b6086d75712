// SPDX-License-Identifier: 0BSD
/**
 * djbox - the toolbox itself
 *
 * Synopsis:
 *   djbox                     what it is and how to call it
 *   djbox NAME [ARG ...]      runs the tool NAME
 *   djbox help NAME           how NAME is used
 *   djbox --list              the names of all tools, a line each
 *   djbox --version           version, form and runtime
 *
 * Exit codes: 0; 100 for a tool that does not exist; else the tool's own.
 *
 * @module
 */
import { utf8 } from "../../lib/os/bytes.ts";
import { EXIT_USAGE, Failure } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE = "usage: djbox name [ arg ... ] | djbox help name | djbox --list | djbox --version";

export const djbox: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [command, ...rest] = context.args;
  switch (command) {
    case undefined:
      print(`djbox ${config.version}: daemontools and ucspi-tcp in one executable\n${USAGE}\n`);
      print(`tools: ${toolNames(context).join(" ")}\n`);
      return 0;
    case "--list":
      print(toolNames(context).map((name) => name + "\n").join(""));
      return 0;
    case "--version":
      print(
        `djbox ${config.version} (${
          formName(context)
        }, Deno ${Deno.version.deno}, ${Deno.build.arch})\n`,
      );
      return 0;
    case "help":
      return help(context, rest[0]);
  }
  if (!Object.hasOwn(context.toolbox.tools, command)) throw noSuchTool(command);
  // Called by our own file's name, the chain goes on in this process.
  return { file: context.toolbox.file, argv: [command, ...rest], env: context.env };
}

function toolNames(context: Context): string[] {
  return Object.keys(context.toolbox.tools).filter((name) => name !== "djbox");
}

function noSuchTool(name: string): Failure {
  return new Failure(EXIT_USAGE, `djbox: there is no tool called ${name}; djbox --list names them`);
}

function help(context: Context, name: string | undefined): number {
  const tool = name === undefined ? djbox : context.toolbox.tools[name];
  if (tool === undefined) throw noSuchTool(name ?? "");
  print(utf8(`${name ?? "djbox"}: ${tool.usage}\n`));
  return 0;
}

function formName(context: Context): string {
  return context.toolbox.form === "script" ? "script form" : `${context.toolbox.form} form`;
}
