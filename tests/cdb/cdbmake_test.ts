// SPDX-License-Identifier: 0BSD
// The bytes of the cdb are compared with those of other programs in exchange_test.ts. Not tested: a cdb that becomes
// larger than 4 GB record by record; that one record can't is.
import { deepEqual, equal } from "node:assert/strict";
import { type Box, type Result, toolTest } from "../harness/harness.ts";
import { closeFails } from "../harness/strace.ts";

const FATAL = "cdbmake: fatal: ";

async function make(box: Box, records: string, ...files: string[]): Promise<[number, string]> {
  const names = files.length > 0 ? files : ["a.cdb", "a.tmp"];
  const { code, stdout, stderr } = await box.run(["cdbmake", ...names], { stdin: records });
  equal(stdout, "");
  return [code, stderr];
}

function dump(box: Box): Promise<Result> {
  return box.run(["/bin/sh", "-c", "cdbdump <a.cdb"]);
}

toolTest("cdbmake wants two names", ["cdbmake"], async (box) => {
  const usage = { code: 100, stdout: "", stderr: "usage: cdbmake cdb cdb.tmp\n\n" };
  for (const args of [[], ["a.cdb"], ["a", "b", "c"], ["", "b"], ["a", ""]]) {
    deepEqual(await box.run(["cdbmake", ...args]), usage, args.join());
  }
});

toolTest("cdbmake takes keys and data of any bytes", ["cdbmake", "cdbdump"], async (box) => {
  const records = [
    "+3,5:one->Hello\n+3,7:one->Goodbye\n+0,0:->\n+0,1:->x\n+1,0:y->\n",
    "+4,6:\n->+->\0\xff:\n->\n",
    `+2000,70000:${"k".repeat(2000)}->${"v\n".repeat(35000)}\n`,
  ].join("");
  deepEqual(await make(box, records + "\nwhat follows is not read"), [0, ""]);
  deepEqual(await dump(box), { code: 0, stdout: records + "\n", stderr: "" });
  deepEqual((await box.sh("ls")).stdout, "a.cdb\n");
});

toolTest("cdbmake reads numbers as C does", ["cdbmake", "cdbdump"], async (box) => {
  deepEqual(await make(box, "+01,002:a->bc\n+,:->\n+,1:->x\n\n"), [0, ""]);
  equal((await dump(box)).stdout, "+1,2:a->bc\n+0,0:->\n+0,1:->x\n\n");
});

toolTest("cdbmake says what is wrong with which record", ["cdbmake"], async (box) => {
  const sound = "+1,1:a->b\n";
  const complaints: [string, string][] = [
    ["", "entry 1: unexpected end if input"],
    [sound, "entry 2: unexpected end if input"],
    ["x", "entry 1: entry must start with +"],
    [sound + sound + " ", "entry 3: entry must start with +"],
    ["+", "entry 1: unexpected end if input"],
    ["+1", "entry 1: unexpected end if input"],
    ["+1,1", "entry 1: unexpected end if input"],
    ["+1,1:", "entry 1: unexpected end if input"],
    ["+1,1:a-", "entry 1: unexpected end if input"],
    ["+1,1:a->b", "entry 1: unexpected end if input"],
    ["+x,1:a->b\n", "entry 1: bad keylen format"],
    ["+-1,1:a->b\n", "entry 1: bad keylen format"],
    ["+1 ,1:a->b\n", "entry 1: bad keylen format"],
    ["+1:1:a->b\n", "entry 1: bad keylen format"],
    ["+1,1x:a->b\n", "entry 1: bad datalen format"],
    ["+1,1,a->b\n", "entry 1: bad datalen format"],
    ["+1,1:ab->b\n", "entry 1: key must be followed by ->"],
    ["+1,1:a>b\n", "entry 1: key must be followed by ->"],
    ["+1,1:a-b\n", "entry 1: key must be followed by ->"],
    ["+1,1:a->bc\n", "entry 1: newline expected"],
    ["+1,3:a->b\n\n", "entry 1: unexpected end if input"],
  ];
  for (const [records, complaint] of complaints) {
    deepEqual(
      await make(box, records),
      [111, `${FATAL}unable to read input: ${complaint}\n`],
      JSON.stringify(records),
    );
  }
  deepEqual((await box.sh("ls")).stdout, "a.tmp\n");
});

toolTest("cdbmake refuses lengths that no cdb can hold", ["cdbmake"], async (box) => {
  const complaint = [111, `${FATAL}unable to create a.tmp: out of memory\n`];
  for (
    const lengths of [
      "4294967295,1",
      "1,4294967295",
      "18446744073709551617,1",
      "1," + "9".repeat(99),
    ]
  ) {
    deepEqual(await make(box, `+${lengths}:`), complaint, lengths);
  }
});

toolTest(
  "cdbmake refuses a record that would end beyond 4 GB",
  ["cdbmake"],
  async (box) => {
    const complaint = [111, `${FATAL}unable to create a.tmp: out of memory\n`];
    const more = [111, `${FATAL}unable to read input: entry 1: unexpected end if input\n`];
    // 2048 bytes of header, 8 of lengths; the last position is 2^32 - 1.
    deepEqual(await make(box, "+1,4294965239:"), complaint);
    deepEqual(await make(box, "+1,4294965238:"), more);
    deepEqual(await make(box, "+4294965240,0:"), complaint);
  },
  { djboxOnly: "freecdb reads all of the record before it says so" },
);

toolTest("cdbmake leaves the old cdb where it fails", ["cdbmake", "cdbdump"], async (box) => {
  deepEqual(await make(box, "+1,1:a->b\n\n"), [0, ""]);
  const { stdout: before } = await box.sh("ls -i a.cdb");
  equal((await make(box, "+1,1:a->c\n"))[0], 111);
  equal((await make(box, "+1,1:a->c\n\n", "a.cdb", "/dev/full"))[0], 111);
  equal((await box.sh("ls -i a.cdb")).stdout, before);
  equal((await dump(box)).stdout, "+1,1:a->b\n\n");
  deepEqual(await make(box, "+1,1:a->c\n\n"), [0, ""]);
  equal((await dump(box)).stdout, "+1,1:a->c\n\n");
});

toolTest("cdbmake says which file it is about", ["cdbmake"], async (box) => {
  await box.sh("mkdir folder");
  const failures: [string, string, string][] = [
    ["a.cdb", "/dev/full", "create /dev/full: out of disk space"],
    ["a.cdb", "no/a.tmp", "create no/a.tmp: file does not exist"],
    ["a.cdb", "folder", "create folder: is a directory"],
    ["no/a.cdb", "a.tmp", "rename a.tmp to no/a.cdb: file does not exist"],
    ["folder", "a.tmp", "rename a.tmp to folder: is a directory"],
  ];
  for (const [file, temporary, complaint] of failures) {
    deepEqual(await make(box, "\n", file, temporary), [111, `${FATAL}unable to ${complaint}\n`]);
  }
  for (
    const [input, reason] of [["<folder", "is a directory"], ["<&-", "file descriptor not open"]]
  ) {
    const { code, stderr } = await box.sh(`cdbmake a.cdb a.tmp ${input}`);
    deepEqual([code, stderr], [111, `${FATAL}unable to read input: entry 1: ${reason}\n`]);
  }
});

toolTest("cdbmake: the new cdb can be read by all, less the umask", ["cdbmake"], async (box) => {
  const { stdout } = await box.sh(`
    umask 0; echo | cdbmake a.cdb a.tmp; stat -c '%a %s' a.cdb
    umask 027; echo | cdbmake a.cdb a.tmp; stat -c '%a %s' a.cdb`);
  equal(stdout, "644 2048\n640 2048\n");
});

toolTest(
  "cdbmake leaves the old cdb where the new one cannot be closed",
  ["cdbmake"],
  async (box) => {
    equal((await make(box, "+1,1:a->b\n\n"))[0], 0);
    const old = box.read("a.cdb");
    const { code, stderr } = await box.run([
      ...closeFails(box, "a.tmp"),
      "cdbmake",
      "a.cdb",
      "a.tmp",
    ], {
      stdin: "+1,1:a->c\n\n",
    });
    deepEqual([code, stderr], [111, `${FATAL}unable to create a.tmp: input/output error\n`]);
    equal(box.read("a.cdb"), old);
  },
  { programs: ["strace"] },
);
