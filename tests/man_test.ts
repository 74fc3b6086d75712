// SPDX-License-Identifier: 0BSD
// The manual pages: which there are, that they are right mdoc(7), that djbox help says what man(1) does, that they speak
// of the options that the tools have, and that their examples do what they show. Not tested: how a page looks.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { oneLiner, renderPage } from "../lib/man/page.ts";
import { filesBelow, House } from "../scripts/house.ts";
import { ROOT } from "../scripts/root.ts";
import { documentBlocks, pageBlocks, pattern, toolsIn, typeBlocks } from "./harness/document.ts";
import { type Box, COMMANDS, findProgram, toolTest } from "./harness/harness.ts";
import { machineTest } from "./harness/machine.ts";
import { allOptionsOf } from "./harness/options.ts";

const HOUSE = new House(ROOT);
/** Pages of others that ours refer to. */
const OTHERS = [
  ..."awk(1) bash(1) cat(1) date(1) flock(1) man(1) ps(1) sh(1) zsh(1)".split(" "),
  ..."execve(2) flock(2) setgroups(2) setrlimit(2) setsid(2) setuid(2) time(2) tzset(3)".split(" "),
  ..."inittab(5) passwd(5) resolv.conf(5) services(5) environ(7) cron(8)".split(" "),
];

interface Page {
  readonly name: string;
  readonly section: string;
  /** Relative to the house. */
  readonly path: string;
  readonly source: string;
}

const PAGES: Page[] = [...filesBelow(ROOT, "man/")].sort().map((path) => {
  const [, folder, name = "", section = ""] = /^man\/man(\d)\/(.*)\.(\d)$/.exec(path) ?? [];
  equal(folder, section, path);
  return { name, section, path, source: Deno.readTextFileSync(ROOT + path) };
});

/** The commands' pages. */
const COMMAND_PAGES = PAGES.filter(({ section }) => section !== "5");

Deno.test("each tool has a page, in section 1 or 8, and each page there is a tool's", () => {
  const names = COMMAND_PAGES.map(({ name }) => name).sort();
  deepEqual(names, HOUSE.table().map(({ name }) => name));
});

Deno.test("a page begins with its licence, says its name, and says in a line what the tool's file says", () => {
  for (const { name, section, path, source } of PAGES) {
    match(source, /^\.\\" SPDX-License-Identifier: 0BSD\n\.Dd \w+ \d+, \d+\n\.Dt /, path);
    ok(
      source.includes(`\n.Dt ${name.toUpperCase()} ${section}\n.Os\n.Sh NAME\n.Nm ${name}\n`),
      path,
    );
    ok(/^[\x20-\x7e\n]*$/.test(source), `${path} is ASCII`);
    const file = HOUSE.tools().find((tool) => tool.path.endsWith(`/${name}.ts`));
    if (section === "5" || file === undefined) continue;
    ok(file.text.includes(` * ${name} - ${oneLiner(source)}\n`), `${path}: ${oneLiner(source)}`);
  }
});

Deno.test("a page has what a manual page has", () => {
  for (const { section, path, source } of PAGES) {
    const needed = section === "5" ? [] : ["SYNOPSIS", "EXIT STATUS"];
    for (const heading of [...needed, "DESCRIPTION", "EXAMPLES", "SEE ALSO"]) {
      ok(source.includes(`\n.Sh ${heading}\n`), `${path}: ${heading}`);
    }
  }
});

Deno.test("a page refers to pages that there are", () => {
  const known = [...OTHERS, ...PAGES.map(({ name, section }) => `${name}(${section})`)];
  for (const { path, source } of PAGES) {
    for (const [, name, section] of source.matchAll(/(?:^\.| )Xr (\S+) (\d)/gm)) {
      ok(known.includes(`${name}(${section})`), `${path}: ${name}(${section})`);
    }
  }
});

/** A letter, and a colon where it takes an argument, for each option that a page explains. */
function optionsExplained(source: string): string[] {
  return [...source.matchAll(/^\.It Fl (\w)(?:( Ar)?.*)$/gm)].map(([, letter, argument]) =>
    `${letter}${argument === undefined ? "" : ":"}`
  );
}

/** The same of the synopsis. */
function optionsInSynopsis(source: string): string[] {
  const synopsis = source.split(/^\.Sh /m).find((part) => part.startsWith("SYNOPSIS")) ?? "";
  return [...synopsis.matchAll(/^\.Op Fl (\w+)( Ar)?/gm)].flatMap(([, letters = "", argument]) =>
    argument === undefined ? [...letters] : [`${letters}:`]
  );
}

Deno.test("a page explains the options that the tool has, and no others", () => {
  let some = 0;
  for (const { name, path, source } of COMMAND_PAGES) {
    if (name === "djbox") continue; // its words are not getopt's: tests/djbox/djbox_test.ts
    const options = (allOptionsOf(HOUSE, name).match(/\w:?/g) ?? []).sort();
    deepEqual(optionsExplained(source).sort(), options, path);
    deepEqual(optionsInSynopsis(source).sort(), options, path);
    if (options.length > 0) some++;
  }
  ok(some >= 6, "options are found in the tools");
});

Deno.test("a page of djbox's own commands explains the long options that the usage line has", () => {
  for (const { name, path, source } of COMMAND_PAGES.filter(({ name }) => /^djbox-/.test(name))) {
    const text = HOUSE.tools().find((tool) => tool.path.endsWith(`/${name}.ts`))?.text ?? "";
    const usage = /usage: djbox [^;]*;/.exec(text)?.[0] ?? "";
    const options = new Set([...usage.matchAll(/--[a-z-]+/g)].map(([option]) => option));
    const explained = [...source.matchAll(/^\.It Fl (-\S+)/gm)].map(([, option]) => `-${option}`);
    deepEqual(explained.sort(), [...options].sort(), path);
  }
});

Deno.test("a page says that its tool differs from the original where docs/deviations.md does", () => {
  const tools = /^## Tools\n([^]*?)^## /m.exec(HOUSE.read("docs/deviations.md"))?.[1] ?? "";
  const deviating = [...tools.matchAll(/^- ((?:`[\w@-]+`(?:, )?)+):/gm)]
    .flatMap(([, names = ""]) => names.replaceAll("`", "").split(", "));
  ok(deviating.length >= 10, deviating.join(" "));
  for (const { path, source } of COMMAND_PAGES.filter(({ name }) => deviating.includes(name))) {
    ok(source.includes("\n.Sh COMPATIBILITY\n"), path);
  }
});

Deno.test("multilog's page explains its actions", () => {
  const { source = "" } = PAGES.find(({ name }) => name === "multilog") ?? {};
  const actions = [...source.matchAll(/^\.It Cm (?:\\&)?(\S)/gm)].map(([, letter]) => letter);
  deepEqual(actions, ["t", "-", "+", "e", "=", "s", "n", "!"]);
});

async function output(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, env: { LC_ALL: "C" } })
    .output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return decode(stdout) + decode(stderr);
}

Deno.test({
  name: "mandoc has nothing to say about a page, nor has groff",
  ignore: findProgram("mandoc") === undefined || findProgram("groff") === undefined,
  fn: async () => {
    for (const { path } of PAGES) {
      const said = (await output("mandoc", "-Tlint", ROOT + path)).split("\n")
        // Whether a page is installed on this machine: see the test of references.
        .filter((line) => !/referenced manual not found|outdated mandoc\.db/.test(line));
      deepEqual(said.filter((line) => line !== ""), []);
      equal(await output("groff", "-ww", "-z", "-mdoc", "-Tascii", ROOT + path), "");
    }
  },
});

/** The words of a page, without its first and last line. */
function words(text: string): string[] {
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/.\x08/g, "").replaceAll("`", "'").trimEnd();
  return plain.split("\n").slice(1, -1).join(" ").split(/\s+/).filter((word) => word !== "");
}

Deno.test({
  name: "djbox help says what mandoc says, word by word",
  ignore: findProgram("mandoc") === undefined,
  fn: async () => {
    for (const { path, source } of PAGES) {
      // On a line as long as this no word is broken.
      const theirs = await output("mandoc", "-Tascii", "-O", "width=900", ROOT + path);
      deepEqual(words(renderPage(source)), words(theirs), path);
    }
  },
});

Deno.test({
  name: "man finds the pages that are installed",
  ignore: findProgram("man") === undefined,
  fn: async () => {
    const djbox = await Deno.realPath(`${COMMANDS}/djbox`);
    const env = { MANPATH: djbox.replace(/djbox$/, "man"), LC_ALL: "C" };
    for (const [section, name] of [["8", "svc"], ["5", "servicedir"], ["1", "who@"]] as const) {
      const { stdout } = await new Deno.Command("man", { args: [section, name], env }).output();
      match(new TextDecoder().decode(stdout), new RegExp(`^${name.toUpperCase()}\\(${section}\\)`));
    }
  },
});

/** Types the `$ ` examples of a page, each in a shell of its own, in the box's folder. */
async function typeInBox(box: Box, source: string): Promise<void> {
  for (const { commands, output } of pageBlocks(source, "$ ")) {
    await box.sh(`exec >.output 2>&1\n${commands}`);
    match(box.read(".output"), pattern(output ?? ""), commands);
  }
}

for (const { name, section, path, source } of PAGES) {
  const examples = pageBlocks(source, "$ ");
  if (examples.length > 0) {
    const tools = toolsIn(examples);
    toolTest(`${name}(${section}): its examples`, tools, (box) => typeInBox(box, source), {
      ...tools.includes("djbox") ? { djboxOnly: path } : {},
    });
  }
  const rootsExamples = pageBlocks(source, "# ");
  if (rootsExamples.length > 0) {
    const hello = documentBlocks("README.md").slice(0, 2);
    const tools = toolsIn([...hello, ...rootsExamples, { commands: "svscan", output: "" }]);
    machineTest(`${name}(${section}): its examples for root`, tools, async (machine) => {
      await typeBlocks(machine, hello);
      machine.start("svscan /service");
      await machine.until("svstat /service/*/ /service/*/log", /^(.*: up .*\n){2}$/);
      await typeBlocks(machine, rootsExamples);
    });
  }
}
