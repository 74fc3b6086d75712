// SPDX-License-Identifier: 0BSD
/**
 * The bundle of the script form: what the tools need of the toolbox's modules, as JavaScript, and a loader that reads
 * and evaluates what the tool at hand needs.
 *
 *   djbox.js        the runtime's main module, which evaluates base.js
 *   base.js         the loader, and what every tool needs
 *   tool.NAME.js    what the tool NAME needs besides
 *
 * `deno bundle` makes one big module instead. That takes a program which has to be downloaded first, and djbox can be
 * built where nothing can be had; and the runtime parses all of a module, twice, before it starts, which is a
 * third of the time that a small tool takes. What is not there need not be parsed: a tool reads the
 * declarations that it names, or that those name, and no others (bundle/unit.ts).
 *
 * It rests on what check_house.ts and `deno fmt` see to: imports and exports have few shapes (bundle/module.ts), imports
 * go in no circle and come from the house's own files, and main.ts is a table with a line a tool.
 *
 * A file has one object: by the name of a unit, a function that takes `load`, which gives what a unit has for others,
 * and returns what this one has for them.
 *
 * A module whose file's name ends in `_code.ts` exports nothing but data, which it works out from other modules. It is
 * worked out here: the bundle has what it exports, and not those other modules.
 *
 * @module
 */
import { dataModule, type Module, moduleOf, type Place } from "./bundle/module.ts";
import { ALL, unitsOf } from "./bundle/unit.ts";

/** The program's first module. */
const MAIN_MODULE = "main.ts";

/**
 * The runtime's main module. It is small because the runtime parses it twice, once to find what it imports: half a
 * millisecond more for ten more lines. What is wrong with base.js is said in one line.
 */
const MAIN = `// SPDX-License-Identifier: 0BSD
const folder = import.meta.dirname + "/";
try {
  (0, eval)(Deno.readTextFileSync(folder + "base.js"))(folder);
} catch (error) {
  console.error("djbox: fatal: unable to run " + folder + "base.js: " + error.message);
  Deno.exit(111);
}
`;

/**
 * base.js: the units that every tool needs, in the place of `UNITS`, and the function that djbox.js calls. The table is
 * the one of main.ts; what a tool is, is known when it is looked up there. (With the units inside of the function the
 * engine would read them twice.)
 */
const BASE = `"use strict";
const units = UNITS;
(folder) => {
  const loaded = new Map();
  function include(tool) {
    const file = folder + "tool." + tool + ".js";
    let text;
    try {
      text = Deno.readTextFileSync(file);
    } catch (error) {
      console.error("djbox: fatal: unable to read " + file + ": " + error.message);
      Deno.exit(111);
    }
    Object.assign(units, (0, eval)(text));
  }
  function load(id) {
    if (!loaded.has(id)) {
      if (!(id in units)) include(id);
      loaded.set(id, units[id](load));
    }
    return loaded.get(id);
  }
  units.tools = () => new Proxy(TOOLS, {
    get: (tools, name) => Object.hasOwn(tools, name) ? load(name) : undefined,
  });
  load("*");
}
`;

/** The table in main.ts: all of it, and its lines, `  name,` and `  "na@me": name,`. */
const TABLE = /^const TOOLS: .* = \{\n(?: {2}.*,\n)*\};$/m;
const TABLE_LINE = /^ {2}(?:"([^"]+)": )?(\w+),$/gm;

/** How the name of a file ends whose module is data. */
const DATA = "_code.ts";

/** Bundles the house that lies in `root` (with a slash at its end), from main.ts on: the files' contents by name. */
export async function bundle(root: string): Promise<Map<string, string>> {
  const [main, lines] = withoutTable(Deno.readTextFileSync(root + MAIN_MODULE));
  const modules = await modulesFrom(main, root);
  const tools = new Map(lines.map(([tool, name]) => [tool, importOf(name, modules)]));
  const units = unitsOf(modules, MAIN_MODULE, tools);
  const objectFor = (tool: string): string =>
    `{\n${
      units.filter(({ neededBy }) => neededBy.has(tool))
        .map(({ id, text }) => `${JSON.stringify(id)}: ${text},\n`).join("")
    }}`;
  return new Map([
    ["djbox.js", MAIN],
    [
      "base.js",
      BASE.replace(
        "TOOLS",
        () => JSON.stringify(Object.fromEntries([...tools.keys()].map((tool) => [tool, true]))),
      )
        .replace("UNITS", () => objectFor(ALL)),
    ],
    ...[...tools.keys()].map((tool) =>
      [`tool.${tool}.js`, `"use strict";\n(${objectFor(tool)})\n`] as const
    ),
  ]);
}

/** main.ts with the loader's table in the place of its own, and the lines of that: tools' names, and the names there. */
function withoutTable(main: string): [main: string, lines: [tool: string, name: string][]] {
  const lines: [string, string][] = [];
  const text = main.replace(TABLE, (table) => {
    for (const [, quoted, name = ""] of table.matchAll(TABLE_LINE)) {
      lines.push([quoted ?? name, name]);
    }
    return 'const TOOLS = load("tools");';
  });
  return [text, lines];
}

/** What main.ts imports under a name. */
function importOf(name: string, modules: ReadonlyMap<string, Module>): Place {
  const place = modules.get(MAIN_MODULE)?.imports.get(name);
  if (place === undefined) {
    throw new Error(`${MAIN_MODULE}: cannot be bundled: no import of ${name}`);
  }
  return place;
}

/** main.ts, whose text is `main`, and all modules that it leads to. */
async function modulesFrom(main: string, root: string): Promise<Map<string, Module>> {
  const modules = new Map([[MAIN_MODULE, moduleOf(MAIN_MODULE, main)]]);
  // A module that is found is appended, and its turn comes.
  for (const { imports, exports } of modules.values()) {
    for (const place of [...imports.values(), ...exports.values()]) {
      if (typeof place === "string" || modules.has(place.module)) continue;
      const { module } = place;
      modules.set(
        module,
        module.endsWith(DATA)
          ? await dataModuleOf(module, root)
          : moduleOf(module, Deno.readTextFileSync(root + module)),
      );
    }
  }
  return modules;
}

/** A module of data, which is evaluated for that. */
async function dataModuleOf(name: string, root: string): Promise<Module> {
  const exported: Record<string, unknown> = await import(`file://${root}${name}`);
  return dataModule(Object.entries(exported).map(([key, value]) => [key, dataOf(value, name)]));
}

/** Bytes, and objects of bytes, as an expression. */
function dataOf(value: unknown, name: string): string {
  if (value instanceof Uint8Array) {
    return `Uint8Array.fromBase64(${JSON.stringify(value.toBase64())})`;
  }
  if (typeof value !== "object" || value === null) {
    throw new Error(
      `${name}: cannot be bundled: it exports what is neither bytes nor an object of them`,
    );
  }
  return `{ ${
    Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${dataOf(item, name)}`)
      .join(", ")
  } }`;
}
