// SPDX-License-Identifier: 0BSD
/**
 * The bundle of the script form: all modules of the toolbox as JavaScript in one file, and the loader that evaluates
 * those of them that the tool at hand needs.
 *
 * `deno bundle` makes one big module instead. That takes a program which has to be downloaded first, and djbox can be
 * built where nothing can be had; and the runtime parses all of a module, twice, before it starts, which is a
 * third of the time that a small tool takes.
 *
 * It rests on what check_house.ts and `deno fmt` see to: imports and exports have few shapes, imports go in
 * no circle and come from the house's own files, and main.ts is a table with a line a tool.
 *
 * The file begins with a line of JSON, `{"NAME": [START, END], ...}`, where START and END count from the line's end. What
 * is there is a function that takes `load`, which gives what the module NAME exports, and returns what this one exports.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

/** `runtime/djbox.js`: the main module. What it loads lies beside it in `modules.js`. */
export const LOADER = `// SPDX-License-Identifier: 0BSD
const file = import.meta.dirname + "/modules.js";
let modules;
try {
  modules = Deno.readTextFileSync(file);
} catch (error) {
  console.error("djbox: fatal: unable to read " + file + ": " + error.message);
  Deno.exit(111);
}
const start = modules.indexOf("\\n") + 1;
const places = JSON.parse(modules.slice(0, start));
const loaded = new Map();
function load(name) {
  if (!loaded.has(name)) {
    const [from, to] = places[name];
    loaded.set(name, (0, eval)(modules.slice(start + from, start + to))(load));
  }
  return loaded.get(name);
}
load("main.ts");
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

/** Bundles the house that lies in `root` (with a slash at its end), from main.ts on: the content of modules.js. */
export function bundle(root: string): string {
  const texts = new Map<string, string>();
  const add = (name: string): void => {
    if (texts.has(name)) return;
    texts.set(name, ""); // it is on its way
    texts.set(name, moduleText(name, Deno.readTextFileSync(root + name), add));
  };
  add("main.ts");
  let end = 0;
  const places = [...texts].map(([name, text]) => [name, [end, end += text.length]]);
  return JSON.stringify(Object.fromEntries(places)) + "\n" + [...texts.values()].join("");
}

/** The function that a module becomes. `add` is told what it imports. */
function moduleText(name: string, source: string, add: (name: string) => void): string {
  if (name.endsWith(".json")) {
    return `(() => ({ default: ${JSON.stringify(JSON.parse(source))} }))\n`;
  }
  const exported: string[] = [];
  const load = (specifier: string): string => {
    const path = new URL(specifier, `file:///${name}`).pathname.slice(1);
    add(path);
    return `load(${JSON.stringify(path)})`;
  };
  const code = (name === "main.ts" ? loadLate(source, load) : source)
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
  const script = stripTypeScriptTypes(code, { mode: "transform" });
  // The parentheses tell V8 that the function is called at once.
  return `((load) => { "use strict";\n${script}\nreturn { ${exported.join(", ")} };\n})\n`;
}

/** The dispatch table with each tool loaded when it is looked up. */
function loadLate(main: string, load: (specifier: string) => string): string {
  const tools = new Map<string, string>();
  return main
    .replace(/^import \{ (\w+) \} from "(\.\/tools\/[^"]+)";\n/gm, (_, tool, specifier) => {
      tools.set(tool, `${load(specifier)}.${tool}`);
      return "";
    })
    .replace(TABLE_LINE, (line, name, tool) => {
      const value = tools.get(tool);
      return value === undefined ? line : `get "${name ?? tool}"() { return ${value}; },`;
    });
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
