// SPDX-License-Identifier: 0BSD
/**
 * What the house is made of, for those who check it: files, rooms and floors, imports, the table in main.ts.
 *
 * @module
 */

/** A source file; its path is relative to the house. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  /** The file, relative to the house; undefined for what does not come from a file. */
  readonly target: string | undefined;
  readonly line: number;
  /** What is imported, by the names that it has where it comes from; undefined: all of it. */
  readonly names: readonly string[] | undefined;
}

/** The rooms of the house, the ground floor first. Nothing imports from its own floor but from its own room. */
const FLOORS: readonly (readonly string[])[] = [
  ["lib/os", "lib/wasm"],
  ["lib/cli", "lib/tai", "lib/cdb", "lib/man"],
  ["lib/stream"],
  ["lib/supervise", "lib/log", "lib/net"],
  ["lib/package"],
  ["tools"],
  ["main.ts"],
];

/** Folders that are not part of the house. */
const OUTSIDE = ["build", "dist", "node_modules"];

export class House {
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
    return this.sources.filter(({ path }) => isProduct(path));
  }

  /** The files that are a tool each. */
  tools(): Source[] {
    return this.product().filter(({ path }) => roomOf(path) === "tools");
  }

  /** The files that others may import from: deno.json's exports. */
  published(): string[] {
    const { exports = {} } = JSON.parse(this.read("deno.json") || "{}");
    return Object.values<string>(exports).map((path) => path.replace(/^\.\//, ""));
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

export function* filesBelow(root: string, directory: string): Generator<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(root + directory)) {
    if (name.startsWith(".") || OUTSIDE.includes(name)) continue;
    if (isDirectory) yield* filesBelow(root, `${directory}${name}/`);
    else if (isFile) yield directory + name;
  }
}

export function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

/** Whether the file ships. */
export function isProduct(path: string): boolean {
  return roomOf(path) !== undefined && !isTest(path);
}

/** The room that a file of the product is in; a room that has no floor too. undefined: not part of the product. */
export function roomOf(path: string): string | undefined {
  const [first = "", second = ""] = path.split("/");
  if (first === "lib") return `lib/${second}`;
  return first === "tools" || first === "main.ts" ? first : undefined;
}

export function floorOf(path: string): number {
  const room = roomOf(path);
  return room === undefined ? -1 : FLOORS.findIndex((rooms) => rooms.includes(room));
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.ts$/, "");
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Imports and re-exports, as `deno fmt` writes them. */
const IMPORT = new RegExp(
  '^(?:import|export) (?:type )?(?:\\* as \\w+|\\*|[\\w, ]*\\{[^}]*\\}|\\w+) from "([^"]+)"|' +
    '^import "([^"]+)"',
  "gm",
);

export function importsOf({ path, text }: Source): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[1] ?? match[2] ?? "";
    const folder = new URL(path, "file:///");
    return {
      specifier,
      target: /^\.\.?\//.test(specifier) ? new URL(specifier, folder).pathname.slice(1) : undefined,
      line: lineAt(text, match.index),
      names: namesIn(match[0]),
    };
  });
}

/** The names in an import's braces; undefined where it has none. */
function namesIn(statement: string): string[] | undefined {
  const list = /\{([^}]*)\}/.exec(statement)?.[1];
  return list?.split(",").map((name) => name.trim().replace(/^type /, "").replace(/ as \w+$/, ""));
}

/** The functions, classes and constants that a source exports, and where. Types are not among them. */
export function exportsOf({ text }: Source): { name: string; line: number }[] {
  const statement = /^export (?:abstract )?(?:function\*?|async function|class|const) (\w+)/gm;
  return [...text.matchAll(statement)].map((match) => ({
    name: match[1] ?? "",
    line: lineAt(text, match.index),
  }));
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
