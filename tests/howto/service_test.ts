// SPDX-License-Identifier: 0BSD
// Seed 000 "daemontoolsによるデーモン管理" to "svstat", seed 004 5.5.3 to 5.5.5 and 5.8.2: a service from its first run
// script to its removal.
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svok", "svstat", "multilog"];

/** A daemon that says which signals it gets; without -d it goes into the background. */
const FOOD = `#!/bin/sh
[ "$1" = -d ] || { "$0" -d "$@" & exit; }
for signal in HUP ALRM INT USR1; do trap "echo $signal" $signal; done
trap 'echo TERM; exit' TERM
echo starting >&2
while :; do sleep 1000 & wait; kill $!; done
`;

/** Steps 1 to 3 of the document: the daemon, its run script and its log's. */
async function installFoo(machine: Machine): Promise<void> {
  await machine.edit("/usr/local/foo/sbin/food", FOOD);
  await machine.output("mkdir /usr/local/foo/foo");
  await machine.output("touch run && chmod +x run", "/usr/local/foo/foo");
  await machine.edit(
    "/usr/local/foo/foo/run",
    `#!/bin/sh
PATH=/bin:/usr/bin:/usr/local/foo/bin:/usr/local/foo/sbin
exec 2>&1
exec food -d
`,
  );
  await machine.output("mkdir /usr/local/foo/foo/log");
  await machine.output("touch run && chmod +x run", "/usr/local/foo/foo/log");
  await machine.edit("/usr/local/foo/foo/log/run", "#!/bin/sh\nexec multilog t ./main\n");
}

const LOG = "cut -d' ' -f2 /usr/local/foo/foo/log/main/current";

async function pidOf(machine: Machine, service: string): Promise<string> {
  const line = await machine.until(`svstat ${service}`, /: up \(pid \d+\)/);
  return /\d+(?=\))/.exec(line)?.[0] ?? "";
}

machineTest(
  "000 a service: run and log/run, tried by hand, then linked into /service",
  TOOLS,
  async (machine) => {
    await installFoo(machine);
    machine.start("svscan /service");
    // Step 4: by hand.
    const byHand = machine.start("./run", "/usr/local/foo/foo");
    await machine.until("pgrep food", /\d/);
    byHand.kill("SIGKILL");
    await machine.output("pkill -TERM food");
    // Step 5.
    await machine.output("ln -s /usr/local/foo/foo /service");
    await machine.until("svstat /service/foo", /^\/service\/foo: up \(pid \d+\) \d+ seconds\n$/);
    await machine.until(LOG, /^starting\n$/);
    match(await machine.output("cat /service/foo/log/main/current"), /^@[0-9a-f]{24} starting\n$/);
    equal(
      await machine.output("svok /service/foo; echo $?; svok /service/foo/log; echo $?"),
      "0\n0\n",
    );
    equal((await machine.type("svok /usr/local/foo")).code, 100);

    // svc: HUP for a changed configuration, TERM to start it anew, down, up.
    const first = await pidOf(machine, "/service/foo");
    await machine.output("svc -h /service/foo");
    await machine.until(LOG, /^starting\nHUP\n$/);
    equal(await pidOf(machine, "/service/foo"), first);
    await machine.output("svc -t /service/foo");
    await machine.until(LOG, /^starting\nHUP\nTERM\nstarting\n$/);
    await machine.output("svc -d /service/foo");
    await machine.until("svstat /service/foo", /^\/service\/foo: down \d+ seconds, normally up\n$/);
    await machine.output("svc -u /service/foo");
    await machine.until("svstat /service/foo", /: up .* seconds\n$/);
    // Down for good, after a boot too.
    await machine.output("touch /service/foo/down; svc -d /service/foo");
    await machine.until("svstat /service/foo", /^\/service\/foo: down \d+ seconds\n$/);
  },
);

machineTest(
  "000, 004 5.8.2 a service is removed: cd, rm the link, svc -dx . log",
  TOOLS,
  async (machine) => {
    await installFoo(machine);
    await machine.output("ln -s /usr/local/foo/foo /service");
    machine.start("svscan /service");
    await machine.until(LOG, /^starting\n$/);
    await machine.output(`cd /service/foo
    rm /service/foo
    svc -dx . log`);
    await machine.until(
      "svstat . log",
      /^(\.|log): supervise not running\n(\.|log): supervise not running\n$/,
      "/usr/local/foo/foo",
    );
    equal(await machine.output("pgrep -l 'food|multilog' || ls /service"), "");
    // Nothing of the service is lost, and it comes back with its link.
    await machine.output("ln -s /usr/local/foo/foo /service");
    await machine.until(LOG, /^starting\n(TERM\n)?starting\n$/);
  },
);

machineTest(
  "001 a service is stopped by its path behind the link, and started by linking it again",
  TOOLS,
  async (machine) => {
    await machine.edit("/var/service/telnet/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.edit("/var/service/telnet/log/run", "#!/bin/sh\nexec multilog t ./main\n");
    machine.start("svscan /service");
    await machine.output("ln -s /var/service/telnet", "/service");
    const first = await pidOf(machine, "/service/telnet");
    await machine.output(`rm /service/telnet
    svc -xd /var/service/telnet/log
    svc -xd /var/service/telnet`);
    await machine.until("svstat /var/service/telnet", /supervise not running/);
    await machine.until("svstat /var/service/telnet/log", /supervise not running/);
    await machine.output("ln -s /var/service/telnet", "/service");
    match(await pidOf(machine, "/service/telnet"), new RegExp(`^(?!${first}$)`));
  },
);

machineTest(
  "000 svstat tells services that fail from those that run; one is repaired",
  TOOLS,
  async (machine) => {
    for (const name of ["axfrdns", "ipopd"]) {
      await machine.edit(`/service/${name}/run`, "#!/bin/sh\nexec sleep 1000\n");
    }
    for (const name of ["dnscache", "tinydns"]) {
      await machine.edit(`/service/${name}/run`, "#!/bin/sh\nexit 111\n");
    }
    machine.start("svscan /service");
    await machine.until("svstat /service/axfrdns /service/ipopd", /(.*: up .* [2-9] seconds\n){2}/);
    const lines = (await machine.output("svstat /service/*")).split("\n");
    for (const at of [1, 3]) match(lines[at] ?? "", /: (up \(pid \d+\)|down) [01] seconds/);
    await machine.output(`touch /service/dnscache/down /service/tinydns/down
    svc -dx /service/dnscache /service/tinydns`);
    // svscan brings their supervise back, with the service down.
    const down = /^(\/service\/\w+: down \d+ seconds\n){2}$/;
    await machine.until("svstat /service/dnscache /service/tinydns", down);
    for (const name of ["dnscache", "tinydns"]) {
      await machine.edit(`/service/${name}/run`, "#!/bin/sh\nexec sleep 1000\n");
    }
    await machine.until("svstat /service/dnscache /service/tinydns", down);
    await machine.output(`rm /service/dnscache/down /service/tinydns/down
    svc -u /service/dnscache /service/tinydns`);
    await machine.until("svstat /service/*", /^(.*: up \(pid \d+\) \d+ seconds\n){4}$/);
  },
);

machineTest(
  "004 5.5.3 svc takes several commands, several services and the shell's patterns",
  TOOLS,
  async (machine) => {
    for (const name of ["dnscache", "dnscachex", "tinydns", "httpd"]) {
      await machine.edit(`/service/${name}/run`, "#!/bin/sh\nexec sleep 1000\n");
      await machine.edit(`/service/${name}/log/run`, "#!/bin/sh\nexec multilog t ./main\n");
    }
    machine.start("svscan /service");
    await machine.until("svstat /service/* /service/*/log", /^(.*: up .* [1-9] seconds\n){8}$/);
    const before = await pidOf(machine, "/service/dnscache");
    await machine.output("svc -d -u /service/dnscache");
    await machine.until(
      "svstat /service/dnscache",
      new RegExp(`up \\(pid (?!${before}\\))\\d+\\) \\d+ seconds\\n$`),
    );
    match(
      await machine.output("svstat /service/dnscache /service/dnscachex"),
      /^\/service\/dnscache: up \(pid \d+\) \d+ seconds\n\/service\/dnscachex: up \(pid \d+\) \d+ seconds\n$/,
    );
    await machine.output("svc -d /service/*dns*");
    await machine.until("svstat /service/*dns*", /^(.*: down \d+ seconds, normally up\n){3}$/);
    match(await machine.output("svstat /service/httpd"), /: up /);
    await machine.output("svc -d /service/*/log");
    await machine.until("svstat /service/*/log", /^(.*: down \d+ seconds, normally up\n){4}$/);
  },
);

machineTest("004 table 5-1 every letter of svc sends its signal", TOOLS, async (machine) => {
  await installFoo(machine);
  await machine.output("ln -s /usr/local/foo/foo /service");
  machine.start("svscan /service");
  await machine.until("svstat /service/foo", /: up .* [1-9] seconds/);
  let expected = "starting\n";
  for (const [letter, signal] of [["h", "HUP"], ["a", "ALRM"], ["i", "INT"]]) {
    await machine.output(`svc -${letter} /service/foo`);
    expected += `${signal}\n`;
    await machine.until(LOG, new RegExp(`^${expected}$`));
  }
  const pid = await pidOf(machine, "/service/foo");
  await machine.output("svc -p /service/foo");
  await machine.until("svstat /service/foo", /seconds, paused\n/);
  await machine.until(`ps -o stat= -p ${pid}`, /^T/);
  await machine.output("svc -c /service/foo");
  await machine.until("svstat /service/foo", /seconds\n/);
  await machine.until(`ps -o stat= -p ${pid}`, /^[SR]/);
  await machine.output("svc -o /service/foo; svc -t /service/foo");
  await machine.until("svstat /service/foo", /: down \d+ seconds, normally up\n$/);
  await machine.output("svc -o /service/foo");
  await machine.until("svstat /service/foo", /: up .* [1-9] seconds\n$/);
  await machine.output("svc -k /service/foo");
  await machine.until("svstat /service/foo", /: down \d+ seconds, normally up\n$/);
  equal(await machine.output(LOG), `${expected}TERM\nstarting\n`);
});
