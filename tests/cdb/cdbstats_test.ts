// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, match } from "node:assert/strict";
import { expectFailures } from "../harness/failures.ts";
import { type Box, toolTest } from "../harness/harness.ts";

const TOOLS = ["cdbmake", "cdbstats"];

async function make(box: Box, records: string): Promise<void> {
  equal((await box.run(["cdbmake", "a.cdb", "a.tmp"], { stdin: records })).code, 0);
}

async function stats(box: Box): Promise<string> {
  const { code, stdout, stderr } = await box.sh("cdbstats <a.cdb");
  deepEqual([code, stderr], [0, ""]);
  return stdout;
}

/** The lines: `records`, then the distances. */
function lines(records: number, ...distances: number[]): string {
  const labels = ["records", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", ">9"];
  const numbers = [records, ...distances];
  return labels.map((label, i) => label.padEnd(7) + String(numbers[i] ?? 0).padStart(11) + "\n")
    .join("");
}

toolTest("cdbstats takes no arguments", ["cdbstats"], async (box) => {
  deepEqual(await box.run(["cdbstats", "x"]), {
    code: 100,
    stdout: "",
    stderr: "usage: cdbstats\n\n",
  });
});

toolTest("cdbstats counts records and distances", TOOLS, async (box) => {
  await make(box, "\n");
  equal(await stats(box), lines(0));
  await make(box, "+1,1:a->b\n+1,1:b->b\n\n");
  equal(await stats(box), lines(2, 2));
  // Each further record with a key is a slot further from its hash.
  await make(box, "+1,1:a->b\n".repeat(25) + "\n");
  equal(await stats(box), lines(25, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 15));
});

toolTest("cdbstats says so where it can't read or write", TOOLS, async (box) => {
  await make(box, "+1,1:a->b\n\n");
  await expectFailures(box, "cdbstats", [
    ["cdbstats </dev/null", "read input: truncated file"],
    ["echo no cdb | cdbstats", "read input: truncated file"],
    ["head -c 2048 a.cdb | cdbstats", "read input: truncated file"],
    ["head -c 2059 a.cdb >b.cdb; cdbstats <b.cdb", "read input: protocol error"],
    ["cat a.cdb | cdbstats", "read input: protocol error"],
    ["cdbstats <.", "read input: is a directory"],
    ["cdbstats <&-", "read input: file descriptor not open"],
    ["cdbstats <a.cdb >/dev/full", "flush output: out of disk space"],
  ]);
});

toolTest(
  "cdbstats counts records with long keys, and refuses a file whose tables have lost some",
  TOOLS,
  async (box) => {
    await make(box, `+2000,1:${"k".repeat(2000)}->x\n+1,1:a->b\n\n`);
    equal(await stats(box), lines(2, 2));
    const whole = box.read("a.cdb");
    box.write("a.cdb", whole.slice(0, -32) + "\0".repeat(32));
    const { code, stderr } = await box.sh("cdbstats <a.cdb");
    deepEqual([code, stderr], [111, "cdbstats: fatal: unable to read input: protocol error\n"]);
  },
  { djboxOnly: "freecdb passes over keys of more than 1024 bytes" },
);

toolTest(
  "cdbstats refuses a file in which a look-up would not find a record",
  TOOLS,
  async (box) => {
    await make(box, "+3,1:one->1\n+3,1:two->2\n\n");
    const whole = box.read("a.cdb");
    // A key that has not the hash of its slot; then a slot that has the other record's position.
    const damaged = [
      whole.replace("one", "Xne"),
      whole.slice(0, -4) + whole.slice(-28, -24),
    ];
    for (const text of damaged) {
      box.write("a.cdb", text);
      const { code, stdout, stderr } = await box.sh("cdbstats <a.cdb");
      deepEqual([code, stdout], [111, ""]);
      match(stderr, /^cdbstats: fatal: unable to read input: (truncated file|protocol error)\n$/);
    }
  },
);
