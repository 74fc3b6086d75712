// SPDX-License-Identifier: 0BSD
// Each rule on a small house that keeps all of them but one. The house itself is checked by deno task ok.
import { deepEqual } from "node:assert/strict";
import { checkHouse } from "./check_house.ts";

type Files = Readonly<Record<string, string>>;

// In two parts, or the house would have it here.
const DLOPEN = "Deno." + "dlopen(null, {});";
const LICENCE = "// SPDX-License-Identifier: 0BSD\n";

function tool(name: string, identifier = name): string {
  return `${LICENCE}/**
 * ${name} - does what it does
 *
 * Synopsis: ${name} DIR
 *
 * Exit codes: 0
 *
 * @module
 */
import type { Tool } from "../../lib/cli/tool.ts";

export const ${identifier}: Tool = { usage: "usage: ${name} dir", run };
`;
}

/** A house in which everything is in order. */
const HOUSE: Files = {
  "main.ts": `${LICENCE}import { exit } from "./lib/os/exit.ts";
import { start } from "./lib/os/start.ts";
import { date } from "./tools/ucspi-tcp/date@.ts";
import { svok } from "./tools/daemontools/svok.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  "date@": date,
  svok,
};

if (import.meta.main) exit(runToolbox(TOOLS, start()));
`,
  "README.md": `# House

| Tool    | What it does      |
| ------- | ----------------- |
| \`date@\` | does what it does |
| \`svok\`  | does what it does |

[More](docs/more.md) is in \`lib/os/libc.ts\`, \`lib/os\` and \`tools/SUITE/NAME.ts\`.
`,
  "docs/more.md": "[Back](../README.md#house), [out](https://cr.yp.to/)\n",
  "lib/os/libc.ts": `${LICENCE}export const libc = ${DLOPEN}\n`,
  "lib/os/exit.ts": LICENCE + "export function exit(): void {}\n",
  "lib/os/start.ts": LICENCE + 'import { libc } from "./libc.ts";\nDeno.args;\n',
  "lib/cli/tool.ts": LICENCE + "export interface Tool {}\n",
  "lib/net/rules.ts": LICENCE + 'import {\n  find,\n} from "../cdb/reader.ts";\n',
  "lib/cdb/reader.ts": LICENCE + "export function find(): void {}\n",
  "lib/cdb/reader_test.ts": LICENCE + 'import { equal } from "node:assert/strict";\n',
  "tools/daemontools/svok.ts": tool("svok"),
  "tools/ucspi-tcp/date@.ts": tool("date@", "date"),
  "tests/daemontools/svok_test.ts": LICENCE,
  "tests/ucspi-tcp/date@_test.ts": LICENCE,
  "scripts/build.ts": LICENCE + "if (import.meta.main) Deno.exit(0);\n",
};

/** What is found in the house with other files in it; undefined takes one away. */
function found(change: Readonly<Record<string, string | undefined>>): string[] {
  const root = Deno.makeTempDirSync({ prefix: "djbox-house." });
  try {
    for (const [path, text] of Object.entries({ ...HOUSE, ...change })) {
      if (text === undefined) continue;
      const file = `${root}/${path}`;
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(file, text);
    }
    return checkHouse(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** The finding for each line of code that is added to a file. */
function findings(path: string, lines: readonly string[]): string[][] {
  return lines.map((line) =>
    found({ [path]: (HOUSE[path] ?? LICENCE) + line + "\n" })
      .map((finding) => finding.replace(/:\d+:/, ":"))
  );
}

Deno.test("check_house finds nothing in a house that is in order", () => {
  deepEqual(found({}), []);
});

Deno.test("check_house wants the licence in the first line, and says the file and the line", () => {
  const what = "the first line is not // SPDX-License-Identifier: 0BSD";
  deepEqual(found({ "scripts/x.ts": "export {};\n", "lib/os/y.ts": "" }), [
    `lib/os/y.ts:1: ${what}`,
    `scripts/x.ts:1: ${what}`,
  ]);
  deepEqual(found({ "dist/x.ts": "", ".git/x.ts": "", "node_modules/x.ts": "" }), []);
});

Deno.test("check_house lets imports go down only", () => {
  deepEqual(
    findings("lib/cdb/reader.ts", [
      'import { rules } from "../net/rules.ts";',
      'import type { Tool } from "../cli/tool.ts";',
      'export * from "../../tools/daemontools/svok.ts";',
      'import "../../scripts/build.ts";',
      'import { x } from "./reader_test.ts";',
      'import { start } from "../os/start.ts";',
    ]),
    [
      [
        "lib/cdb/reader.ts: imports up: lib/net/rules.ts",
        "lib/net/rules.ts: imports in a circle: lib/cdb/reader.ts lib/net/rules.ts lib/cdb/reader.ts",
      ],
      ["lib/cdb/reader.ts: imports from another room of its floor: lib/cli/tool.ts"],
      ["lib/cdb/reader.ts: imports up: tools/daemontools/svok.ts"],
      ["lib/cdb/reader.ts: imports scripts/build.ts, which does not ship"],
      ["lib/cdb/reader.ts: imports lib/cdb/reader_test.ts, which does not ship"],
      [],
    ],
  );
  const [a, b] = ["lib/cdb/a.ts", "lib/cdb/b.ts"];
  deepEqual(
    found({
      [a]: LICENCE + 'import type { B } from "./b.ts";\nexport interface A {}\n',
      [b]: LICENCE + 'import { type A } from "./a.ts";\nexport interface B {}\n',
    }),
    [`${b}:2: imports in a circle: ${a} ${b} ${a}`],
  );
  deepEqual(found({ "lib/misc/x.ts": LICENCE }), ["lib/misc/x.ts:1: lib/misc has no floor"]);
});

Deno.test("check_house finds what is exported and imported by nobody", () => {
  const path = "lib/cdb/reader.ts";
  const more = `export const A = 1;
export async function b(): Promise<void> {}
export class C {}
export interface D {}
`;
  const what = (line: number, name: string): string => `${path}:${line}: nobody imports ${name}`;
  const files = { [path]: HOUSE[path] + more };
  deepEqual(found(files), [what(3, "A"), what(4, "b"), what(5, "C")]);
  const test = `${LICENCE}import { A as one, type C } from "./reader.ts";\n`;
  deepEqual(found({ ...files, "lib/cdb/reader_test.ts": test }), [what(4, "b")]);
  deepEqual(
    found({ ...files, "scripts/x.ts": `${LICENCE}import * as cdb from "../${path}";\n` }),
    [],
  );
  deepEqual(found({ ...files, "deno.json": `{ "exports": { "./cdb": "./${path}" } }` }), []);
});

Deno.test("check_house keeps tools apart", () => {
  deepEqual(
    found({
      "tools/daemontools/svok.ts": tool("svok") +
        'import {\n  date,\n} from "../ucspi-tcp/date@.ts";\n',
    }),
    ["tools/daemontools/svok.ts:14: a tool imports a tool: tools/ucspi-tcp/date@.ts"],
  );
});

Deno.test("check_house refuses what does not come from the house's files", () => {
  deepEqual(
    findings("lib/cli/tool.ts", [
      'import { assert } from "jsr:@std/assert";',
      'import { readFileSync } from "node:fs";',
      'const later = await import("../os/libc.ts");',
      '// const later = await import("../os/libc.ts");',
    ]),
    [
      ["lib/cli/tool.ts: imports jsr:@std/assert: the product is made of its own files"],
      ["lib/cli/tool.ts: imports node:fs: the product is made of its own files"],
      ["lib/cli/tool.ts: imports while it runs"],
      [],
    ],
  );
  const can = "only files, node: and one version from npm: can be had everywhere";
  deepEqual(
    findings("scripts/build_test.ts", [
      'import { assert } from "jsr:@std/assert";',
      'import { assert } from "https://deno.land/x/assert.ts";',
      'import fc from "fast-check";',
      'import fc from "npm:fast-check";',
      'import fc from "npm:fast-check@^4.3.0";',
    ]),
    [
      [`scripts/build_test.ts: imports jsr:@std/assert: ${can}`],
      [`scripts/build_test.ts: imports https://deno.land/x/assert.ts: ${can}`],
      [`scripts/build_test.ts: imports fast-check: ${can}`],
      [`scripts/build_test.ts: imports npm:fast-check: ${can}`],
      [`scripts/build_test.ts: imports npm:fast-check@^4.3.0: ${can}`],
    ],
  );
});

Deno.test("check_house lets tests alone have packages", () => {
  const line = LICENCE + 'import fc from "npm:fast-check@4.3.0";\n';
  const why = "imports npm:fast-check@4.3.0:";
  deepEqual(
    found({
      "lib/cdb/reader_test.ts": line,
      "tests/harness/properties.ts": line,
      "tests/relay.ts": line,
      "scripts/build.ts": line,
      "lib/cdb/reader.ts": line + "export function find(): void {}\n",
    }),
    [
      `lib/cdb/reader.ts:2: ${why} the product is made of its own files`,
      `scripts/build.ts:2: ${why} packages are for tests and tests/harness`,
      `tests/relay.ts:2: ${why} packages are for tests and tests/harness`,
    ],
  );
});

Deno.test("check_house keeps the runtime in lib/os", () => {
  deepEqual(
    findings("tools/daemontools/svok.ts", [
      "Deno.exit(1);",
      'import { exit } from "../../lib/os/exit.ts";',
      'import { libc } from "../../lib/os/libc.ts";',
      "const all = Deno.args;",
      "const { args } = Deno;",
      'Deno["args"];',
      "Deno.version.deno; // Deno.args",
      " * Deno.args",
    ]),
    [
      ["tools/daemontools/svok.ts: exits by the runtime, not by lib/os/exit.ts"],
      ["tools/daemontools/svok.ts: exits outside main.ts"],
      ["tools/daemontools/svok.ts: calls the C library outside lib/os"],
      ["tools/daemontools/svok.ts: Deno.args outside lib/os"],
      ["tools/daemontools/svok.ts: Deno; outside lib/os"],
      ["tools/daemontools/svok.ts: Deno[ outside lib/os"],
      [],
      [],
    ],
  );
  deepEqual(
    findings("lib/os/start.ts", [DLOPEN, "Deno.exit();", "Deno.env.toObject();"]),
    [
      ["lib/os/start.ts: opens a library outside lib/os/libc.ts"],
      ["lib/os/start.ts: exits by the runtime, not by lib/os/exit.ts"],
      [],
    ],
  );
  deepEqual(findings("scripts/build.ts", [DLOPEN]), [
    ["scripts/build.ts: opens a library outside lib/os/libc.ts"],
  ]);
});

Deno.test("check_house holds the table against the files", () => {
  const main = HOUSE["main.ts"] ?? "";
  deepEqual(found({ "main.ts": main.replace('  "date@": date,\n', "") }), [
    "tools/ucspi-tcp/date@.ts:1: date@ is missing in main.ts's table",
  ]);
  deepEqual(
    found({ "main.ts": main.replace('  "date@": date,\n  svok,', '  svok,\n  "date@": date,') }),
    [
      "main.ts:9: date@ is out of order",
    ],
  );
  deepEqual(found({ "main.ts": main.replace('"date@": date', '"date@": svok') }), [
    "main.ts:8: svok is not imported from tools/ucspi-tcp/date@.ts",
    "main.ts:8: date@ stands for svok, not for date",
  ]);
  deepEqual(found({ "main.ts": main.replace("  svok,", "  svok,\n  svstat,\n  ...more,") }), [
    "main.ts:10: there is no tools/*/svstat.ts",
    "main.ts:11: not a line of the table",
  ]);
  deepEqual(found({ "main.ts": LICENCE, "lib/os/exit.ts": undefined }), [
    "main.ts:1: there is no table TOOLS",
    "tools/daemontools/svok.ts:1: svok is missing in main.ts's table",
    "tools/ucspi-tcp/date@.ts:1: date@ is missing in main.ts's table",
  ]);
  deepEqual(found({ "tools/svok.ts": tool("svok"), "tools/daemontools/svok.ts": undefined }), [
    "main.ts:9: svok is not imported from tools/svok.ts",
    "tools/svok.ts:1: a tool's place is tools/SUITE/NAME.ts",
  ]);
});

Deno.test("check_house wants a manual, a usage and a test of each tool", () => {
  const path = "tools/daemontools/svok.ts";
  deepEqual(found({ [path]: tool("svok").replace("* svok - does", "* does") }), [
    "README.md:6: svok is described in other words in its own file",
    `${path}:3: the head comment does not begin with "svok - "`,
  ]);
  deepEqual(found({ [path]: tool("svok").replace("Synopsis", "Use") }), [
    `${path}:3: the head comment has no "Synopsis:"`,
  ]);
  deepEqual(found({ [path]: tool("svok").replace("Exit codes", "Codes") }), [
    `${path}:3: the head comment has no "Exit codes:"`,
  ]);
  deepEqual(found({ [path]: tool("svok").replace("usage:", "use:") }), [
    `${path}:13: the tool has no usage`,
  ]);
  deepEqual(found({ [path]: tool("svok").replace(": Tool", "") }), [
    `${path}:1: there is no export const ...: Tool = {`,
  ]);
  deepEqual(found({ "tests/daemontools/svok_test.ts": undefined }), [
    `${path}:1: there is no tests/*/svok_test.ts`,
  ]);
});

Deno.test("check_house holds the README's table against the tools", () => {
  const readme = HOUSE["README.md"] ?? "";
  deepEqual(found({ "README.md": readme.replace("`svok`", "`svock`") }), [
    "README.md:3: svok is missing in the table of tools",
    "README.md:6: no such tool: svock",
  ]);
  deepEqual(found({ "README.md": readme.replace("`svok`  | does what", "`svok`  | does all") }), [
    "README.md:6: svok is described in other words in its own file",
  ]);
});

Deno.test("check_house looks for the files that the documents speak of", () => {
  deepEqual(
    found({ "docs/more.md": "\n[Back](README.md) `lib/os/none.ts`, `scripts`, `lib/`\n" }),
    [
      "docs/more.md:2: there is no docs/README.md",
      "docs/more.md:2: there is no lib/os/none.ts",
    ],
  );
});
