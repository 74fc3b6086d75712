// SPDX-License-Identifier: 0BSD
// Installing beside C daemontools, and taking their services over. Not tested: systemd's units.
import { deepEqual, equal, match } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { type Machine, originalMachineTest } from "../harness/machine.ts";
import { makeRelease } from "../harness/release.ts";

const ONLY = { djboxOnly: "it is djbox that takes over" };

const COUNTS = `#!/bin/sh
trap exit TERM
i=0
while :; do i=$((i+1)); echo $i; sleep 0.02; done
`;

/** Services as they are found on a server, looked after by C's svscan. */
async function addServices(machine: Machine): Promise<void> {
  await machine.output("mkdir -p /service; ln -s /service /etc/service");
  await machine.edit("/service/counts/run", COUNTS);
  await machine.edit("/service/counts/log/run", "#!/bin/sh\nexec multilog s100000 ./main\n");
  await machine.edit("/service/plain/run", "#!/bin/sh\nexec sleep 1000\n");
  await machine.edit("/service/paused/run", "#!/bin/sh\nexec sleep 1000\n");
  await machine.edit("/service/off/run", "#!/bin/sh\nexec sleep 1000\n");
  await machine.edit("/service/off/down", "");
}

const SERVICES = "cd /service; svstat counts counts/log plain paused off";

async function untilUp(machine: Machine): Promise<string> {
  await machine.until(SERVICES, /^(\S+: up .*[1-9] seconds\n){4}off: down \d+ seconds\n$/);
  await machine.output("svc -p /service/paused");
  return pids(await machine.until(SERVICES, /paused: up .*, paused\n/));
}

/** The same text for the same processes in the same states. */
function pids(text: string): string {
  return text.replace(/\d+ seconds/g, "");
}

async function expectTakenOver(machine: Machine, before: string): Promise<void> {
  equal(pids(await machine.output(SERVICES)), before);
  const first = Number(await machine.output("tail -n 1 /service/counts/log/main/current"));
  await machine.until("tail -n 1 /service/counts/log/main/current", new RegExp(`^(?!${first}\n)`));
  const lines = (await machine.output("cat /service/counts/log/main/current")).trim().split("\n");
  deepEqual(lines.map(Number), lines.map((_, at) => at + 1));
  await machine.output("svc -c /service/paused; svc -t /service/plain; svc -u /service/off");
  await machine.until(
    SERVICES,
    /^(\S+: up [^,]*\n){4}off: up \(pid \d+\) \d+ seconds, normally down\n$/,
  );
}

async function install(machine: Machine, box: Box): Promise<string> {
  await machine.bring(await makeRelease(box, "release"), "/opt/release");
  return await machine.output("/opt/release/package/install --replace");
}

originalMachineTest(
  "services of C's svscan go on when djbox takes over",
  "sleep",
  async (machine, box) => {
    await addServices(machine);
    machine.start("svscan /service");
    const before = await untilUp(machine);
    await install(machine, box);
    const said = await machine.output("djbox takeover");
    match(
      said,
      /^djbox: svscan \(pid \d+, \/usr\/bin\/svscan\) has ended; 5 supervised go on\ndjbox: djbox's svscan looks after \/service now\n$/,
    );
    await expectTakenOver(machine, before);
    equal(await machine.output("pidof supervise || :"), "");
    const again = await machine.type("djbox takeover");
    deepEqual([again.code, again.stderr], [111, "djbox: fatal: there is no other svscan\n"]);
  },
);

originalMachineTest(
  "init's svscanboot becomes djbox's, and services go on",
  "init",
  async (machine, box) => {
    await addServices(machine);
    await machine.edit("/etc/inittab", "SV:123456:respawn:/command/svscanboot\n");
    machine.start("while :; do $(sed -n 's/^SV:.*:respawn://p' /etc/inittab); sleep 0.1; done");
    const before = await untilUp(machine);
    match(
      await install(machine, box),
      /svscan is started at boot already \(inittab\)\ndjbox: svscan \(pid \d+, \/usr\/bin\/svscan\) looks after \/service and goes on; djbox takeover has djbox's go on with its services\n$/,
    );
    // Whoever was to read what it says has gone.
    await machine.output("djbox takeover /service >/dev/full");
    await expectTakenOver(machine, before);
    // One svscan, under one svscanboot, as init has it.
    match(await machine.output("pidof svscan; pidof svscanboot"), /^\d+\n\d+\n$/);
  },
);

originalMachineTest(
  "a takeover that is refused leaves everything as it was",
  "sleep",
  async (machine, box) => {
    await addServices(machine);
    machine.start("svscan /service");
    const before = await untilUp(machine);
    await install(machine, box);
    const user = await machine.type("setpriv --reuid=65534 --clear-groups djbox takeover");
    deepEqual([user.code, user.stdout], [111, ""]);
    match(user.stderr, /^djbox: fatal: .*\n$/);
    await machine.output("mount -t tmpfs none /srv; mkdir -p /run/systemd/system");
    const unit = await machine.type("djbox takeover");
    equal(unit.code, 111);
    match(unit.stderr, /^djbox: fatal: svscan \(pid \d+\) is a part of a systemd unit, .*\n$/);
    equal(pids(await machine.output(SERVICES)), before);
    equal(await machine.output("pidof supervise | wc -w"), "5\n");
    // Those who own a service directory do not have root write over what they like, or wait.
    await machine.output("rmdir /run/systemd/system; echo precious >/service/.victim");
    for (
      const [put, reason] of [
        ["ln -s /service/.victim", "symbolic link loop"],
        ["ln /service/.victim", "not a file with one name"],
        ["mkfifo", "device not configured"],
      ] as const
    ) {
      await machine.output(`cd /service/plain/supervise; mv lock kept; ${put} lock`);
      const { code, stderr } = await machine.type("djbox takeover");
      await machine.output("cd /service/plain/supervise; mv kept lock");
      deepEqual(
        [code, stderr],
        [
          111,
          `djbox: fatal: unable to write /service/plain/supervise/lock: ${reason}; everything goes on as it was\n`,
        ],
      );
      equal(await machine.output("cat /service/.victim"), "precious\n");
      equal(pids(await machine.output(SERVICES)), before);
    }
  },
);

toolTest("djbox takeover tells wrong usage", ["djbox"], async (box) => {
  deepEqual(await box.run(["djbox", "takeover", "a", "b"]), {
    code: 100,
    stdout: "",
    stderr: "djbox-takeover: usage: djbox takeover [ dir ]\n",
  });
}, ONLY);
