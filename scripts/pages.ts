// SPDX-License-Identifier: 0BSD
/**
 * deno task pages [DIR]: makes web pages of the manual pages in man/, in DIR (default: dist/html), with mandoc(1).
 *
 *   DIR/NAME.SECTION.html   a page
 *   DIR/index.html          all pages, and what each is about
 *
 * Nothing that is installed needs them.
 *
 * Exit codes: 0; 100 wrong usage; 111 there is no mandoc, or DIR cannot be written.
 *
 * @module
 */
import { oneLiner } from "../lib/man/page.ts";
import { filesBelow } from "./house.ts";
import { ROOT } from "./root.ts";

const STYLE = `body { max-width: 45em; margin: 1em auto; padding: 0 1em; font-family: sans-serif; }
table.head, table.foot { width: 100%; color: #666; }
td.head-vol { text-align: center; }
td.head-rtitle, td.foot-os { text-align: right; }
h1.Sh { font-size: 1.2em; }
pre, code, a.Xr { font-family: monospace; }
pre { background: #eee; padding: 0.5em; overflow-x: auto; }
.Bl-tag > dd { margin: 0 0 0.5em 3em; }
`;

interface Page {
  readonly path: string;
  /** `svc(8)` */
  readonly title: string;
  /** `svc.8.html` */
  readonly file: string;
  readonly about: string;
}

async function main(args: readonly string[]): Promise<number> {
  const [directory = ROOT + "dist/html", ...more] = args;
  if (more.length > 0 || directory === "" || directory.startsWith("-")) {
    console.error("pages: usage: pages [ dir ]");
    return 100;
  }
  try {
    await makePages(directory);
    console.log(`pages: ${directory}/index.html`);
    return 0;
  } catch (error) {
    console.error(`pages: fatal: ${error instanceof Error ? error.message : error}`);
    return 111;
  }
}

async function makePages(directory: string): Promise<void> {
  const pages = [...filesBelow(ROOT, "man/")].sort().map(pageAt);
  const files = pages.map(({ file }) => file);
  await Deno.mkdir(directory, { recursive: true });
  for (const { path, file } of pages) {
    await Deno.writeTextFile(`${directory}/${file}`, withoutOthers(await html(path), files));
  }
  await Deno.writeTextFile(`${directory}/index.html`, index(pages));
  await Deno.writeTextFile(`${directory}/man.css`, STYLE);
}

function pageAt(path: string): Page {
  const [, name = "", section = ""] = /([^/]+)\.(\d)$/.exec(path) ?? [];
  return {
    path,
    title: `${name}(${section})`,
    file: `${name}.${section}.html`,
    about: oneLiner(Deno.readTextFileSync(ROOT + path)),
  };
}

async function html(path: string): Promise<string> {
  const args = ["-Thtml", "-O", "style=man.css,man=%N.%S.html", ROOT + path];
  const { success, stdout, stderr } = await new Deno.Command("mandoc", { args }).output()
    .catch((error) => {
      throw new Error(`unable to run mandoc: ${error.message}`);
    });
  if (!success) throw new Error(`mandoc: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

/** References to pages of other packages lead nowhere here. */
function withoutOthers(text: string, files: readonly string[]): string {
  return text.replace(
    /<a class="Xr" href="([^"]*)">([^<]*)<\/a>/g,
    (link, file, title) => files.includes(file) ? link : title,
  );
}

function index(pages: readonly Page[]): string {
  const rows = pages.map(({ title, file, about }) =>
    `<tr><td><a class="Xr" href="${file}">${title}</a></td><td>${about}</td></tr>\n`
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<link rel="stylesheet" href="man.css"/>
<title>djbox: the manual</title>
</head>
<body>
<h1>djbox: the manual</h1>
<table>
${rows.join("")}</table>
</body>
</html>
`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
