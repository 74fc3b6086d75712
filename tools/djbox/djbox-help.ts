// SPDX-License-Identifier: 0BSD
/**
 * djbox-help - shows the manual
 *
 * Synopsis: djbox help [[SECTION] NAME]
 *
 * Lists the manual pages, of all tools and of the formats of files, or shows one as plain text. They lie in the folder
 * man beside the executable. A tool whose page is not there has its usage line.
 *
 * Exit codes: 0; 100 there is no such page; 111 it cannot be read, or the output cannot be written.
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { readlink } from "../../lib/os/file.ts";
import { EXIT_USAGE, Failure, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool, Toolbox } from "../../lib/cli/tool.ts";
import { type Entry, pagesIn, readPage } from "../../lib/man/library.ts";
import { oneLiner, renderPage } from "../../lib/man/page.ts";

/** Room for a page's name in the list. */
const NAME_WIDTH = 18;

export const djboxHelp: Tool = { usage: "usage: djbox help [ [ section ] name ]", run };

function run({ args, toolbox }: Context): Outcome {
  const [section, name] = /^\d$/.test(args[0] ?? "") ? args : [undefined, args[0]];
  const text = orFatal("djbox", "unable to read the manual", () => {
    const pages = pagesIn(manual(toolbox))
      .filter((page) => section === undefined || page.section === section);
    if (name === undefined) return pages.map(listed).join("");
    const page = pages.find((page) => page.name === name);
    return page === undefined ? usageOf(toolbox, name, section) : renderPage(readPage(page));
  });
  orFatal("djbox", "unable to write output", () => print(text));
  return 0;
}

/** The manual lies beside the executable, which the compiled form knows as a link in /proc only. */
function manual({ file, form }: Toolbox): ByteString {
  const path = form === "compiled" ? readlink(file) : file;
  return `${path.slice(0, path.lastIndexOf("/"))}/man`;
}

function listed(page: Entry): ByteString {
  return `${page.name}(${page.section})`.padEnd(NAME_WIDTH) + oneLiner(readPage(page)) + "\n";
}

/** What there is to say of a tool without its page: the executable may have been copied alone. */
function usageOf({ tools }: Toolbox, name: ByteString, section: string | undefined): ByteString {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (tool !== undefined && section === undefined) return `${name}: ${tool.usage}\n`;
  throw new Failure(EXIT_USAGE, `djbox: there is no page called ${name}; djbox help names them`);
}
