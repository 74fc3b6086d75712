// SPDX-License-Identifier: 0BSD
// The shapes of imports and exports on small houses. That the whole toolbox works in its bundle is what all the tests of
// tools show, which run the script form.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { bundle } from "./bundle.ts";

type Files = Readonly<Record<string, string>>;

/** Writes the files, bundles them, and runs the bundle. */
async function run(files: Files): Promise<{ code: number; stdout: string; stderr: string }> {
  return await inHouse(files, async (root) => {
    await place(root, await bundle(root));
    return await start(root);
  });
}

async function place(root: string, bundled: ReadonlyMap<string, string>): Promise<void> {
  await Deno.mkdir(root + "runtime");
  for (const [name, text] of bundled) await Deno.writeTextFile(`${root}runtime/${name}`, text);
}

async function start(root: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", root + "runtime/djbox.js"],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

async function inHouse<T>(files: Files, body: (root: string) => T | Promise<T>): Promise<T> {
  const root = await Deno.makeTempDir({ prefix: "djbox-bundle." }) + "/";
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(root + name.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(root + name, text);
    }
    return await body(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("a bundle does what its modules do", async () => {
  const { stdout } = await run({
    "main.ts": `import config from "./deno.json" with { type: "json" };
import { count, counting, LIMIT, Point as P, seen, type Shape, shown } from "./lib/exports.ts";
import type { Nothing } from "./lib/nowhere.ts";
import {
  again,
  twice,
} from "./lib/again.ts";

function strict(this: unknown): boolean {
  return this === undefined;
}

const shape: Shape = { at: new P(1, 2) };
console.log(config.version, shape.at.sum(), count(), LIMIT, [...counting()], seen + shown);
console.log(again(), twice, import.meta.main, strict());
`,
    "deno.json": '{ "version": "1.2.3", "text": "\\u2028 and \\"" }',
    "lib/exports.ts": `/** A doc comment, \`import { x } from "y";\` in it. */
export const LIMIT: number = 7;

export interface Shape {
  readonly at: Point;
}

export type Pair = [number, number];

export class Point {
  constructor(private readonly x: number, private readonly y: number) {}

  sum(): number {
    return this.x + this.y;
  }
}

export function count(): number {
  return 3;
}

export function* counting(): Generator<number> {
  yield count();
}

const hidden = 1;
const shown = hidden;

export { hidden as seen, type Pair as Two, shown };
`,
    "lib/again.ts": `import { count } from "./exports.ts";
export { count as again } from "./exports.ts";
export type { Shape } from "./exports.ts";

export const twice = 2 * count();
`,
  });
  deepEqual(stdout.split("\n"), [
    "1.2.3 3 3 7 [ 3 ] 2",
    "3 6 true true",
    "",
  ]);
});

const TOOLBOX: Files = {
  "main.ts": `import { start } from "./lib/start.ts";
import { one } from "./tools/x/one.ts";
import { two } from "./tools/x/two@.ts";

const TOOLS: Readonly<Record<string, () => void>> = {
  one,
  "two@": two,
};

console.log(Object.keys(TOOLS).join(" "), Object.hasOwn(TOOLS, "two@"));
start();
TOOLS["two@"]?.();
`,
  "lib/start.ts": 'export function start(): void {\n  console.log("start");\n}\n',
  "tools/x/one.ts": 'export const one = (): void => {};\n\nconsole.log("is here", one);\n',
  "tools/x/two@.ts":
    'export const two = (): void => {\n  console.log("two");\n};\n\nconsole.log("is here", two);\n',
};

Deno.test("a tool is evaluated when it is looked up in the table, and not before", async () => {
  equal((await run(TOOLBOX)).stdout, "one two@ true\nstart\nis here [Function: two]\ntwo\n");
});

Deno.test("a bundle has no comments, but all that looks like one", async () => {
  const source = String.raw`// a comment
/** another, with "quotes" and \`ticks\` */
const url = "http://example.org/*"; // a third: it's one
const single = 'it\'s // not "one"'; /* a fourth */
const template = \`// none
  /* none \${"//"} */\`;
const inner = \`x \${[url].map((u) => { return u ? \`"http://\${"y"}\` : ""; })} {z\`; // a fifth
const half = (n: number): number => n / 2; // and / not
const pattern = /[/"]\/\/x/.test('/" //x'.slice(0, 1) + '//x'); /* last
  of all */
const split = "a//b".split(/\//).length / 1;
console.log(JSON.stringify([url, single, template, inner, half(3), pattern, split]));
`;
  const files = { "main.ts": source.replaceAll("\\`", "`").replaceAll("\\${", "${") };
  const { stdout } = await run(files);
  deepEqual(JSON.parse(stdout), [
    "http://example.org/*",
    'it\'s // not "one"',
    "// none\n  /* none // */",
    'x "http://y {z',
    1.5,
    true,
    3,
  ]);
  const text = (await inHouse(files, (root) => bundle(root))).get("base.js") ?? "";
  for (
    const comment of ["a comment", "another", "a third", "a fourth", "a fifth", "and / not", "last"]
  ) {
    ok(!text.includes(comment), comment);
  }
});

/** The text of each file of the bundle. */
async function texts(files: Files): Promise<Record<string, string>> {
  return Object.fromEntries(await inHouse(files, (root) => bundle(root)));
}

Deno.test("a file has what its tool needs, and base.js what all of them do", async () => {
  const { "base.js": base = "", "tool.one.js": one = "", "tool.two@.js": two = "" } = await texts({
    "main.ts": TOOLBOX["main.ts"] ?? "",
    "lib/start.ts": 'import { both } from "./both.ts";\nexport const start = both;\n',
    "lib/both.ts": `const many = [1, 2];
export function both(): void {}
export function onlyOne(): unknown {
  return [shared(), both, NUMBER];
}
export function shared(): unknown {
  return many.concat(inShared());
}
function inShared(): number[] {
  return [];
}
export function nobody(): void {}
const NUMBER = 17;
`,
    "tools/x/one.ts": 'import { onlyOne } from "../../lib/both.ts";\nexport const one = onlyOne;\n',
    "tools/x/two@.ts": 'import { shared } from "../../lib/both.ts";\nexport const two = shared;\n',
  });
  const declared = (text: string): string[] =>
    [...text.matchAll(/^(?:const|function) (\w+)/gm)].map(([, name = ""]) => name).sort();
  deepEqual(declared(base).filter((name) => name !== "units"), ["TOOLS", "both", "start"]);
  deepEqual(declared(one), ["NUMBER", "inShared", "many", "one", "onlyOne", "shared"]);
  deepEqual(declared(two), ["inShared", "many", "shared", "two"]);
});

Deno.test("tools that run one after the other share what a module has", async () => {
  const { stdout } = await run({
    "main.ts": `import { one } from "./tools/one.ts";
import { two } from "./tools/two.ts";

const TOOLS: Readonly<Record<string, () => number>> = {
  one,
  two,
};

console.log(TOOLS.one?.(), TOOLS.two?.(), TOOLS.one?.());
`,
    "lib/state.ts": `let count = 0;
const table: number[] = [];
table.push(30);

export function up(): number {
  return ++count;
}

export function upByTen(): number {
  count += 10;
  return count;
}

export const first = (): number => table[0] ?? 0;
`,
    "tools/one.ts":
      'import { up } from "../lib/state.ts";\nexport const one = (): number => up();\n',
    "tools/two.ts": `import { first, upByTen } from "../lib/state.ts";
export const two = (): number => upByTen() + first();
`,
  });
  equal(stdout, "1 41 12\n");
});

const DATA: Files = {
  "main.ts": `import { BYTES, TABLE } from "./lib/table_code.ts";

console.log(BYTES.length, BYTES[2], [...TABLE.one], [...TABLE.two]);
`,
  "lib/table_code.ts": `import { countTo } from "./count.ts";

export const BYTES = countTo(3);
export const TABLE = { one: countTo(1), two: countTo(2) };
`,
  "lib/count.ts": `export function countTo(last: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: last }, (_, i) => i + 1);
}
`,
};

Deno.test("a bundle has what a module of data exports, and not what that is worked out with", async () => {
  equal((await run(DATA)).stdout, "3 3 [ 1 ] [ 1, 2 ]\n");
  const text = (await inHouse(DATA, (root) => bundle(root))).get("base.js") ?? "";
  ok(!text.includes("countTo"));
});

Deno.test("a module of data that exports anything else is refused", async () => {
  for (const value of ["7", '"text"', "() => {}", "{ a: [new Uint8Array(1), null] }"]) {
    const files = { ...DATA, "lib/table_code.ts": `export const BYTES = ${value};\n` };
    await inHouse(files, async (root) => {
      await rejects(bundle(root), { message: /^lib\/table_code\.ts: cannot be bundled: / });
    });
  }
});

Deno.test("a file of the bundle that is not there is told in a line", async () => {
  await inHouse(TOOLBOX, async (root) => {
    const bundled = await bundle(root);
    bundled.delete("tool.two@.js");
    await place(root, bundled);
    const { code, stderr } = await start(root);
    equal(code, 111);
    const path = root + "runtime/tool.two@.js";
    equal(stderr.replace(/: [^:]*: [^:]*\n$/, "\n"), `djbox: fatal: unable to read ${path}\n`);
  });
});

Deno.test("what is wrong with the bundle's base is told in a line", async () => {
  await inHouse(TOOLBOX, async (root) => {
    const bundled = await bundle(root);
    const base = root + "runtime/base.js";
    await place(root, bundled);
    await Deno.truncate(base, 1000);
    const { code, stderr } = await start(root);
    equal(code, 111);
    equal(stderr.replace(/: [^:]*\n$/, "\n"), `djbox: fatal: unable to run ${base}\n`);
    await Deno.remove(base);
    match((await start(root)).stderr, /^djbox: fatal: unable to run .*base\.js: [^\n]*\n$/);
  });
});

Deno.test("what cannot be bundled is refused", async () => {
  for (
    const line of [
      "export default 1;",
      "export let state = 1;",
      'export * from "./lib/start.ts";',
      'import "./lib/start.ts";',
      'import * as all from "./lib/start.ts";',
      "const [one, two] = [1, 2];",
      "console.log(import.meta.url);",
      "console.log(`a template ${`in a template ${`in a template`}`}`);",
    ]
  ) {
    await inHouse({ ...TOOLBOX, "main.ts": line + "\n" }, async (root) => {
      await rejects(bundle(root), { message: /^main\.ts: cannot be bundled: / });
    });
  }
  const start = 'export const start = (): void => {};\nconsole.log("an effect of its own");\n';
  await inHouse({ ...TOOLBOX, "lib/start.ts": start }, async (root) => {
    await rejects(bundle(root), { message: /^lib\/start\.ts: cannot be bundled: console/ });
  });
  await inHouse({ ...TOOLBOX, "lib/start.ts": "export const other = [1];\n" }, async (root) => {
    await rejects(bundle(root), {
      message: "lib/start.ts: cannot be bundled: it does not export start",
    });
  });
});
