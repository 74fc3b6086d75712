// SPDX-License-Identifier: 0BSD
// freecdb has no cdbtest: what is expected is D. J. Bernstein's manual.
import { deepEqual, equal } from "node:assert/strict";
import { expectFailures } from "../harness/failures.ts";
import { type Box, toolTest } from "../harness/harness.ts";

const ONLY = { djboxOnly: "freecdb has no cdbtest" };
const TOOLS = ["cdbmake", "cdbtest"];

async function make(box: Box, records: string): Promise<void> {
  equal((await box.run(["cdbmake", "a.cdb", "a.tmp"], { stdin: records })).code, 0);
}

toolTest("cdbtest takes no arguments", ["cdbtest"], async (box) => {
  deepEqual(await box.run(["cdbtest", "x"]), {
    code: 100,
    stdout: "",
    stderr: "usage: cdbtest\n\n",
  });
}, ONLY);

toolTest("cdbtest looks each record up", TOOLS, async (box) => {
  const key = (length: number): string => `+${length},1:${"k".repeat(length)}->x\n`;
  await make(box, key(1) + key(2) + key(1) + key(1) + key(0) + key(1024) + key(1025) + "\n");
  deepEqual(await box.sh("cdbtest <a.cdb"), {
    code: 0,
    stdout: "found: 4\ndifferent record: 2\nbad length: 0\nnot found: 0\nuntested: 1\n",
    stderr: "",
  });
}, ONLY);

toolTest("cdbtest notices what is wrong with the tables", TOOLS, async (box) => {
  await make(box, "+1,1:a->b\n+1,1:b->b\n\n");
  const whole = box.read("a.cdb");
  box.write("a.cdb", whole.slice(0, -32) + "\0".repeat(32));
  const { code, stdout } = await box.sh("cdbtest <a.cdb");
  deepEqual([code, stdout], [
    0,
    "found: 0\ndifferent record: 0\nbad length: 0\nnot found: 2\nuntested: 0\n",
  ]);
}, ONLY);

toolTest("cdbtest says so where it can't read or write", TOOLS, async (box) => {
  await make(box, "+1,1:a->b\n\n");
  await expectFailures(box, "cdbtest", [
    ["cdbtest </dev/null", "read input: truncated file"],
    ["cat a.cdb | cdbtest", "read input: protocol error"],
    ["head -c 2059 a.cdb >b.cdb; cdbtest <b.cdb", "read input: protocol error"],
    ["cdbtest <.", "read input: is a directory"],
    ["cdbtest <&-", "read input: file descriptor not open"],
    ["cdbtest <a.cdb >/dev/full", "flush output: out of disk space"],
  ]);
}, ONLY);
