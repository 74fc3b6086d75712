// SPDX-License-Identifier: 0BSD
// That `djbox NAME` is NAME: tests/chain_test.ts.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, COMMANDS, toolTest } from "../harness/harness.ts";

const ONLY = { djboxOnly: "there is no djbox but this" };

function says(
  box: Box,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return box.run(["djbox", ...args]);
}

toolTest("djbox lists its tools, and each of them is installed", ["djbox"], async (box) => {
  const { code, stdout, stderr } = await says(box, "--list");
  deepEqual([code, stderr], [0, ""]);
  const names = stdout.trim().split("\n");
  ok(names.includes("svscan") && names.includes("tcpserver"));
  deepEqual(names, names.toSorted());
  const installed = [...Deno.readDirSync(COMMANDS)].map(({ name }) => name).sort();
  deepEqual(installed, [...names, "djbox"].sort());
}, ONLY);

// V8's would take locks that the main thread then waits for, and waiting changes errno(3): see V8_FLAGS in lib/os/runtime.ts.
toolTest("no thread of V8's runs beside a tool's", ["fghack"], async (box) => {
  const { code, stdout } = await box.run(["fghack", "sh", "-c", "cat /proc/$PPID/task/*/comm"]);
  equal(code, 0);
  const [own, ...others] = stdout.trim().split("\n");
  equal(own, "fghack");
  deepEqual(others.filter((name) => name.startsWith("V8")), []);
}, ONLY);

toolTest(
  "a working directory that was removed is no hindrance",
  ["svstat", "envdir"],
  async (box) => {
    const { code, stdout, stderr } = await box.sh(
      `mkdir gone env; cd gone; rmdir "$PWD"
    svstat . ../env
    envdir . envdir "$OLDPWD/env" readlink /proc/self/cwd
    envdir . ls /proc/self/fd | wc -l
    ls /proc/self/fd | wc -l`,
    );
    deepEqual([code, stderr], [0, ""]);
    const [open, before, ...answers] = stdout.trim().split("\n").toReversed();
    equal(open, before);
    const unable = "unable to open supervise/ok: file does not exist";
    deepEqual(answers.toReversed(), [
      `.: ${unable}`,
      `../env: ${unable}`, // its name is gone, but not where it was
      `${box.dir}/gone (deleted)`,
    ]);
  },
);

toolTest("on a terminal, too, nobody but the tool speaks", ["svok"], async (box) => {
  // script(1) runs it on a terminal of its own.
  const { code, stdout } = await box.run(["script", "-qec", "svok missing; svok .", "/dev/null"]);
  deepEqual([code, stdout], [
    100,
    "svok: fatal: unable to chdir to missing: file does not exist\r\n",
  ]);
});

toolTest("djbox --version says the version, the form and the runtime", ["djbox"], async (box) => {
  const { code, stdout, stderr } = await says(box, "--version");
  deepEqual([code, stderr], [0, ""]);
  match(
    stdout,
    /^djbox \d+\.\d+\.\d+ \((script|compiled) form, Deno \d+\.\d+\.\d+, (x86_64|aarch64)\)\n$/,
  );
}, ONLY);

toolTest("djbox says what it is", ["djbox"], async (box) => {
  const { code, stdout, stderr } = await says(box);
  deepEqual([code, stderr], [0, ""]);
  match(
    stdout,
    /^djbox \S+: daemontools and ucspi-tcp in one executable\nusage: djbox .*\ntools: addcr [^]* svscan [^]*\nits own, as in djbox help: boot help install [^]*upgrade\n$/,
  );
  deepEqual(stdout.split("\n").filter((line) => line.length > 80 && !line.startsWith("usage")), []);
  for (const option of ["-h", "--help"]) {
    deepEqual(await says(box, option), { code, stdout, stderr });
  }
}, ONLY);

toolTest("djbox names no tool that it has not", ["djbox"], async (box) => {
  for (const name of ["svock", "constructor", "__proto__", "-x", "b\xe9"]) {
    const refusal = {
      code: 100,
      stdout: "",
      stderr: `djbox: there is no tool called ${name}; djbox --list names them\n`,
    };
    // The harness hands arguments on as UTF-8.
    const shown = { ...refusal, stderr: refusal.stderr.replace("\xe9", "\xc3\xa9") };
    deepEqual(await says(box, name), shown);
  }
}, ONLY);

toolTest("djbox says that its output cannot be written", ["djbox"], async (box) => {
  deepEqual(await box.sh("djbox --list >/dev/full; echo $?"), {
    code: 0,
    stdout: "111\n",
    stderr: "djbox: fatal: unable to write output: out of disk space\n",
  });
}, ONLY);
