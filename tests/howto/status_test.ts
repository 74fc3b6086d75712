// SPDX-License-Identifier: 0BSD
// Seed 004 5.5.2: what supervise keeps in its folder, looked at with ls, svstat and hexdump.
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svstat"];

/** The status file as `hd status` shows it: the stamp, the pid, the pause flag and the wish. */
async function hexdump(machine: Machine): Promise<{ stamp: string; pid: number; flags: string }> {
  const dump = await machine.output("hexdump -C status", "/service/dnscache/supervise");
  const [, ...bytes] =
    /^00000000((?: +[0-9a-f]{2}){16}) +\|.{16}\|\n00000010 ( [0-9a-f]{2} [0-9a-f]{2}) +\|..\|\n00000012\n$/
      .exec(dump) ?? [];
  const all = bytes.join("").trim().split(/ +/);
  equal(all.length, 18, dump);
  const pid = parseInt(all.slice(12, 16).reverse().join(""), 16);
  return { stamp: all.slice(0, 12).join(""), pid, flags: all.slice(16).join(" ") };
}

machineTest("004 5.5.2 the status file: up, paused, down", TOOLS, async (machine) => {
  await machine.edit("/service/dnscache/run", "#!/bin/sh\nexec sleep 1000\n");
  machine.start("svscan /service");
  const line = await machine.until("svstat /service/dnscache", /: up .* [1-9] seconds\n$/);
  const up = await hexdump(machine);
  equal(`pid ${up.pid}`, /pid \d+/.exec(line)?.[0]);
  equal(up.flags, "00 75");
  match(up.stamp, /^40000000[0-9a-f]{16}$/);
  const age = Date.now() / 1000 - (parseInt(up.stamp.slice(8, 16), 16) - 10);
  match(String(Math.floor(age)), /^[1-9]\d?$/);

  await machine.output("svc -p /service/dnscache");
  await machine.until("svstat /service/dnscache", /seconds, paused\n$/);
  const paused = await hexdump(machine);
  equal(paused.flags, "01 75");
  equal(paused.pid, up.pid);
  equal(paused.stamp, up.stamp);

  await machine.output("svc -d /service/dnscache");
  await machine.until("svstat /service/dnscache", /: down \d+ seconds, normally up\n$/);
  const down = await hexdump(machine);
  equal(down.flags, "00 64");
  equal(down.pid, 0);
  match(down.stamp, /^40000000[0-9a-f]{16}$/);

  // `ls -la supervise`
  const listing = await machine.output("ls -la supervise | tail -n +2", "/service/dnscache");
  const files = listing.trim().split("\n").map((text) => text.split(/ +/));
  equal(
    files.map(([mode, , owner, group, size, , , , name]) =>
      // Ours notes in the lock what the next svscan needs to know after a crash.
      `${mode} ${owner} ${group} ${name === "lock" && machine.ours ? 0 : size} ${name}`
    )
      .filter((text) => !/ \.\.?$/.test(text)).sort().join("\n"),
    [
      "-rw------- root root 0 lock",
      "-rw-r--r-- root root 18 status",
      "prw------- root root 0 control",
      "prw------- root root 0 ok",
    ].join("\n"),
  );
  match(files.find(([, , , , , , , , name]) => name === ".")?.[0] ?? "", /^drwx------/);
});

machineTest(
  "004 5.5.2 a service has one supervise only",
  [...TOOLS, "supervise"],
  async (machine) => {
    await machine.edit("/service/a/run", "#!/bin/sh\nexec sleep 1000\n");
    machine.start("svscan /service");
    await machine.until("svstat /service/a", /: up /);
    const { code, stderr } = await machine.type("supervise /service/a");
    equal(code, 111);
    equal(
      stderr,
      "supervise: fatal: unable to acquire /service/a/supervise/lock: temporary failure\n",
    );
  },
);
