// SPDX-License-Identifier: 0BSD
/**
 * The bundle of the script form: the modules of the toolbox as JavaScript, and a loader that reads and evaluates
 * those of them that the tool at hand needs.
 *
 *   djbox.js        the runtime's main module, which evaluates base.js
 *   base.js         the loader; main.ts and the modules that every tool needs
 *   tool.NAME.js    the further modules of the tool NAME
 *
 * `deno bundle` makes one big module instead. That takes a program which has to be downloaded first, and djbox can be
 * built where nothing can be had; and the runtime parses all of a module, twice, before it starts, which is a
 * third of the time that a small tool takes.
 *
 * It rests on what check_house.ts and `deno fmt` see to: imports and exports have few shapes, imports go in
 * no circle and come from the house's own files, and main.ts is a table with a line a tool.
 *
 * Modules stand in a file as one object that has, by the name of a module, a function that takes `load`, which gives
 * what a module exports, and returns what this one exports.
 *
 * A module whose file's name ends in `_code.ts` exports nothing but data, which it works out from other modules. It is
 * worked out here: the bundle has what it exports, and not those other modules.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

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
 * base.js: the modules, in the place of `MODULES`, and the function that djbox.js calls. (With the modules inside of it
 * the engine would read them twice.)
 */
const BASE = `const modules = MODULES;
(folder) => {
  const loaded = new Map();
  function include(name) {
    const file = folder + name + ".js";
    let text;
    try {
      text = Deno.readTextFileSync(file);
    } catch (error) {
      console.error("djbox: fatal: unable to read " + file + ": " + error.message);
      Deno.exit(111);
    }
    Object.assign(modules, (0, eval)(text));
  }
  function load(name, tool) {
    if (!loaded.has(name)) {
      if (!(name in modules)) include("tool." + tool);
      loaded.set(name, modules[name](load));
    }
    return loaded.get(name);
  }
  load("main.ts");
}
`;

/** `import { a, b as c, type T } from "./x.ts";` and its like. */
const IMPORT =
  /^import (type )?(?:\{([^}]*)\}|\* as (\w+)|(\w+)) from "([^"]+)"(?: with \{[^}]*\})?;$/gm;
/** `export { a, b as c };`, also from another module. */
const EXPORT_LIST = /^export (type )?\{([^}]*)\}(?: from "([^"]+)")?;$/gm;
/** `export` in front of a declaration. */
const EXPORT =
  /^export (?=(?:(type|interface)|const|(?:async )?function\*?|(?:abstract )?class) (\w+))/gm;
/** `  name,` and `  "na@me": name,` in the table. */
const TABLE_LINE = /^ {2}(?:"([^"]+)": )?(\w+),$/gm;

/** How the name of a file ends whose module is data. */
const DATA = "_code.ts";

/** A module as a function, and what that loads. */
interface Module {
  readonly text: string;
  readonly imports: readonly string[];
}

/** Bundles the house that lies in `root` (with a slash at its end), from main.ts on: the files' contents by name. */
export async function bundle(root: string): Promise<Map<string, string>> {
  const modules = new Map<string, Module>();
  const addAll = async (names: readonly string[]): Promise<void> => {
    for (const name of names) {
      if (modules.has(name)) continue;
      const module = name.endsWith(DATA)
        ? await dataModuleOf(name, root)
        : moduleOf(name, Deno.readTextFileSync(root + name));
      modules.set(name, module);
      await addAll(module.imports);
    }
  };
  const { table, tools } = loadLate(Deno.readTextFileSync(root + "main.ts"));
  const main = moduleOf("main.ts", table);
  modules.set("main.ts", main);
  await addAll(main.imports);
  const base = [...modules.keys()];
  const files = new Map([
    ["djbox.js", MAIN],
    ["base.js", BASE.replace("MODULES", () => objectOf(base, modules))],
  ]);
  for (const [tool, name] of tools) {
    await addAll([name]);
    const further = closure(name, modules).filter((needed) => !base.includes(needed));
    files.set(`tool.${tool}.js`, `(${objectOf(further, modules)})\n`);
  }
  return files;
}

/** The names of a module and of all that it needs. */
function closure(name: string, modules: ReadonlyMap<string, Module>): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    modules.get(name)?.imports.forEach(visit);
  };
  visit(name);
  return [...found];
}

function objectOf(names: readonly string[], modules: ReadonlyMap<string, Module>): string {
  const lines = names.map((name) => `${JSON.stringify(name)}: ${modules.get(name)?.text},\n`);
  return `{\n${lines.join("")}}`;
}

/** The function that a module of data becomes, which is evaluated for that. */
async function dataModuleOf(name: string, root: string): Promise<Module> {
  const exported: Record<string, unknown> = await import(`file://${root}${name}`);
  return { text: `(() => (${dataOf(exported, name)}))`, imports: [] };
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

/** The function that a module becomes. */
function moduleOf(name: string, source: string): Module {
  if (name.endsWith(".json")) {
    return { text: `() => ({ default: ${JSON.stringify(JSON.parse(source))} })`, imports: [] };
  }
  const exported: string[] = [];
  const imports: string[] = [];
  const load = (specifier: string): string => {
    const path = new URL(specifier, `file:///${name}`).pathname.slice(1);
    imports.push(path);
    return `load(${JSON.stringify(path)})`;
  };
  const code = source
    .replace(IMPORT, (_, type, list, all, byDefault, specifier) => {
      if (type !== undefined) return "";
      const module = load(specifier);
      if (list === undefined) return `const ${all ?? `{ default: ${byDefault} }`} = ${module};`;
      return `const { ${pairs(list).map(([a, b]) => `${a}: ${b}`).join(", ")} } = ${module};`;
    })
    .replace(EXPORT_LIST, (_, type, list, specifier) => {
      if (type !== undefined) return "";
      const from = specifier === undefined ? "" : `${load(specifier)}.`;
      exported.push(...pairs(list).map(([a, b]) => `${b}: ${from}${a}`));
      return "";
    })
    .replace(EXPORT, (_, type, identifier) => {
      if (type === undefined) exported.push(identifier);
      return "";
    })
    .replaceAll("import.meta.main", `${name === "main.ts"}`);
  const left = /^(?:import|export)\b.*|import\.meta.*/m.exec(code);
  if (left !== null) throw new Error(`${name}: cannot be bundled: ${left[0]}`);
  const script = withoutComments(stripTypeScriptTypes(code, { mode: "transform" }));
  // The parentheses tell V8 that the function is called at once.
  const text = `((load) => { "use strict";\n${script}\nreturn { ${exported.join(", ")} };\n})`;
  return { text, imports };
}

/** What must not be looked into for comments (strings, regular expressions), comments, and ends of lines. */
const TOKEN = new RegExp(
  [
    /(?<comment>\/\/.*|\/\*[^]*?\*\/)/,
    /(?<space>\s*\n\s*)/,
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/,
    // A slash is a division unless it stands where only a value can.
    /(?<=[(,=:[!&|?{};]\s*|return\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//,
  ].map((token) => token.source).join("|"),
  "g",
);

/** Comments and indentation are a third of the text, and the engine would read them at each start. */
function withoutComments(code: string): string {
  return code.replace(TOKEN, (token, comment, space) => {
    if (space !== undefined) return "\n";
    if (comment === undefined) return token;
    return comment.includes("\n") ? "\n" : " ";
  });
}

/** The dispatch table with each tool loaded when it is looked up, and the tools' modules by the tools' names. */
function loadLate(main: string): { table: string; tools: Map<string, string> } {
  const paths = new Map<string, string>();
  const tools = new Map<string, string>();
  const table = main
    .replace(/^import \{ (\w+) \} from "\.\/(tools\/[^"]+)";\n/gm, (_, identifier, path) => {
      paths.set(identifier, path);
      return "";
    })
    .replace(TABLE_LINE, (line, quoted, identifier) => {
      const path = paths.get(identifier);
      if (path === undefined) return line;
      const tool = quoted ?? identifier;
      tools.set(tool, path);
      return `get "${tool}"() { return load("${path}", "${tool}").${identifier}; },`;
    });
  return { table, tools };
}

/** `a, b as c, type T` as names there and names here, without the types. */
function pairs(list: string): [string, string][] {
  return list.split(",").map((item) => item.trim())
    .filter((item) => item !== "" && !item.startsWith("type "))
    .map((item) => {
      const [there = "", here = there] = item.split(" as ");
      return [there, here];
    });
}
