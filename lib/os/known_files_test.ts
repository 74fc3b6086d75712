// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { toBytes } from "./bytes.ts";
import { IDENTITY_WORDS, leadsTo, stat } from "./stat.ts";
import { KnownFiles } from "./known_files.ts";
import { cString } from "./c_string.ts";
import { chdir } from "./directory.ts";

function inScratch(body: () => void): void {
  const before = Deno.cwd();
  const directory = Deno.makeTempDirSync({ prefix: "djbox-known." });
  chdir(directory);
  try {
    body();
  } finally {
    chdir(before);
    Deno.removeSync(directory, { recursive: true });
  }
}

/** What `names` lead to now. */
function known(names: readonly string[]): KnownFiles {
  return new KnownFiles(names.map((name) => ({ path: cString(name), found: stat(name) })));
}

Deno.test("what is known is there until a name leads elsewhere, or nowhere", () => {
  inScratch(() => {
    const names = ["a", "long".repeat(60), "link"];
    for (const directory of ["a", "target", "other", names[1] as string]) Deno.mkdirSync(directory);
    Deno.symlinkSync("target", "link");
    const files = known(names);
    equal(files.leadThere(), true);
    // Content and dates do not count.
    Deno.writeTextFileSync("a/new", "");
    equal(files.leadThere(), true);
    Deno.removeSync("link");
    Deno.symlinkSync("other", "link");
    equal(files.leadThere(), false);
    Deno.removeSync("link");
    Deno.symlinkSync("target", "link");
    equal(files.leadThere(), true);
    Deno.removeSync("a", { recursive: true });
    equal(files.leadThere(), false);
  });
});

Deno.test("a name of the greatest length is known, and one that begins another is another one", () => {
  inScratch(() => {
    const names = ["x".repeat(255), "x", "xx"];
    for (const name of names) Deno.mkdirSync(name);
    const all = known(names);
    const others = known(["x".repeat(255), "xx"]);
    equal(all.leadThere(), true);
    Deno.removeSync("x");
    equal(all.leadThere(), false);
    equal(others.leadThere(), true);
  });
});

Deno.test("a file of another type under the same number is another one", () => {
  const words = new Uint32Array(IDENTITY_WORDS);
  inScratch(() => {
    Deno.mkdirSync("d");
    Deno.writeFileSync("f", toBytes("x"));
    stat("d").putIdentity(words, 0);
    const directory = words[4];
    stat("f").putIdentity(words, 0);
    equal(words[4] === directory, false);
    equal(leadsTo(cString("f"), words, 0), true);
    words[4] = directory as number;
    equal(leadsTo(cString("f"), words, 0), false);
  });
});
