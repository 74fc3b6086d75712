// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { type Box, type Result, toolTest } from "../harness/harness.ts";

const TOOLS = ["tcprules", "tcprulescheck"];

async function compile(box: Box, rules: string): Promise<void> {
  equal((await box.run(["tcprules", "r.cdb", "r.tmp"], { stdin: rules })).code, 0);
}

function check(box: Box, env: Record<string, string> = {}): Promise<Result> {
  return box.run(["tcprulescheck", "r.cdb"], { env });
}

const says = (...lines: string[]): Result => ({
  code: 0,
  stdout: lines.map((line) => line + "\n").join(""),
  stderr: "",
});
const unreadable = (reason: string): Result => ({
  code: 111,
  stdout: "",
  stderr: `tcprulescheck: fatal: unable to read r.cdb: ${reason}\n`,
});

toolTest("tcprulescheck wants a name", ["tcprulescheck"], async (box) => {
  deepEqual(await box.run(["tcprulescheck"]), {
    code: 100,
    stdout: "",
    stderr: "tcprulescheck: usage: tcprulescheck rules.cdb\n",
  });
});

toolTest("tcprulescheck without TCPREMOTEIP takes 0.0.0.0", TOOLS, async (box) => {
  await compile(box, "0.0.0.0:deny\n0.:allow\n@0.0.0.0:allow\n:deny\n");
  deepEqual(await check(box), says("rule 0.0.0.0:", "deny connection"));
  deepEqual(await check(box, { TCPREMOTEINFO: "" }), says("rule @0.0.0.0:", "allow connection"));
  deepEqual(await check(box, { TCPREMOTEIP: "" }), says("rule :", "deny connection"));
});

toolTest("tcprulescheck: an address that ends in a dot, a host of dots", TOOLS, async (box) => {
  await compile(box, "1.2.:deny\n=.:deny\n=..a:allow\n");
  deepEqual(await check(box, { TCPREMOTEIP: "1.2." }), says("rule 1.2.:", "deny connection"));
  const host = (TCPREMOTEHOST: string): Promise<Result> => check(box, { TCPREMOTEHOST });
  deepEqual(await host("x."), says("rule =.:", "deny connection"));
  deepEqual(await host("x..a"), says("rule =..a:", "allow connection"));
  deepEqual(await host("a"), says("default:", "allow connection"));
});

toolTest("tcprulescheck: bytes of any kind in keys and values", TOOLS, async (box) => {
  await compile(box, 'j\xf6e@1.2.3.4:allow,N="\xe9\xff\x01"\n');
  const { stdout } = await box.sh(
    "TCPREMOTEIP=1.2.3.4 TCPREMOTEINFO=$(printf 'j\\366e') tcprulescheck r.cdb",
  );
  equal(
    stdout,
    "rule j\xf6e@1.2.3.4:\nset environment variable N=\xe9\xff\x01\nallow connection\n",
  );
});

toolTest("tcprulescheck can't read what is not there, empty or short", TOOLS, async (box) => {
  deepEqual(await check(box), unreadable("file does not exist"));
  box.write("r.cdb", "");
  deepEqual(await check(box), unreadable("invalid argument"));
  box.write("r.cdb", "x".repeat(100));
  deepEqual(await check(box), unreadable("protocol error"));
});

toolTest("tcprulescheck can't read a cdb that was cut off", TOOLS, async (box) => {
  await compile(box, ":deny\n");
  box.write("r.cdb", box.read("r.cdb").slice(0, -16));
  deepEqual(await check(box), unreadable("protocol error"));
});

toolTest(
  "tcprulescheck reads rules that cdbmake has put together",
  ["tcprulescheck", "cdbmake"],
  async (box) => {
    const records = "+0,11:->D\0+A=b\0+C=\0\n+2,9:1.->+A=b\0D\0+\0\n+2,5:2.->+FOO\0\n\n";
    const { code } = await box.run(["cdbmake", "r.cdb", "r.tmp"], { stdin: records });
    equal(code, 0);
    deepEqual(await check(box), says("rule :", "deny connection"));
    deepEqual(
      await check(box, { TCPREMOTEIP: "1.1" }),
      says("rule 1.:", "set environment variable A=b", "deny connection"),
    );
    deepEqual(
      await check(box, { TCPREMOTEIP: "2.2" }),
      says("rule 2.:", "set environment variable FOO", "allow connection"),
    );
  },
);

toolTest(
  "tcprulescheck takes no damaged file for one without rules",
  TOOLS,
  async (box) => {
    await compile(box, ":deny\n");
    const whole = box.read("r.cdb");
    box.write("r.cdb", "\0".repeat(2048) + whole.slice(2048));
    deepEqual(await check(box), unreadable("protocol error"));
    box.write("r.cdb", whole.replace("D\0", "E\0"));
    deepEqual(await check(box), unreadable("protocol error"));
    await box.sh("rm r.cdb; mkdir r.cdb");
    deepEqual(await check(box), unreadable("is a directory"));
  },
  { djboxOnly: "the C tool allows the connection, and dies of SIGSEGV on a folder" },
);

toolTest(
  "tcprulescheck says so when nobody hears its answer",
  TOOLS,
  async (box) => {
    await compile(box, ":deny\n");
    const { code, stderr } = await box.sh("tcprulescheck r.cdb >/dev/full");
    deepEqual([code, stderr], [
      111,
      "tcprulescheck: fatal: unable to write output: out of disk space\n",
    ]);
  },
  { djboxOnly: "the C tool exits 0" },
);
