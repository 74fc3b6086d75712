// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { chdir } from "../os/directory.ts";
import { stat } from "../os/stat.ts";
import { sleep } from "../os/poll.ts";
import { Entries } from "./entries.ts";

const PATIENCE = 10_000;

/** Looks at `count` services, until only a change can tell that there is something to be done, and then calls `body`. */
function whenSettled(count: number, body: (entries: Entries<string>) => void): void {
  const before = Deno.cwd();
  const directory = Deno.makeTempDirSync({ prefix: "djbox-entries." });
  try {
    for (const name of ["one", "two"]) Deno.mkdirSync(`${directory}/${name}`);
    Deno.mkdirSync(`${directory}/services`);
    chdir(`${directory}/services`);
    for (let i = 0; i < count; i++) Deno.symlinkSync("../one", `${i}`);
    const entries = new Entries<string>();
    for (const deadline = performance.now() + PATIENCE; !entries.areSettled(); sleep(50)) {
      ok(performance.now() < deadline, "it settles");
      for (const entry of entries.read()) entry.found = stat(entry.name);
      entries.settle();
    }
    body(entries);
  } finally {
    chdir(before);
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("entries are settled until a name comes, or somebody says so", () => {
  whenSettled(3, (entries) => {
    equal(entries.areSettled(), true);
    entries.unsettle();
    equal(entries.areSettled(), false);
    entries.settle();
    equal(entries.areSettled(), true);
    Deno.mkdirSync("new");
    equal(entries.areSettled(), false);
    deepEqual(entries.read().map(({ name }) => name).sort(), ["0", "1", "2", "new"]);
    // What "new" leads to has not been found.
    entries.settle();
    equal(entries.areSettled(), false);
  });
});

Deno.test("entries are not settled while one leads elsewhere", () => {
  whenSettled(3, (entries) => {
    Deno.renameSync("../one", "../elsewhere");
    Deno.symlinkSync("two", "../one");
    equal(entries.areSettled(), false);
    Deno.removeSync("../one");
    Deno.renameSync("../elsewhere", "../one");
    equal(entries.areSettled(), true);
  });
});

Deno.test("of many entries, too, one that is replaced is noticed, be it a directory or a link", () => {
  for (const replace of ["new", "0"]) {
    whenSettled(30, (entries) => {
      Deno.mkdirSync("new");
      for (const deadline = performance.now() + PATIENCE; !entries.areSettled(); sleep(50)) {
        ok(performance.now() < deadline, "it settles");
        for (const entry of entries.read()) entry.found = stat(entry.name);
        entries.settle();
      }
      Deno.mkdirSync("../other");
      Deno.renameSync(replace, "../old");
      Deno.renameSync("../other", replace);
      equal(entries.areSettled(), false);
      const found = entries.read().find(({ name }) => name === replace);
      equal(found?.isSame ?? false, false);
    });
  }
  whenSettled(30, (entries) => {
    Deno.renameSync("../one", "../elsewhere");
    Deno.symlinkSync("two", "../one");
    equal(entries.areSettled(), false);
  });
});

Deno.test("the parents are all directories in which a link, or what it leads to, can be replaced", () => {
  whenSettled(3, (entries) => {
    deepEqual(entries.parents, ["../"]);
    const base = Deno.cwd().slice(0, -"services".length);
    Deno.mkdirSync("../far/away/service", { recursive: true });
    Deno.mkdirSync("here");
    Deno.symlinkSync("away/service", "../far/link");
    Deno.symlinkSync(`${base}far/link`, "absolute");
    Deno.symlinkSync("../far/link///", "slashes");
    Deno.symlinkSync("here", "inside");
    for (const entry of entries.read()) entry.found = stat(entry.name);
    entries.settle();
    deepEqual(
      [...entries.parents].sort(),
      [
        "../",
        "../far/",
        "../far/away/",
        `${base}far/`,
        `${base}far/away/`,
      ].sort(),
    );
  });
});

Deno.test("links that lead in a circle have parents, too, and come to an end", () => {
  whenSettled(1, (entries) => {
    Deno.symlinkSync("../a", "round");
    Deno.symlinkSync("b", "../a");
    Deno.symlinkSync("a", "../b");
    const somewhere = stat("0");
    for (const entry of entries.read()) entry.found = somewhere;
    entries.settle();
    deepEqual(entries.parents, ["../"]);
  });
});
