// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { expectFailures } from "../harness/failures.ts";
import { type Box, type Result, toolTest } from "../harness/harness.ts";

const TOOLS = ["cdbmake", "cdbget"];
const LONG = "x\n\0".repeat(100_000);

async function make(box: Box): Promise<void> {
  const stdin = "+3,5:one->Hello\n+3,7:two->Goodbye\n+3,0:one->\n+3,1:one->3\n+0,5:->empty\n" +
    `+4,${LONG.length}:long->${LONG}\n+2,1:-1->y\n+2,1:\xe9\xff->z\n\n`;
  equal((await box.run(["cdbmake", "a.cdb", "a.tmp"], { stdin })).code, 0);
}

function get(box: Box, ...args: string[]): Promise<Result> {
  return box.run(["/bin/sh", "-c", 'exec cdbget "$@" <a.cdb', "sh", ...args]);
}

const data = (stdout: string): Result => ({ code: 0, stdout, stderr: "" });
const NOTHING: Result = { code: 100, stdout: "", stderr: "" };
const USAGE: Result = { code: 100, stdout: "", stderr: "usage: cdbget key [skip]\n\n" };

toolTest("cdbget names itself as it was called", TOOLS, async (box) => {
  const { code, stderr } = await box.sh('exec "$(command -v cdbget)"');
  const [, path] = /^usage: (\S+) key \[skip\]\n\n$/.exec(stderr) ?? [];
  equal(path?.startsWith("/"), true, stderr);
  equal(code, 100);
});

toolTest("cdbget prints the data of the first record, or says nothing", TOOLS, async (box) => {
  await make(box);
  deepEqual(await get(box, "one"), data("Hello"));
  deepEqual(await get(box, "two"), data("Goodbye"));
  deepEqual(await get(box, "long"), data(LONG));
  deepEqual(await get(box, "-1"), data("y"));
  deepEqual(await get(box, "on"), NOTHING);
  deepEqual(await get(box, "ones"), NOTHING);
  deepEqual(await box.sh("cdbget $(printf '\\351\\377') <a.cdb"), data("z"));
});

toolTest("cdbget skips as many records with the key as it is told", TOOLS, async (box) => {
  await make(box);
  deepEqual(await get(box, "one", "0"), data("Hello"));
  deepEqual(await get(box, "one", "1"), data(""));
  deepEqual(await get(box, "one", "002"), data("3"));
  deepEqual(await get(box, "one", ""), data("Hello"));
  deepEqual(await get(box, "one", "3"), NOTHING);
  deepEqual(await get(box, "two", "1"), NOTHING);
});

toolTest("cdbget wants a key and perhaps a number", TOOLS, async (box) => {
  await make(box);
  for (
    const args of [[], ["one", "x"], ["one", "1x"], ["one", "-1"], ["one", "1", "2"]]
  ) {
    deepEqual(await get(box, ...args), USAGE, args.join());
  }
});

toolTest(
  "cdbget reads the file from its beginning, wherever the descriptor is",
  TOOLS,
  async (box) => {
    await make(box);
    deepEqual(
      await box.sh("(dd bs=3000 count=1 >/dev/null 2>&1; cdbget two) <a.cdb"),
      data("Goodbye"),
    );
  },
);

toolTest("cdbget says so where it can't read or write", TOOLS, async (box) => {
  await make(box);
  await expectFailures(box, "cdbget", [
    ["cdbget one </dev/null", "read input: protocol error"],
    ["echo no cdb | cdbget one", "read input: protocol error"],
    ["cat a.cdb | cdbget one", "read input: protocol error"],
    ["head -c 2060 a.cdb >b.cdb; cdbget one <b.cdb", "read input: protocol error"],
    ["cdbget one <&-", "read input: file descriptor not open"],
    ["cdbget one <a.cdb >/dev/full", "flush output: out of disk space"],
    ["cdbget one <a.cdb >&-", "flush output: file descriptor not open"],
  ]);
});

toolTest(
  "cdbget finds the empty key",
  TOOLS,
  async (box) => {
    await make(box);
    deepEqual(await get(box, ""), data("empty"));
    deepEqual(await get(box, "", "1"), NOTHING);
  },
  { djboxOnly: "freecdb takes an empty key for none" },
);

toolTest(
  "cdbget does not take a folder or a damaged file for a cdb",
  TOOLS,
  async (box) => {
    await make(box);
    const folder = await box.sh("cdbget one <.");
    deepEqual([folder.code, folder.stderr], [
      111,
      "cdbget: fatal: unable to read input: is a directory\n",
    ]);
    box.write("a.cdb", "\0".repeat(2048) + box.read("a.cdb").slice(2048));
    const damaged = await get(box, "one");
    deepEqual([damaged.code, damaged.stderr], [
      111,
      "cdbget: fatal: unable to read input: protocol error\n",
    ]);
  },
  { djboxOnly: "freecdb dies of SIGSEGV, and finds nothing" },
);
