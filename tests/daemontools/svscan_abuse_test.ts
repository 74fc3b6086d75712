// SPDX-License-Identifier: 0BSD
// Service directories that were made to do harm, and odd names. A service directory often belongs to the user whom it
// serves while svscan is root's. Not tested here: users who may not write to the FIFOs (the kernel sees to that).
import { equal, match, ok } from "node:assert/strict";
import { type Box, type Needs, toolTest } from "../harness/harness.ts";
import { pidOf, untilSupervised, untilUp, writeServices } from "../harness/services.ts";

const TOOLS = ["svscan", "supervise", "svc", "svstat"];

const PRECIOUS = "precious\n".repeat(50);

function abuseTest(name: string, body: (box: Box) => Promise<void>, needs: Needs = {}): void {
  toolTest(name, TOOLS, body, needs);
}

const FOLLOWS = { djboxOnly: "C's tools follow links" };

abuseTest("no link in supervise leads to a file that is written over", async (box) => {
  writeServices(box, ["sv/soft", "sv/hard", "sv/fifo", "sv/locked", "sv/hardlock"]);
  box.write("victim", PRECIOUS, 0o600);
  const { stderr } = await box.sh(`
    mkdir -m 700 sv/soft/supervise sv/hard/supervise sv/fifo/supervise sv/locked/supervise sv/hardlock/supervise
    ln -s ../../../victim sv/soft/supervise/status.new
    ln victim sv/hard/supervise/status.new
    mkfifo sv/fifo/supervise/status.new
    ln -s ../../../victim sv/locked/supervise/lock
    ln victim sv/hardlock/supervise/lock
  `);
  equal(stderr, "");
  box.start(["svscan", "sv"]);
  const names = ["sv/soft", "sv/hard", "sv/fifo", "sv/hardlock"];
  await untilUp(box, names);
  await box.run(["svc", "-t", ...names]);
  await box.until(
    "they run again",
    () => names.every((name) => box.read(`${name}/starts`).split("\n").length === 3),
  );
  await box.until("it says so", () => box.read("err") !== "");
  equal(
    box.read("err"),
    "supervise: fatal: unable to acquire locked/supervise/lock: symbolic link loop\n",
  );
  equal(pidOf(box, "sv/locked"), 0);
  equal(box.read("victim"), PRECIOUS);
  equal(Deno.statSync(`${box.dir}/victim`).mode, 0o100600);
  for (const name of names.slice(0, 3)) {
    ok(Deno.lstatSync(`${box.dir}/${name}/supervise/status`).isFile, name);
  }
}, FOLLOWS);

abuseTest("what is in supervise has the owner's permissions alone", async (box) => {
  writeServices(box, ["sv/a"]);
  box.start(["svscan", "sv"]);
  await untilUp(box, ["sv/a"]);
  await untilSupervised(box, ["sv/a"]);
  const modes = await box.sh(`cd sv/a; for file in . control lock ok status; do
    stat -c '%A %n' supervise/$file; done`);
  equal(
    modes.stdout,
    "drwx------ supervise/.\nprw------- supervise/control\n-rw------- supervise/lock\n" +
      "prw------- supervise/ok\n-rw-r--r-- supervise/status\n",
  );
});

abuseTest("services with odd names are services", async (box) => {
  const names = ["-x", "--", "new\nline", "a b", "$(touch evil)", "*", "a:b"];
  writeServices(box, names.map((name) => `sv/${name}`));
  // These are none.
  writeServices(box, ["sv/.hidden", "sv/..."]);
  box.write("sv/-file", "");
  box.start(["svscan", "sv"]);
  const paths = names.map((name) => `sv/${name}`);
  await untilUp(box, paths);
  await untilSupervised(box, paths);
  for (const name of names) {
    const { stdout } = await box.run(["svstat", `./${name}`], { cwd: `${box.dir}/sv` });
    match(stdout, /: up \(pid \d+\) \d+ seconds\n$/);
    equal(stdout.slice(0, name.length + 4), `./${name}: `);
  }
  await box.run(["svc", "-d", "--", ...names], { cwd: `${box.dir}/sv` });
  await box.until("they are down", () => paths.every((path) => pidOf(box, path) === 0));
  equal(box.read("sv/.hidden/starts") + box.read("sv/.../starts"), "");
  equal(box.read("err"), "");
});

abuseTest("a log directory's links lead to nothing that is written", async (box) => {
  box.write("victim", PRECIOUS, 0o755);
  for (const file of ["current", "lock", "state"]) {
    const { stderr } = await box.sh(`mkdir ${file}; ln -s ../victim ${file}/${file}`);
    equal(stderr, "");
    const { code } = await box.run(["multilog", `./${file}`], { stdin: "a line\n" });
    // "state" is removed and made anew: nothing is wrong then.
    equal(code, file === "state" ? 0 : 111, file);
    equal(box.read("victim"), PRECIOUS);
    equal(Deno.statSync(`${box.dir}/victim`).mode, 0o100755);
  }
}, FOLLOWS);

abuseTest("a variable that looks like a handover and is none changes nothing", async (box) => {
  const state = { shape: "djbox supervision 2", services: [], mask: "0", limits: [] };
  const files: Record<string, string> = {
    null: "null",
    shape: JSON.stringify({ shape: state.shape }),
    services: JSON.stringify({ ...state, services: [null], descriptors: [] }),
    closed: JSON.stringify({ ...state, descriptors: [[77, 77]] }),
    noise: "\xff\0\n",
  };
  for (const [name, content] of Object.entries(files)) box.write(`in/${name}`, content);
  equal((await box.run(["mkfifo", "in/fifo"])).code, 0);
  const values = ["", "garbage", "-1", "99", "99999999999999999999", "3 tri", "0"];
  const cases = [
    ...values.map((value) => [value, "null"] as const),
    ...[...Object.keys(files), "fifo"].map((file) => ["3", file] as const),
  ];
  for (const [i, [value, file]] of cases.entries()) {
    box.script(`sv${i}/a/run`, 'echo "${DJBOX_SUPERVISION-unset}" >>starts; exec sleep 100000');
    box.start(["sh", "-c", `exec svscan sv${i} 3<>in/${file}`], {
      env: { DJBOX_SUPERVISION: value },
    });
  }
  for (const [i, [value, file]] of cases.entries()) {
    await box.until(`${value} with ${file}`, () => box.read(`sv${i}/a/starts`) === "unset\n");
  }
  equal(box.read("err"), "");
}, { djboxOnly: "C's svscan hands nothing over" });
