// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { chdir, stat } from "../os/file.ts";
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

Deno.test("that an entry leads elsewhere is seen when its turn comes", () => {
  whenSettled(300, (entries) => {
    const turns = (): number[] => [1, 2, 3].filter(() => !entries.areSettled());
    deepEqual(turns(), []);
    Deno.renameSync("../one", "../elsewhere");
    Deno.symlinkSync("two", "../one");
    deepEqual(turns(), [1, 2, 3]);
    Deno.removeSync("../one");
    Deno.renameSync("../elsewhere", "../one");
    deepEqual(turns(), []);
  });
});
