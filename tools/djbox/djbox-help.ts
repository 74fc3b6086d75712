// SPDX-License-Identifier: 0BSD
/**
 * djbox-help - shows the manual
 *
 * Synopsis: djbox help [[SECTION] NAME]
 *
 * Lists the manual pages, of all tools and of the formats of files, or shows one as plain text. `install` and the like
 * are djbox-install and so on. The pages lie in the folder man beside the executable. A tool whose page is not there has
 * its usage line.
 *
 * Exit codes: 0; 100 there is no such page, or wrong usage; 111 it cannot be read, or the output cannot be written.
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { folderOf } from "../../lib/os/path.ts";
import { EXIT_USAGE, Failure, orFatal, usageError } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import {
  type Context,
  executableOf,
  type Outcome,
  type Tool,
  type Toolbox,
} from "../../lib/cli/tool.ts";
import { type Entry, pagesIn, readPage } from "../../lib/man/library.ts";
import { oneLiner, renderPage } from "../../lib/man/page.ts";

const USAGE = "usage: djbox help [ [ section ] name ]";

export const djboxHelp: Tool = { usage: USAGE, run };

function run({ name: tool, args, toolbox }: Context): Outcome {
  const [section, name, ...more] = /^\d$/.test(args[0] ?? "") ? args : [undefined, ...args];
  if (more.length > 0) throw usageError(tool, USAGE);
  const text = orFatal("djbox", "unable to read the manual", () => {
    const all = pagesIn(manual(toolbox));
    const pages = all.filter((page) => section === undefined || page.section === section);
    if (name === undefined && pages.length > 0) return list(pages);
    if (name === undefined && section === undefined) return usages(toolbox);
    if (name === undefined) throw noPage(`in section ${section}`);
    const page = namesOf(name).flatMap((name) => pages.find((page) => page.name === name) ?? [])[0];
    return page === undefined ? usageOf(toolbox, name, section) : renderPage(readPage(page));
  });
  orFatal("djbox", "unable to write output", () => print(text));
  return 0;
}

/** The manual lies beside the executable. */
function manual(toolbox: Toolbox): ByteString {
  return `${folderOf(executableOf(toolbox))}/man`;
}

function list(pages: readonly Entry[]): ByteString {
  const names = pages.map(({ name, section }) => `${name}(${section})`);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return pages.map((page, i) => `${names[i]?.padEnd(width)}${oneLiner(readPage(page))}\n`).join("");
}

/** Without a manual: how each tool is called. */
function usages({ tools }: Toolbox): ByteString {
  return Object.entries(tools).map(([name, { usage }]) => `${name}: ${usage}\n`).join("");
}

/** What somebody may mean by `name`. */
function namesOf(name: ByteString): ByteString[] {
  return [name, `djbox-${name}`];
}

/** What there is to say of a tool without its page: the executable may have been copied alone. */
function usageOf({ tools }: Toolbox, name: ByteString, section: string | undefined): ByteString {
  const meant = namesOf(name).find((name) => Object.hasOwn(tools, name)) ?? "";
  const tool = tools[meant];
  if (tool !== undefined && section === undefined) return `${meant}: ${tool.usage}\n`;
  throw noPage(`called ${name}${section === undefined ? "" : ` in section ${section}`}`);
}

function noPage(where: ByteString): Failure {
  return new Failure(EXIT_USAGE, `djbox: there is no page ${where}; djbox help names them`);
}
