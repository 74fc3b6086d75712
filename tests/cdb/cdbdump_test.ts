// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { type Box, type Result, toolTest } from "../harness/harness.ts";

const TOOLS = ["cdbmake", "cdbdump"];
const RECORDS = "+3,5:one->Hello\n+3,7:one->Goodbye\n+0,0:->\n+2,1:\0\xff->\n\n\n";

async function make(box: Box): Promise<string> {
  equal((await box.run(["cdbmake", "a.cdb", "a.tmp"], { stdin: RECORDS })).code, 0);
  return box.read("a.cdb");
}

function dump(box: Box, content: string): Promise<Result> {
  box.write("b.cdb", content);
  return box.sh("cdbdump <b.cdb");
}

const unreadable = (reason: string): [number, string] => [
  111,
  `cdbdump: fatal: unable to read input: ${reason}\n`,
];

toolTest("cdbdump takes no arguments", ["cdbdump"], async (box) => {
  deepEqual(await box.run(["cdbdump", "x"]), {
    code: 100,
    stdout: "",
    stderr: "usage: cdbdump\n\n",
  });
});

toolTest("cdbdump reads a file or a pipe", TOOLS, async (box) => {
  await make(box);
  const wanted = { code: 0, stdout: RECORDS, stderr: "" };
  deepEqual(await box.sh("cdbdump <a.cdb"), wanted);
  deepEqual(await box.sh("cat a.cdb | cdbdump"), wanted);
  deepEqual(await box.sh("(echo x; cat a.cdb) >b; (read x; cdbdump) <b"), wanted);
});

toolTest("cdbdump of a cdb without records is an empty line", TOOLS, async (box) => {
  deepEqual(await box.sh("echo | cdbmake a.cdb a.tmp; cdbdump <a.cdb"), {
    code: 0,
    stdout: "\n",
    stderr: "",
  });
});

toolTest("cdbdump gets the records of a file that has lost its tables", TOOLS, async (box) => {
  const whole = await make(box);
  deepEqual(await dump(box, whole.slice(0, -64)), { code: 0, stdout: RECORDS, stderr: "" });
});

toolTest("cdbdump says so where the file ends too early", TOOLS, async (box) => {
  const whole = await make(box);
  for (const length of [0, 3, 4, 100, 2047, 2048, 2050, 2058, 2060, 2080]) {
    const { code, stderr } = await dump(box, whole.slice(0, length));
    deepEqual([code, stderr], unreadable("truncated file"), String(length));
  }
  for (const [input, reason] of [["<.", "is a directory"], ["<&-", "file descriptor not open"]]) {
    const { code, stderr } = await box.sh(`cdbdump ${input}`);
    deepEqual([code, stderr], unreadable(reason ?? ""));
  }
});

toolTest("cdbdump says so where the records can't be written", TOOLS, async (box) => {
  await make(box);
  for (
    const [output, reason] of [[">/dev/full", "out of disk space"], [
      ">&-",
      "file descriptor not open",
    ]]
  ) {
    const { code, stderr } = await box.sh(`cdbdump <a.cdb ${output}`);
    deepEqual([code, stderr], [111, `cdbdump: fatal: unable to flush output: ${reason}\n`]);
  }
});

toolTest(
  "cdbdump refuses what is no cdb",
  TOOLS,
  async (box) => {
    const whole = await make(box);
    const damaged = [
      "\0".repeat(2048) + whole.slice(2048),
      // The first record's data are longer than the records are.
      whole.slice(0, 2052) + "\xff" + whole.slice(2053),
    ];
    for (const content of damaged) {
      const { code, stderr } = await dump(box, content);
      deepEqual([code, stderr], unreadable("protocol error"));
    }
  },
  { djboxOnly: "freecdb prints what it finds there" },
);

toolTest("cdbdump prints all that comes before the damage", TOOLS, async (box) => {
  const text = Array.from({ length: 100 }, (_, i) => `+4,50:k${100 + i}->${"v".repeat(50)}\n`);
  equal((await box.run(["cdbmake", "a.cdb", "a.tmp"], { stdin: text.join("") + "\n" })).code, 0);
  const whole = box.read("a.cdb");
  for (const records of [0, 1, 17, 99]) {
    const { code, stdout } = await dump(box, whole.slice(0, 2048 + 62 * records + 40));
    equal(code, 111);
    const before = text.slice(0, records).join("");
    equal(stdout.slice(0, before.length), before);
    // Of the last one C prints what it has read as a whole.
    const last = box.ours ? 40 : 12;
    equal(stdout.slice(before.length), text[records]?.slice(0, last));
  }
});
