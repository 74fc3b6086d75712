// SPDX-License-Identifier: 0BSD
/**
 * A module taken apart: what it imports and exports, and its statements as JavaScript, each with the names that it
 * declares and those that stand in it.
 *
 * There is no parser here. It rests on what check_house.ts and `deno fmt` see to (imports and exports have few shapes),
 * and on how stripTypeScriptTypes prints: a statement of the outermost level begins with its line. A template may have
 * templates in it, and those none.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

/** What a module exports under a name. */
export interface Place {
  readonly module: string;
  readonly name: string;
}

/** A statement of the outermost level. */
export interface Statement {
  /** JavaScript, without comments and indentation. */
  readonly text: string;
  /** The name that it declares; undefined: it does something. */
  readonly declares: string | undefined;
  /** All names in it that may be those of declarations; some are only the same words. */
  readonly names: ReadonlySet<string>;
  /** Whether what it declares may be assigned to later. */
  readonly variable: boolean;
  /** Whether what it declares is a number or a short string that stands there. */
  readonly literal: boolean;
}

/** A module, taken apart. */
export interface Module {
  readonly statements: readonly Statement[];
  /** By the name that it has in this module. */
  readonly imports: ReadonlyMap<string, Place>;
  /** By the name that it has outside: its name in this module, or where it comes from. */
  readonly exports: ReadonlyMap<string, string | Place>;
}

/** `import { a, b as c, type T } from "./x.ts";` and its like. */
const IMPORT = /^import (type )?(?:\{([^}]*)\}|(\w+)) from "([^"]+)"(?: with \{[^}]*\})?;$/gm;
/** `export { a, b as c };`, also from another module. */
const EXPORT_LIST = /^export (type )?\{([^}]*)\}(?: from "([^"]+)")?;$/gm;
/** `export` in front of a declaration. */
const EXPORT =
  /^export (?=(?:(type|interface)|const|(?:async )?function\*?|(?:abstract )?class) (\w+))/gm;

/**
 * Takes a module apart.
 *
 * @param name the name of its file, from the house's root
 * @param source TypeScript, or JSON where the name says so
 * @throws Error for what is not of the shapes above
 */
export function moduleOf(name: string, source: string): Module {
  if (name.endsWith(".json")) return dataModule([["default", JSON.stringify(JSON.parse(source))]]);
  const imports = new Map<string, Place>();
  const exports = new Map<string, string | Place>();
  const pathOf = (specifier: string): string =>
    new URL(specifier, `file:///${name}`).pathname.slice(1);
  const refuse = (what: string): never => {
    throw new Error(`${name}: cannot be bundled: ${what.split("\n")[0]}`);
  };
  const code = source
    .replace(IMPORT, (_, type, list, byDefault, specifier) => {
      if (type !== undefined) return "";
      const module = pathOf(specifier);
      if (byDefault !== undefined) imports.set(byDefault, { module, name: "default" });
      for (const [there, here] of pairs(list ?? "")) imports.set(here, { module, name: there });
      return "";
    })
    .replace(EXPORT_LIST, (_, type, list, specifier) => {
      if (type !== undefined) return "";
      for (const [here, outside] of pairs(list)) {
        const from = specifier === undefined ? here : { module: pathOf(specifier), name: here };
        exports.set(outside, from);
      }
      return "";
    })
    .replace(EXPORT, (_, type, identifier) => {
      if (type === undefined) exports.set(identifier, identifier);
      return "";
    })
    .replaceAll("import.meta.main", `${name === "main.ts"}`);
  const left = /^(?:import|export)\b.*|import\.meta.*/m.exec(code);
  if (left !== null) refuse(left[0]);
  const stripped = stripTypeScriptTypes(code, { mode: "transform" });
  const unread = /.*`.*/.exec(bareOf(stripped));
  if (unread !== null) refuse(stripped.slice(unread.index));
  const statements = statementsOf(stripped);
  const destructuring = statements.find(({ text }) => /^(?:const|let) [^\w$]/.test(text));
  if (destructuring !== undefined) refuse(destructuring.text);
  return { statements, imports, exports };
}

/** The module that exports expressions which refer to nothing. (`default` is no name for a declaration.) */
export function dataModule(data: readonly (readonly [name: string, expression: string])[]): Module {
  return {
    imports: new Map(),
    exports: new Map(data.map(([name]) => [name, `its_${name}`])),
    statements: data.map(([name, expression]) => ({
      text: `const its_${name} = ${expression};`,
      declares: `its_${name}`,
      names: new Set(),
      variable: false,
      literal: false,
    })),
  };
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

const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/.source;

/** A template; `inner` is one that may stand in the expressions in it, whose brackets may hold one pair more. */
function templateOf(inner: string): string {
  const part = `[^\`"'{}]|${STRING}|${inner}`;
  return "`(?:[^`\\\\$]|\\\\[^]|\\$(?!\\{)|\\$\\{(?:" + part + `|\\{(?:${part})*\\})*\\})*\``;
}

const TEMPLATE = templateOf(templateOf("(?!)"));

/** What must not be looked into (strings, regular expressions), comments, and ends of lines. */
const TOKEN = new RegExp(
  [
    /(?<comment>\/\/.*|\/\*[^]*?\*\/)/,
    /(?<space>\s*\n\s*)/,
    new RegExp(`${STRING}|(?<template>${TEMPLATE})`),
    // A slash is a division unless it stands where only a value can.
    /(?<=[(,=:[!&|?{};]\s*|return\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//,
  ].map((token) => token.source).join("|"),
  "g",
);

/** A name, but not that of a property. */
const NAME = /(?<![\w$#]|(?<!\.\.)\.)[a-zA-Z_$][\w$]*/g;
const DECLARATION = /^(?:async )?(?:const|let|class|function\*?) ([\w$]+)/;
const LITERAL = /^const [\w$]+ = (?:-?\d[\w.]*|"[^"\\]{0,30}");$/;

/** The same code without what is inside of strings and comments, place by place. */
function bareOf(code: string): string {
  return code.replace(TOKEN, (token, _comment, space) => space ?? " ".repeat(token.length));
}

/** The statements of the outermost level. */
function statementsOf(code: string): Statement[] {
  const begins: number[] = [];
  let depth = 0;
  let at = 0;
  for (const line of bareOf(code).split("\n")) {
    if (depth === 0 && line.trim() !== "") begins.push(at);
    for (const bracket of line.match(/[()[\]{}]/g) ?? []) depth += "([{".includes(bracket) ? 1 : -1;
    at += line.length + 1;
  }
  return begins.map((begin, i) => statementOf(code.slice(begin, begins[i + 1])));
}

function statementOf(code: string): Statement {
  const names = new Set<string>();
  const collect = (text: string): void => text.match(NAME)?.forEach((name) => names.add(name));
  collect(code.replace(TOKEN, (_token, _comment, _space, template) => {
    collect(template ?? "");
    return " ";
  }));
  const text = withoutComments(code).trim();
  const declares = DECLARATION.exec(text)?.[1];
  const variable = text.startsWith("let ");
  return { text, declares, names, variable, literal: LITERAL.test(text) };
}

/** Comments and indentation are a third of the text, and the engine would read them at each start. */
function withoutComments(code: string): string {
  return code.replace(TOKEN, (token, comment, space) => {
    if (space !== undefined) return "\n";
    if (comment === undefined) return token;
    return comment.includes("\n") ? "\n" : " ";
  });
}
