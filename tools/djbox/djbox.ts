// SPDX-License-Identifier: 0BSD
/**
 * djbox - the toolbox itself
 *
 * Synopsis:
 *   djbox, djbox --help       what it is and how to call it
 *   djbox NAME [ARG ...]      runs the tool NAME
 *   djbox help                the names of all tools and formats of files, and what they are, a line each
 *   djbox help [SECTION] NAME the manual page NAME
 *   djbox --list              the names of all tools, a line each
 *   djbox --version           version, form and runtime
 *
 * Exit codes: 0; 100 for a tool or page that does not exist; else the tool's own.
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { readlink } from "../../lib/os/file.ts";
import type { Form } from "../../lib/os/start.ts";
import { EXIT_USAGE, Failure, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { type Entry, pagesIn, readPage } from "../../lib/man/library.ts";
import { oneLiner, renderPage } from "../../lib/man/page.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE =
  "usage: djbox name [ arg ... ] | djbox help [ name ] | djbox --list | djbox --version";
/** Room for a page's name in a list of pages. */
const NAME_WIDTH = 18;

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
      return help(context, rest);
  }
  findTool(context, command);
  // Called by our own file's name, the chain goes on in this process.
  return { file: context.toolbox.file, argv: [command, ...rest], env: context.env };
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

function help(context: Context, args: readonly ByteString[]): number {
  const [section, name] = /^\d$/.test(args[0] ?? "") ? args : [undefined, args[0]];
  orFatal("djbox", "unable to read the manual", () => {
    const pages = pagesIn(manual(context)).filter((page) =>
      (section ?? page.section) === page.section
    );
    if (name === undefined) return say(pages.map(listed).join(""));
    const page = pages.find((page) => page.name === name);
    say(page === undefined ? usageOf(context, name, section) : renderPage(readPage(page)));
  });
  return 0;
}

/** The manual lies beside the executable, which the compiled form knows as a link in /proc only. */
function manual({ toolbox: { file, form } }: Context): ByteString {
  const path = form === "compiled" ? readlink(file) : file;
  return `${path.slice(0, path.lastIndexOf("/"))}/man`;
}

function listed(page: Entry): ByteString {
  return `${page.name}(${page.section})`.padEnd(NAME_WIDTH) + oneLiner(readPage(page)) + "\n";
}

/** What there is to say of a tool without its page: the executable may have been copied alone. */
function usageOf({ toolbox }: Context, name: ByteString, section: string | undefined): ByteString {
  const tool = Object.hasOwn(toolbox.tools, name) ? toolbox.tools[name] : undefined;
  if (tool !== undefined && section === undefined) return `${name}: ${tool.usage}\n`;
  throw new Failure(EXIT_USAGE, `djbox: there is no page called ${name}; djbox help names them`);
}

function described(form: Form): string {
  return `${form} form, Deno ${Deno.version.deno}, ${Deno.build.arch}`;
}
