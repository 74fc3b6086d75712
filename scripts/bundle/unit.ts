// SPDX-License-Identifier: 0BSD
/**
 * Which statements of a program's modules each of its tools needs, and the units in which they are loaded: statements
 * of a module that the same tools need.
 *
 * A tool needs what it begins with, and whatever is named in what it needs. So nothing is read that nobody calls; and
 * initial values must have no effect but to be there, for one that nobody uses is not worked out. A statement that acts
 * goes with the declarations of its module that it names.
 *
 * Units load each other in no circle: where one names something in another, all tools that need the first need the
 * second, so that in a circle the same tools need all; within a module that would be one unit, and modules import each
 * other in no circle.
 *
 * @module
 */
import type { Module, Place, Statement } from "./module.ts";

/** In the place of a tool: the program itself, whatever the tool. */
export const ALL = "*";

/** A part of the bundle that is loaded as a whole, once. */
export interface Unit {
  /** The name that it is loaded by: a tool's, or ALL, is what that begins with. */
  readonly id: string;
  /** Names of tools, or only ALL. */
  readonly neededBy: ReadonlySet<string>;
  /** A function that takes `load`, which gives what a unit returns by its name, and returns what it has for others. */
  readonly text: string;
}

/**
 * The units of a program.
 *
 * @param modules all modules that there are, by the names of their files
 * @param main the module that acts, whatever the tool
 * @param tools what each tool begins with, by the tool's name
 */
export function unitsOf(
  modules: ReadonlyMap<string, Module>,
  main: string,
  tools: ReadonlyMap<string, Place>,
): Unit[] {
  return new Program(modules, main, tools).units();
}

/** Statements that are needed together: they share a variable, or one acts on what the others declare. */
interface Group {
  readonly module: string;
  readonly statements: Set<Statement>;
  readonly neededBy: Set<string>;
}

/** A unit to be. */
interface Draft {
  readonly id: string;
  readonly module: string;
  readonly neededBy: ReadonlySet<string>;
  readonly statements: Statement[];
  /** Of the names that it declares those that others use. */
  readonly shown: Set<string>;
}

class Program {
  readonly #modules: ReadonlyMap<string, Module>;
  readonly #groups = new Map<Statement, Group>();
  /** What each tool begins with. */
  readonly #roots = new Map<string, Statement>();

  constructor(
    modules: ReadonlyMap<string, Module>,
    main: string,
    tools: ReadonlyMap<string, Place>,
  ) {
    this.#modules = modules;
    for (const [module, { statements }] of modules) {
      for (const statement of statements) {
        const own = { module, statements: new Set([statement]), neededBy: new Set<string>() };
        this.#groups.set(statement, own);
      }
      statements.forEach((statement) => this.#joinNamed(statement, module));
      if (module !== main) this.#expectNames(module);
    }
    for (const statement of modules.get(main)?.statements ?? []) {
      if (statement.declares !== undefined) continue;
      this.#roots.set(ALL, statement);
      this.#need(statement, ALL);
    }
    for (const [tool, place] of tools) {
      const root = this.#declarationAt(place);
      this.#roots.set(tool, root);
      this.#need(root, tool);
    }
  }

  #joinNamed(statement: Statement, module: string): void {
    for (const name of statement.names) {
      const other = this.#modules.get(module)?.statements.find(({ declares }) => declares === name);
      if (other === undefined || other.literal) continue;
      if (other.variable || statement.declares === undefined) this.#join(other, statement);
    }
  }

  #join(one: Statement, other: Statement): void {
    const into = this.#groupOf(one);
    for (const statement of this.#groupOf(other).statements) {
      into.statements.add(statement);
      this.#groups.set(statement, into);
    }
  }

  /** What acts on nothing of its module would go with nothing. */
  #expectNames(module: string): void {
    for (const statement of this.#modules.get(module)?.statements ?? []) {
      const { declares, text } = statement;
      if (declares !== undefined || this.#groupOf(statement).statements.size > 1) continue;
      throw new Error(`${module}: cannot be bundled: ${text.split("\n")[0]}`);
    }
  }

  #groupOf(statement: Statement): Group {
    const group = this.#groups.get(statement);
    if (group === undefined) throw new Error("a statement of no module");
    return group;
  }

  #need(statement: Statement, tool: string): void {
    const { module, statements, neededBy } = this.#groupOf(statement);
    if (neededBy.has(tool)) return;
    neededBy.add(tool);
    for (const { names } of statements) {
      for (const name of names) {
        const declaration = this.#declarationOf(name, module);
        if (declaration?.literal === false) this.#need(declaration, tool);
      }
    }
  }

  /** What `name` is declared by in `module` or where that imports it from; undefined: it is only a word. */
  #declarationOf(name: string, module: string): Statement | undefined {
    const { imports, statements } = this.#modules.get(module) as Module;
    const imported = imports.get(name);
    if (imported !== undefined) return this.#declarationAt(imported);
    return statements.find(({ declares }) => declares === name);
  }

  #declarationAt({ module, name }: Place): Statement {
    const exported = this.#modules.get(module)?.exports.get(name);
    const declaration = typeof exported === "object"
      ? this.#declarationAt(exported)
      : this.#declarationOf(exported ?? "", module);
    if (declaration === undefined) {
      throw new Error(`${module}: cannot be bundled: it does not export ${name}`);
    }
    return declaration;
  }

  units(): Unit[] {
    const drafts = this.#draftUnits();
    const draftOf = new Map(
      drafts.flatMap((draft) => draft.statements.map((statement) => [statement, draft] as const)),
    );
    const entries = [...this.#roots].map(([tool, root]): Unit => {
      const draft = draftOf.get(root) as Draft;
      if (root.declares !== undefined) draft.shown.add(root.declares);
      const shown = root.declares === undefined ? "" : `.${root.declares}`;
      return {
        id: tool,
        neededBy: new Set([tool]),
        text: `(load) => load("${draft.id}")${shown}`,
      };
    });
    // All of them first: each says what it needs of the others.
    const heads = drafts.map((draft) => this.#headOf(draft, draftOf));
    const units = drafts.map(({ id, neededBy, statements, shown }, i): Unit => {
      const text = [...heads[i] ?? [], ...statements.map(({ text }) => text)].join("\n");
      // The parentheses tell V8 that the function is called at once.
      return {
        id,
        neededBy,
        text: `((load) => {\n${text}\nreturn { ${[...shown].join(", ")} };\n})`,
      };
    });
    return [...entries, ...units];
  }

  #draftUnits(): Draft[] {
    const drafts: Draft[] = [];
    const names = new Map<string, number>();
    for (const [module, { statements }] of this.#modules) {
      const base = module.replace(/^.*\/|\.ts$/g, "");
      const own = new Map<string, Draft>();
      for (const statement of statements) {
        const needed = this.#groupOf(statement).neededBy;
        if (needed.size === 0) continue;
        const neededBy = needed.has(ALL) ? new Set([ALL]) : needed;
        const key = [...neededBy].toSorted().join();
        if (!own.has(key)) {
          const number = (names.get(base) ?? 0) + 1;
          names.set(base, number);
          const id = `${base}.${number}`;
          own.set(key, { id, module, neededBy, statements: [], shown: new Set() });
        }
        own.get(key)?.statements.push(statement);
      }
      drafts.push(...own.values());
    }
    return drafts;
  }

  /** What a unit has in front of its own statements: literals, and what it gets from others, which is marked there. */
  #headOf(draft: Draft, draftOf: ReadonlyMap<Statement, Draft>): string[] {
    const literals: string[] = [];
    const loaded = new Map<string, string[]>();
    for (const name of new Set(draft.statements.flatMap(({ names }) => [...names]))) {
      const declaration = this.#declarationOf(name, draft.module);
      if (declaration?.declares === undefined || draft.statements.includes(declaration)) continue;
      const { declares, literal, text } = declaration;
      const other = draftOf.get(declaration);
      if (literal) literals.push(`const ${name}${text.slice(`const ${declares}`.length)}`);
      if (literal || other === undefined) continue;
      other.shown.add(declares);
      const names = loaded.get(other.id) ?? [];
      names.push(declares === name ? name : `${declares}: ${name}`);
      loaded.set(other.id, names);
    }
    const loads = [...loaded].map(([id, names]) =>
      `const { ${names.join(", ")} } = load("${id}");`
    );
    return [...literals, ...loads];
  }
}
