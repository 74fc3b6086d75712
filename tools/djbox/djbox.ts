// SPDX-License-Identifier: 0BSD
/**
 * djbox - the toolbox itself
 *
 * Synopsis:
 *   djbox, djbox --help, -h   what it is and how to call it
 *   djbox NAME [ARG ...]      runs the tool NAME
 *   djbox help                the manual: djbox-help
 *   djbox upgrade             what is installed goes on with the services: djbox-upgrade
 *   djbox --list              the names of all tools, a line each
 *   djbox --version, -V       version, form and runtime
 *
 * Exit codes: 0; 100 for a tool that does not exist; else the tool's own.
 *
 * @module
 */
import type { Form } from "../../lib/os/start.ts";
import { EXIT_USAGE, Failure, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE =
  "usage: djbox name [ arg ... ] | djbox help [ name ] | djbox --list | djbox --version";

export const djbox: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [command, ...rest] = context.args;
  switch (command) {
    case undefined:
    case "-h":
    case "--help":
      say(about(toolNames(context)));
      return 0;
    case "--list":
      say(toolNames(context).map((name) => name + "\n").join(""));
      return 0;
    case "-V":
    case "--version":
      say(`djbox ${config.version} (${described(context.toolbox.form)})\n`);
      return 0;
  }
  // The toolbox's own commands are tools too, under a name that is in nobody's way: djbox-help.
  const { file, toolbox, env } = context;
  const own = OWN + command;
  const name = Object.hasOwn(toolbox.tools, own) ? own : command;
  expectTool(context, name);
  // Called by our own file's name, the chain goes on in this process.
  return {
    file: toolbox.isToolbox(file) ? file : toolbox.file,
    argv: [name, ...rest],
    env,
  };
}

/** What a command of djbox's own begins with: it is called without that, as `djbox install`. */
const OWN = "djbox-";

function about(names: readonly string[]): string {
  const own = names.filter((name) => name.startsWith(OWN)).map((name) => name.slice(OWN.length));
  const others = names.filter((name) => !name.startsWith(OWN));
  return `djbox ${config.version}: daemontools and ucspi-tcp in one executable\n${USAGE}\n` +
    wrapped(["tools:", ...others]) + wrapped(["its own, as in djbox help:", ...own]);
}

/** The words in lines that fit on a terminal, those behind the first one set in. */
function wrapped(words: readonly string[]): string {
  const [first = "", ...others] = words;
  let text = first;
  let width = first.length;
  for (const word of others) {
    const fits = width + 1 + word.length <= WIDTH;
    text += (fits ? " " : "\n  ") + word;
    width = (fits ? width + 1 : 2) + word.length;
  }
  return text + "\n";
}

const WIDTH = 80;

function say(text: string): void {
  orFatal("djbox", "unable to write output", () => print(text));
}

function toolNames(context: Context): string[] {
  return Object.keys(context.toolbox.tools).filter((name) => name !== "djbox");
}

function expectTool({ toolbox: { tools } }: Context, name: string): void {
  if (Object.hasOwn(tools, name)) return;
  throw new Failure(EXIT_USAGE, `djbox: there is no tool called ${name}; djbox --list names them`);
}

function described(form: Form): string {
  return `${form} form, Deno ${Deno.version.deno}, ${Deno.build.arch}`;
}
