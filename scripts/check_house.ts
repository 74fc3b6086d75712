// SPDX-License-Identifier: 0BSD
/**
 * deno task house, the part that knows it: checks the rules that neither the compiler nor the linter knows, and prints
 * a line `FILE:LINE: WHAT` for each place that breaks one. docs/architecture.md explains the rules.
 *
 * - Imports go down only, from floor to floor (house.ts). No tool imports a tool, no module imports itself in a
 *   circle. Packages come from npm, in one exact version, and are for tests alone.
 * - What a module of the product exports somebody imports, be it a test; types may be exported for whoever reads.
 * - Only lib/os talks to the runtime and to the C library, and only lib/os/libc.ts calls Deno.dlopen. Only main.ts and
 *   scripts exit.
 * - Every tool stands in main.ts's table, has its manual in the head comment, a usage line, a test, and a line in the
 *   README's table; and what stands there is a tool.
 * - The documents speak of no file that is not there.
 * - Every source file begins with its licence.
 *
 * Exit codes: 0 nothing found; 1 something found.
 *
 * @module
 */
import {
  baseName,
  exists,
  exportsOf,
  filesBelow,
  floorOf,
  House,
  type Import,
  importsOf,
  isProduct,
  isTest,
  lineAt,
  roomOf,
  type Source,
} from "./house.ts";
import { ROOT } from "./root.ts";

/** One place that breaks a rule. */
interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

type Rule = (house: House) => Iterable<Finding>;

/** What tools and libraries may use of the runtime outside lib/os. */
const HARMLESS = ["build", "version"];

function main(): number {
  const found = checkHouse(ROOT);
  for (const line of found) console.error(line);
  return found.length === 0 ? 0 : 1;
}

/** The findings in the house whose root folder is `root`, sorted, as they are printed. */
export function checkHouse(root: string): string[] {
  const house = new House(root.replace(/\/*$/, "/"));
  return RULES.flatMap((rule) => [...rule(house)])
    .sort((a, b) => compare(a.path, b.path) || a.line - b.line)
    .map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

const RULES: readonly Rule[] = [
  licences,
  floors,
  circles,
  exported,
  runtime,
  tableIsSorted,
  tableIsFiles,
  manuals,
  toolTests,
  readmeTable,
  mentionedFiles,
];

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `tcp-env` is called tcpEnv in the code. */
function identifierOf(name: string): string {
  return name.replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase());
}

/** Places where `pattern` stands in code, not in a comment. */
function* occurrences({ text }: Source, pattern: RegExp): Generator<RegExpExecArray> {
  for (const match of text.matchAll(pattern)) {
    const line = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    if (!/^\s*(\/?\*|\/\/)|\s\/\/\s/.test(line)) yield match;
  }
}

function* licences(house: House): Generator<Finding> {
  for (const { path, text } of house.sources) {
    if (text.startsWith("// SPDX-License-Identifier: 0BSD\n")) continue;
    yield { path, line: 1, what: "the first line is not // SPDX-License-Identifier: 0BSD" };
  }
}

function* floors(house: House): Generator<Finding> {
  for (const source of house.sources) {
    const { path } = source;
    const ships = roomOf(path) !== undefined && !isTest(path);
    if (ships && floorOf(path) < 0) yield { path, line: 1, what: `${roomOf(path)} has no floor` };
    for (const found of importsOf(source)) {
      const what = ships ? wrongImport(path, found) : wrongOrigin(path, found);
      if (what !== undefined) yield { path, line: found.line, what };
    }
    for (const { index } of occurrences(source, /\bimport\(/g)) {
      if (ships) yield { path, line: lineAt(source.text, index), what: "imports while it runs" };
    }
  }
}

/**
 * What a file that does not ship may not import. A package is asked for in one exact version, where it is imported: were it
 * in deno.json, building would fetch it, too.
 */
function wrongOrigin(path: string, { specifier, target }: Import): string | undefined {
  if (target !== undefined || specifier.startsWith("node:")) return undefined;
  if (!/^npm:(@[^@/]+\/)?[^@/]+@\d+\.\d+\.\d+$/.test(specifier)) {
    return `imports ${specifier}: only files, node: and one version from npm: can be had everywhere`;
  }
  if (isTest(path) || path.startsWith("tests/harness/")) return undefined;
  return `imports ${specifier}: packages are for tests and tests/harness`;
}

function wrongImport(path: string, { specifier, target }: Import): string | undefined {
  if (target === undefined) return `imports ${specifier}: the product is made of its own files`;
  if (target === "deno.json") return undefined;
  const [here, there] = [floorOf(path), floorOf(target)];
  if (isTest(target) || roomOf(target) === undefined) {
    return `imports ${target}, which does not ship`;
  }
  if (roomOf(path) === roomOf(target)) {
    return roomOf(path) === "tools" ? `a tool imports a tool: ${target}` : undefined;
  }
  if (there > here) return `imports up: ${target}`;
  return there === here ? `imports from another room of its floor: ${target}` : undefined;
}

/** Modules that cannot be understood, or taken away, without each other: types count, too. */
function* circles(house: House): Generator<Finding> {
  const sources = new Map(house.product().map((source) => [source.path, source]));
  const done = new Set<string>();
  const visit = function* (path: string, above: readonly string[]): Generator<Finding> {
    const source = sources.get(path);
    if (source === undefined || done.has(path)) return;
    for (const { target, line } of importsOf(source)) {
      if (target === undefined) continue;
      const chain = [...above, path];
      const at = chain.indexOf(target);
      if (at < 0) yield* visit(target, chain);
      else {
        const circle = [...chain.slice(at), target].join(" ");
        yield { path, line, what: `imports in a circle: ${circle}` };
      }
    }
    done.add(path);
  };
  for (const path of sources.keys()) yield* visit(path, []);
}

/** What is exported and imported by nobody is dead, or nobody's business. */
function* exported(house: House): Generator<Finding> {
  const imported = new Set<string>();
  for (const source of house.sources) {
    for (const { target, names } of importsOf(source)) {
      for (const name of names ?? ["*"]) imported.add(`${target} ${name}`);
    }
  }
  const published = house.published();
  for (const source of house.product()) {
    const { path } = source;
    // What a tool exports is held against main.ts's table.
    const isFree = roomOf(path) === "tools" || published.includes(path);
    if (isFree || imported.has(`${path} *`)) continue;
    for (const { name, line } of exportsOf(source)) {
      if (!imported.has(`${path} ${name}`)) yield { path, line, what: `nobody imports ${name}` };
    }
  }
}

function* runtime(house: House): Generator<Finding> {
  for (const source of house.sources) {
    const { path, text } = source;
    const room = roomOf(path);
    const finding = ({ index }: RegExpExecArray, what: string): Finding => ({
      path,
      line: lineAt(text, index),
      what,
    });
    for (const match of occurrences(source, /\bDeno(?:\.(\w+)|[[;])/g)) {
      const member = match[1] ?? "";
      if (member === "dlopen" && path !== "lib/os/libc.ts") {
        yield finding(match, "opens a library outside lib/os/libc.ts");
      } else if (member === "exit" && room !== undefined) {
        yield finding(match, "exits by the runtime, not by lib/os/exit.ts");
      } else if (
        room !== "lib/os" && path !== "main.ts" && isProduct(path) &&
        !HARMLESS.includes(member)
      ) yield finding(match, `${match[0]} outside lib/os`);
    }
    for (const { target, line } of importsOf(source)) {
      if (target === "lib/os/exit.ts" && path !== "main.ts") {
        yield { path, line, what: "exits outside main.ts" };
      }
      if (target === "lib/os/libc.ts" && isProduct(path) && room !== "lib/os") {
        yield { path, line, what: "calls the C library outside lib/os" };
      }
    }
  }
}

function* tableIsSorted(house: House): Generator<Finding> {
  const path = "main.ts";
  const table = house.table();
  if (table.length === 0) yield { path, line: 1, what: "there is no table TOOLS" };
  for (const [at, { name, line }] of table.entries()) {
    const before = table[at - 1]?.name ?? "";
    if (name === "") yield { path, line, what: "not a line of the table" };
    else if (compare(before, name) >= 0) yield { path, line, what: `${name} is out of order` };
  }
}

function* tableIsFiles(house: House): Generator<Finding> {
  const text = house.read("main.ts");
  const table = house.table();
  const files = new Map(house.tools().map(({ path }) => [baseName(path), path]));
  for (const { name, value, line } of table.filter(({ name }) => name !== "")) {
    const file = files.get(name);
    const at = { path: "main.ts", line };
    if (file === undefined) yield { ...at, what: `there is no tools/*/${name}.ts` };
    else if (!text.includes(`import { ${value} } from "./${file}";`)) {
      yield { ...at, what: `${value} is not imported from ${file}` };
    }
    // A sign in the name (date@) may be spelled out in the code, or left out.
    if (!value.startsWith(identifierOf(name))) {
      yield { ...at, what: `${name} stands for ${value}, not for ${identifierOf(name)}` };
    }
  }
  const names = new Set(table.map(({ name }) => name));
  for (const [name, path] of files) {
    if (path.split("/").length !== 3) {
      yield { path, line: 1, what: "a tool's place is tools/SUITE/NAME.ts" };
    }
    if (!names.has(name)) yield { path, line: 1, what: `${name} is missing in main.ts's table` };
  }
}

function* manuals(house: House): Generator<Finding> {
  for (const { path, text } of house.tools()) {
    const name = baseName(path);
    const head = /\/\*\*\n([\s\S]*?)\*\//.exec(text)?.[1] ?? "";
    if (!head.startsWith(` * ${name} - `)) {
      yield { path, line: 3, what: `the head comment does not begin with "${name} - "` };
    }
    for (const part of ["Synopsis:", "Exit codes:"]) {
      if (!head.includes(`\n * ${part}`)) {
        yield { path, line: 3, what: `the head comment has no "${part}"` };
      }
    }
    const tool = /^export const (\w+): Tool = \{[^}]*\}/m.exec(text);
    if (tool === null) yield { path, line: 1, what: "there is no export const ...: Tool = {" };
    else if (!/[{\s]usage[:,]/.test(tool[0])) {
      yield { path, line: lineAt(text, tool.index), what: "the tool has no usage" };
    }
  }
}

function* toolTests(house: House): Generator<Finding> {
  const tested = new Set(
    house.sources.filter(({ path }) => path.startsWith("tests/")).map(({ path }) => baseName(path)),
  );
  for (const { path } of house.tools()) {
    const test = `${baseName(path)}_test`;
    if (!tested.has(test)) yield { path, line: 1, what: `there is no tests/*/${test}.ts` };
  }
}

/** The README's table has a line `| name | what it does |` a tool, in the words of the tool's head comment. */
function* readmeTable(house: House): Generator<Finding> {
  const path = "README.md";
  const lines = house.read(path).split("\n");
  const start = Math.max(lines.findIndex((line) => /^\| *Tool *\|/.test(line)), 0);
  const rows = new Map<string, { words: string; line: number }>();
  for (let at = start + 2; lines[at]?.startsWith("|"); at++) {
    const [, name = "", words = ""] = /^\| *`([^`]+)` *\| (.*?) *\|$/.exec(lines[at] ?? "") ?? [];
    rows.set(name, { words, line: at + 1 });
  }
  const tools = new Map(house.tools().map(({ path, text }) => [baseName(path), text]));
  for (const [name, { words, line }] of rows) {
    const text = tools.get(name);
    if (text === undefined) yield { path, line, what: `no such tool: ${name}` };
    else if (!text.includes(` * ${name} - ${words}\n`)) {
      yield { path, line, what: `${name} is described in other words in its own file` };
    }
  }
  for (const name of tools.keys()) {
    if (rows.has(name)) continue;
    yield { path, line: start + 1, what: `${name} is missing in the table of tools` };
  }
}

/** A file or a folder in code quotes. */
const MENTIONED = /`((?:docs|lib|scripts|tests|tools)\/[^`\s]*|[a-z][\w@-]*\.ts)`/g;

/** Files that the documents speak of. */
function* mentionedFiles(house: House): Generator<Finding> {
  for (const path of [...filesBelow(house.root, "")].filter((path) => path.endsWith(".md"))) {
    const text = house.read(path);
    const folder = new URL(path, "file:///");
    const links = [...text.matchAll(/\]\(([^):#]+)(?:#[^)]*)?\)/g)].map((
      { index, 1: target = "" },
    ) => ({
      index,
      file: new URL(target, folder).pathname.slice(1),
    }));
    const names = [...text.matchAll(MENTIONED)].map(({ index, 0: { length }, 1: file = "" }) => ({
      index,
      end: index + length,
      file,
    }));
    // `lib/a/one.ts`, `two.ts`: both lie in one folder.
    for (const [at, name] of names.entries()) {
      const before = names[at - 1];
      if (name.file.includes("/") || name.file === "main.ts" || before === undefined) continue;
      const between = text.slice(before.end, name.index);
      if (/^(?:,| and|, and)\s$/.test(between)) {
        name.file = before.file.replace(/[^/]*$/, name.file);
      }
    }
    for (const { index, file } of [...links, ...names]) {
      // SUITE and NAME stand for any.
      if (/[A-Z]{2}/.test(file.replace("README.md", "")) || exists(house.root + file)) continue;
      yield { path, line: lineAt(text, index), what: `there is no ${file}` };
    }
  }
}

if (import.meta.main) Deno.exit(main());
