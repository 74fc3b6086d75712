// SPDX-License-Identifier: 0BSD
// The bytes of the cdb are compared with C's in tcprules_random_test.ts. Not tested: a cdb of more than 4 GB, and a
// crash of the machine.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { closeFails } from "../harness/strace.ts";

const FATAL = "tcprules: fatal: ";

/** Runs tcprules on `rules`; exit code and what it said. */
async function compile(box: Box, rules: string, ...files: string[]): Promise<[number, string]> {
  const names = files.length > 0 ? files : ["r.cdb", "r.tmp"];
  const { code, stdout, stderr } = await box.run(["tcprules", ...names], { stdin: rules });
  equal(stdout, "");
  return [code, stderr];
}

/** What tcprulescheck says, without the line that names the rule. */
async function check(box: Box, ip: string, more: Record<string, string> = {}): Promise<string[]> {
  const env = { TCPREMOTEIP: ip, ...more };
  const { stdout } = await box.run(["tcprulescheck", "r.cdb"], { env });
  return stdout.split("\n").slice(0, -1);
}

const BOTH = ["tcprules", "tcprulescheck"];

toolTest("tcprules wants two names", ["tcprules"], async (box) => {
  const usage = "tcprules: usage: tcprules rules.cdb rules.tmp\n";
  deepEqual(await box.run(["tcprules"]), { code: 100, stdout: "", stderr: usage });
  deepEqual(await compile(box, ":allow\n", "r.cdb"), [100, usage]);
});

toolTest("tcprules: a rule without a newline at its end counts", BOTH, async (box) => {
  deepEqual(await compile(box, "#\n:allow\n1.2.3.4:deny \t"), [0, ""]);
  deepEqual(await check(box, "1.2.3.4"), ["rule 1.2.3.4:", "deny connection"]);
});

toolTest("tcprules shows the wrong line as far as it was read", ["tcprules"], async (box) => {
  const complaint = (line: string): [number, string] => [
    100,
    `${FATAL}unable to parse this line: ${line}\n`,
  ];
  deepEqual(await compile(box, ":allow\n 1.2:deny it \t \n:deny\n"), complaint(" 1.2:deny it"));
  deepEqual(await compile(box, "a\xe9\x1b:\xff"), complaint("a\xe9\x1b:\xff"));
  deepEqual(await compile(box, ":deny \0 more\n"), complaint(":deny "));
  deepEqual(await compile(box, ":allow\r\n"), complaint(":allow\r"));
  deepEqual(await compile(box, ':allow,A="b\n"\n'), complaint(':allow,A="b'));
});

toolTest(
  "tcprules: a blank at the end of a line is dropped, even where it is the last quote",
  BOTH,
  async (box) => {
    deepEqual(await compile(box, ":allow,A= b ,C=xdx\n"), [0, ""]);
    deepEqual(await check(box, "1.2.3.4"), [
      "rule :",
      "set environment variable A=b",
      "set environment variable C=d",
      "allow connection",
    ]);
    deepEqual(await compile(box, ":allow,A= b \n"), [
      100,
      `${FATAL}unable to parse this line: :allow,A= b\n`,
    ]);
  },
);

toolTest("tcprules: only the first hyphen of an address makes a range", BOTH, async (box) => {
  deepEqual(await compile(box, "1-2.3-4.:deny\na-b@1.2.3.4:deny\n7.6-5.:deny\n"), [0, ""]);
  deepEqual(await check(box, "1.3-4.9"), ["rule 1.3-4.:", "deny connection"]);
  deepEqual(await check(box, "2.3-4.9"), ["rule 2.3-4.:", "deny connection"]);
  deepEqual(await check(box, "1.3.9"), ["default:", "allow connection"]);
  deepEqual(await check(box, "7.5.1"), ["default:", "allow connection"]);
  deepEqual(await check(box, "1.2.3.4", { TCPREMOTEINFO: "a-b" }), [
    "rule a-b@1.2.3.4:",
    "deny connection",
  ]);
});

toolTest("tcprules: lines of megabytes, sound or not", BOTH, async (box) => {
  const long = "x".repeat(1_000_000);
  const rules = `${long}\n#${long}\n1.:allow,A="${long}"\n${long}:deny\n:deny\n`;
  deepEqual(await compile(box, rules), [0, ""]);
  const [rule, variable, verdict] = await check(box, "1.2.3.4");
  deepEqual([rule, verdict], ["rule 1.:", "allow connection"]);
  equal(variable, `set environment variable A=${long}`);
  deepEqual(await check(box, "2.3.4.5"), ["rule :", "deny connection"]);
  const [code, stderr] = await compile(box, `:deny ${long}\n`);
  deepEqual([code, stderr.length], [100, FATAL.length + 27 + 6 + long.length + 1]);
});

toolTest("tcprules: names of bytes", BOTH, async (box) => {
  const { code } = await box.sh(
    `f=$(printf 'r\\351\\377.cdb'); echo :deny | tcprules "$f" "$f.tmp" && mv "$f" r.cdb && ls`,
  );
  equal(code, 0);
  deepEqual(await check(box, "1.2.3.4"), ["rule :", "deny connection"]);
});

toolTest("tcprules says which file it is about", ["tcprules"], async (box) => {
  const rules = "1-200.:allow\n".repeat(100);
  deepEqual(await compile(box, rules, "r.cdb", "/dev/full"), [
    111,
    `${FATAL}unable to write to /dev/full: out of disk space\n`,
  ]);
  deepEqual(await compile(box, rules, "r.cdb", "no/r.tmp"), [
    111,
    `${FATAL}unable to create no/r.tmp: file does not exist\n`,
  ]);
  deepEqual(await compile(box, rules, "no/r.cdb", "r.tmp"), [
    111,
    `${FATAL}unable to move r.tmp to no/r.cdb: file does not exist\n`,
  ]);
  await box.sh("mkfifo fifo; mkdir folder; ln -s no/where dangling");
  deepEqual(await compile(box, rules, "r.cdb", "fifo"), [
    111,
    `${FATAL}unable to create fifo: device not configured\n`,
  ]);
  deepEqual(await compile(box, rules, "r.cdb", "folder"), [
    111,
    `${FATAL}unable to create folder: is a directory\n`,
  ]);
  deepEqual(await compile(box, rules, "folder", "r.tmp"), [
    111,
    `${FATAL}unable to move r.tmp to folder: is a directory\n`,
  ]);
  deepEqual(await compile(box, rules, "r.cdb", "dangling"), [
    111,
    `${FATAL}unable to create dangling: file does not exist\n`,
  ]);
  for (
    const [input, reason] of [["<folder", "is a directory"], ["<&-", "file descriptor not open"]]
  ) {
    const { code, stderr } = await box.sh(`tcprules r.cdb r.tmp ${input}`);
    deepEqual([code, stderr], [111, `${FATAL}unable to read input: ${reason}\n`]);
  }
});

toolTest(
  "tcprules on a full disk leaves the old cdb",
  BOTH,
  async (box) => {
    await box.sh("mkdir disk; mount -t tmpfs -o size=64k none disk");
    try {
      deepEqual(await compile(box, ":deny\n", "disk/r.cdb", "disk/r.tmp"), [0, ""]);
      deepEqual(await compile(box, "1-200.:allow\n".repeat(20), "disk/r.cdb", "disk/r.tmp"), [
        111,
        `${FATAL}unable to write to disk/r.tmp: out of disk space\n`,
      ]);
      const { stdout } = await box.run(["tcprulescheck", "disk/r.cdb"]);
      equal(stdout, "rule :\ndeny connection\n");
    } finally {
      await box.sh("umount disk");
    }
  },
  { root: true, programs: ["mount"] },
);

toolTest(
  "tcprules: the new cdb has the temporary file's permissions",
  ["tcprules"],
  async (box) => {
    const { stdout } = await box.sh(`
    umask 0; echo :allow | tcprules a.cdb a.tmp; stat -c %a a.cdb
    umask 027; echo :allow | tcprules b.cdb b.tmp; stat -c %a b.cdb
    : >c.tmp; chmod 604 c.tmp; echo :allow | tcprules c.cdb c.tmp; stat -c %a c.cdb`);
    equal(stdout, "644\n640\n604\n");
  },
);

toolTest("tcprules waits for slow input and takes it in pieces", BOTH, async (box) => {
  const { code } = await box.sh(
    "for i in 1 2 3; do printf '%s.2:al' $i; sleep 0.05; printf 'low,A=\"%s\"\\n' $i; done |" +
      " tcprules r.cdb r.tmp",
  );
  equal(code, 0);
  deepEqual(await check(box, "2.2"), [
    "rule 2.2:",
    "set environment variable A=2",
    "allow connection",
  ]);
});

toolTest("tcprules killed in the middle leaves the old cdb", BOTH, async (box) => {
  deepEqual(await compile(box, ":deny\n"), [0, ""]);
  await box.sh("mkfifo rules");
  const writer = box.start([
    "/bin/sh",
    "-c",
    "exec >rules; seq 1 30000 | sed s/$/:allow/; sleep 60",
  ]);
  const tool = box.start(["/bin/sh", "-c", "exec tcprules r.cdb r.tmp <rules"]);
  await box.until("tcprules has written", async () => {
    const { stdout } = await box.sh("stat -c %s r.tmp 2>/dev/null || echo 0");
    return Number(stdout) > 100_000;
  });
  tool.kill("SIGKILL");
  equal(await tool.ended, 137);
  writer.kill();
  deepEqual(await check(box, "1.2.3.4"), ["rule :", "deny connection"]);
  deepEqual(await compile(box, ":allow\n"), [0, ""]);
  deepEqual(await check(box, "1.2.3.4"), ["rule :", "allow connection"]);
});

toolTest("tcprules at the same time as its readers: they see a whole cdb", BOTH, async (box) => {
  deepEqual(await compile(box, ":deny\n"), [0, ""]);
  const { code, stdout } = await box.sh(`
    (for i in 1 2 3 4 5 6 7 8 9 10; do seq 1 2000 | sed 's/$/.:deny/' | tcprules r.cdb r.tmp; done) & 
    while kill -0 $! 2>/dev/null; do TCPREMOTEIP=7.7.7.7 tcprulescheck r.cdb; done; wait $!`);
  equal(code, 0);
  const lines = stdout.split("\n").slice(0, -1);
  ok(lines.length > 1);
  for (const line of lines) match(line, /^(rule 7\.:|rule :|deny connection)$/);
});

toolTest("tcprules wants no NUL in a variable", ["tcprules"], async (box) => {
  for (const variable of ['A\0B="c"', '\0="c"', 'A="b\0c"']) {
    deepEqual(await box.run(["tcprules", "r.cdb", "r.tmp"], { stdin: `1:deny,${variable}\n` }), {
      code: 100,
      stdout: "",
      stderr: `tcprules: fatal: unable to parse this line: 1:deny,${variable.split("\0", 1)[0]}\n`,
    });
  }
}, { djboxOnly: "C's tcpserver passes over what is behind the NUL" });

toolTest(
  "tcprules leaves the old rules where the new ones cannot be closed",
  ["tcprules"],
  async (box) => {
    equal((await compile(box, ":allow\n"))[0], 0);
    const old = box.read("r.cdb");
    const { code, stderr } = await box.run([
      ...closeFails(box, "r.tmp"),
      "tcprules",
      "r.cdb",
      "r.tmp",
    ], {
      stdin: ":deny\n",
    });
    deepEqual([code, stderr], [111, `${FATAL}unable to write to r.tmp: input/output error\n`]);
    equal(box.read("r.cdb"), old);
  },
  { programs: ["strace"] },
);
