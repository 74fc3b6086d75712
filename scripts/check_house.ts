// SPDX-License-Identifier: 0BSD
/**
 * deno task ok, the part that knows the house: checks the rules that neither the compiler nor the linter knows, and prints
 * a line `FILE:LINE: WHAT` for each place that breaks one. docs/architecture.md explains the rules.
 *
 * - Imports go down only: main.ts, tools, lib/{supervise,log,net,stream}, lib/{cli,tai,cdb}, lib/os. No tool imports
 *   a tool, no module imports itself in a circle, nothing comes from JSR.
 * - Only lib/os talks to the runtime, and only lib/os/libc.ts calls Deno.dlopen. Only main.ts and scripts exit.
 * - Every tool stands in main.ts's table, has its manual in the head comment, a usage line, a test, and a line in the
 *   README's table; and what stands there is a tool.
 * - Every file begins with its licence.
 *
 * Exit codes: 0 nothing found; 1 something found.
 *
 * @module
 */

/** One place that breaks a rule. */
interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** A source file; its path is relative to the house. */
interface Source {
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  /** The file, relative to the house; undefined for what does not come from a file. */
  readonly target: string | undefined;
  readonly line: number;
  /** Gone when the program runs. */
  readonly typesOnly: boolean;
}

type Rule = (house: House) => Iterable<Finding>;

/** The rooms of the house, the ground floor first. Nothing imports from its own floor but from its own room. */
const FLOORS: readonly (readonly string[])[] = [
  ["lib/os"],
  ["lib/cli", "lib/tai", "lib/cdb"],
  ["lib/supervise", "lib/log", "lib/net", "lib/stream"],
  ["tools"],
  ["main.ts"],
];

/** What tools and libraries may use of the runtime outside lib/os. */
const HARMLESS = ["build", "version"];

/** Folders that are not part of the house. */
const OUTSIDE = ["build", "dist", "node_modules"];

function main(): number {
  const found = checkHouse(new URL("..", import.meta.url).pathname);
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
  runtime,
  tableIsSorted,
  tableIsFiles,
  manuals,
  toolTests,
  readmeTable,
];

class House {
  readonly sources: readonly Source[];

  constructor(readonly root: string) {
    this.sources = [...filesBelow(root, "")].filter((path) => path.endsWith(".ts")).sort()
      .map((path) => ({ path, text: Deno.readTextFileSync(root + path) }));
  }

  /** The text of any file; "" where there is none. */
  read(path: string): string {
    try {
      return Deno.readTextFileSync(this.root + path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** What ships: no tests, no scripts. */
  product(): Source[] {
    return this.sources.filter(({ path }) => roomOf(path) !== undefined && !isTest(path));
  }

  /** The files that are a tool each. */
  tools(): Source[] {
    return this.product().filter(({ path }) => roomOf(path) === "tools");
  }

  /** The lines of main.ts's table: the name as it is typed, and what it stands for. */
  table(): { name: string; value: string; line: number }[] {
    const lines = this.read("main.ts").split("\n");
    const first = lines.findIndex((line) => /^const TOOLS\b.*\{$/.test(line)) + 1;
    if (first === 0) return [];
    const end = lines.findIndex((line, at) => at >= first && line.startsWith("}"));
    return lines.slice(first, end).map((line, at) => {
      const [, plain, quoted, value = plain ?? ""] =
        /^ {2}(?:(\w+)|"([^"]+)": (\w+)),$/.exec(line) ?? [];
      return { name: plain ?? quoted ?? "", value, line: first + at + 1 };
    });
  }
}

function* filesBelow(root: string, directory: string): Generator<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(root + directory)) {
    if (name.startsWith(".") || OUTSIDE.includes(name)) continue;
    if (isDirectory) yield* filesBelow(root, `${directory}${name}/`);
    else if (isFile) yield directory + name;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

/** The room that a file of the product is in; a room that has no floor too. undefined: not part of the product. */
function roomOf(path: string): string | undefined {
  const [first = "", second = ""] = path.split("/");
  if (first === "lib") return `lib/${second}`;
  return first === "tools" || first === "main.ts" ? first : undefined;
}

function floorOf(path: string): number {
  const room = roomOf(path);
  return room === undefined ? -1 : FLOORS.findIndex((rooms) => rooms.includes(room));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.ts$/, "");
}

/** `tcp-env` is called tcpEnv in the code. */
function identifierOf(name: string): string {
  return name.replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase());
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Imports and re-exports, as `deno fmt` writes them. */
const IMPORT = new RegExp(
  '^(?:import|export) (type )?(?:\\* as \\w+|\\*|[\\w, ]*\\{[^}]*\\}|\\w+) from "([^"]+)"|' +
    '^import "([^"]+)"',
  "gm",
);

function importsOf({ path, text }: Source): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[3] ?? "";
    const folder = new URL(path, "file:///");
    return {
      specifier,
      target: /^\.\.?\//.test(specifier) ? new URL(specifier, folder).pathname.slice(1) : undefined,
      line: lineAt(text, match.index),
      typesOnly: match[1] !== undefined,
    };
  });
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
      const what = ships ? wrongImport(path, found) : wrongOrigin(found);
      if (what !== undefined) yield { path, line: found.line, what };
    }
    for (const { index } of occurrences(source, /\bimport\(/g)) {
      if (ships) yield { path, line: lineAt(source.text, index), what: "imports while it runs" };
    }
  }
}

/** What no file may import. */
function wrongOrigin({ specifier, target }: Import): string | undefined {
  if (target !== undefined || /^(node|npm):/.test(specifier)) return undefined;
  return `imports ${specifier}: only files, node: and npm: can be had everywhere`;
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

/** Modules whose code needs each other to be there first. */
function* circles(house: House): Generator<Finding> {
  const sources = new Map(house.product().map((source) => [source.path, source]));
  const done = new Set<string>();
  const visit = function* (path: string, above: readonly string[]): Generator<Finding> {
    const source = sources.get(path);
    if (source === undefined || done.has(path)) return;
    for (const { target, line, typesOnly } of importsOf(source)) {
      if (typesOnly || target === undefined) continue;
      const chain = [...above, path];
      const at = chain.indexOf(target);
      if (at < 0) yield* visit(target, chain);
      else {yield {
          path,
          line,
          what: `imports in a circle: ${[...chain.slice(at), target].join(" ")}`,
        };}
    }
    done.add(path);
  };
  for (const path of sources.keys()) yield* visit(path, []);
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
      } else if (member === "exit" && room !== undefined && path !== "main.ts") {
        yield finding(match, "exits outside main.ts");
      } else if (
        room !== undefined && room !== "lib/os" && path !== "main.ts" && !isTest(path) &&
        !HARMLESS.includes(member)
      ) yield finding(match, `${match[0]} outside lib/os`);
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

/** The README's table has a line `| name | what it is for |` a tool. */
function* readmeTable(house: House): Generator<Finding> {
  const path = "README.md";
  const lines = house.read(path).split("\n");
  const start = lines.findIndex((line) => /^\| *Tool *\|/.test(line));
  const length = lines.slice(Math.max(start, 0)).findIndex((line) => !line.startsWith("|"));
  const rows = start < 0 ? [] : lines.slice(start + 2, start + length);
  const names = rows.map((row) => /^\| *`([^`]+)` *\|/.exec(row)?.[1] ?? row);
  const table = house.table().map(({ name }) => name).filter((name) => name !== "");
  for (const [at, name] of names.entries()) {
    if (!table.includes(name)) yield { path, line: start + 3 + at, what: `no such tool: ${name}` };
  }
  for (const name of table) {
    if (names.includes(name)) continue;
    yield { path, line: Math.max(start, 0) + 1, what: `${name} is missing in the table of tools` };
  }
}

if (import.meta.main) Deno.exit(main());
