// SPDX-License-Identifier: 0BSD
// Installing beside C daemontools, and taking their services over. Not tested: systemd's units.
import { deepEqual, equal, match } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { bareMachineTest, type Machine, originalMachineTest } from "../harness/machine.ts";
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

async function install(machine: Machine, box: Box, policy = "--replace"): Promise<string> {
  await machine.bring(await makeRelease(box, "release"), "/opt/release");
  return await machine.output(`/opt/release/package/install ${policy}`);
}

/** C's svscan looks after the services when djbox is installed: what svstat says of them. */
async function installBeside(machine: Machine, box: Box): Promise<string> {
  await addServices(machine);
  machine.start("svscan /service");
  const before = await untilUp(machine);
  await install(machine, box);
  return before;
}

originalMachineTest(
  "services of C's svscan go on when djbox takes over",
  "sleep",
  async (machine, box) => {
    const before = await installBeside(machine, box);
    // What stands in a user's file would count for his own processes only.
    await machine.output("chown 65534 /service/plain /service/plain/supervise/lock");
    // Nor is what he has put there in its place written over.
    await machine.output("cd /service; echo precious >.victim; ln -f .victim off/supervise/lock");
    const said = await machine.output("djbox takeover");
    match(
      said,
      /^djbox: svscan \(pid \d+, \/usr\/bin\/svscan\) has ended; 5 supervised go on\ndjbox: djbox's svscan looks after \/service now\n$/,
    );
    await expectTakenOver(machine, before);
    equal(await machine.output("cat /service/.victim"), "precious\n");
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
    machine.playInit();
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
  "a takeover is refused where init would start another package's svscanboot again",
  "init",
  async (machine, box) => {
    await addServices(machine);
    const ours = "SV:123456:respawn:/command/svscanboot";
    await machine.edit("/etc/inittab", `${ours}\n`);
    machine.start("svscanboot");
    const before = await untilUp(machine);
    await install(machine, box, "--beside");
    const refused = async (expected: string): Promise<void> => {
      const { code, stderr } = await machine.type("djbox takeover");
      deepEqual([code, stderr], [
        111,
        `djbox: fatal: when its svscanboot ends, init starts ${expected}; nothing was changed\n`,
      ]);
      equal(pids(await machine.output(SERVICES)), before);
      equal(await machine.output("pidof supervise | wc -w"), "5\n");
    };
    await refused(
      "/command/svscanboot, which is another package's: package/install --replace puts djbox's there",
    );
    await machine.edit("/etc/inittab", "SV:123456:respawn:/usr/bin/svscanboot\n");
    await refused(
      `what /etc/inittab says: have that say ${ours} instead, and init read it (kill -HUP 1)`,
    );
  },
);

originalMachineTest(
  "loggers and services go on whose other half is down, and no line is lost",
  "sleep",
  async (machine, box) => {
    await machine.edit("/service/a/run", COUNTS);
    // It is told to end: cat might have read a line then, and not yet written it.
    await machine.edit("/service/a/log/run", "#!/bin/sh\nexec multilog s100000 ./main\n");
    await machine.edit("/service/b/run", "#!/bin/sh\necho b; exec sleep 1000\n");
    await machine.edit("/service/b/log/run", "#!/bin/sh\nexec cat >>lines\n");
    await machine.edit("/service/c/run", "#!/bin/sh\necho c; exec sleep 1000\n");
    await machine.edit(
      "/service/c/log/run",
      "#!/bin/sh\nread line; echo $line >>lines; exec cat >>lines\n",
    );
    await machine.edit("/service/c/log/down", "");
    machine.start("svscan /service");
    const status = "cd /service; svstat a b/log; svstat a/log b c c/log";
    await machine.until(status, /^(\S+: up .*[1-9] seconds\n){5}\S+: down .*\n$/);
    await machine.output("svc -d /service/a/log /service/b /service/c");
    const down = "(?:\\S+: down .*\\n)";
    const before = pids(await machine.until(status, new RegExp(`^(\\S+: up .*\\n){2}${down}{4}$`)));
    await install(machine, box);
    await machine.output("djbox takeover");
    equal(pids(await machine.output(status)), before);
    await machine.output("svc -u /service/a/log /service/b /service/c/log");
    await machine.until("tail -n 1 /service/a/log/main/current", /^\d{3,}$/m);
    const lines = (await machine.output("cat /service/a/log/main/current")).trim().split("\n").map(
      Number,
    );
    deepEqual(lines, lines.map((_, at) => at + 1));
    await machine.until("cat /service/b/log/lines", /^b\nb\n$/);
    await machine.until("cat /service/c/log/lines", /^c\n$/);
  },
);

originalMachineTest(
  "a service that has got its log since it was started goes on, and is logged when it starts again",
  "sleep",
  async (machine, box) => {
    for (const name of ["a", "b"]) {
      await machine.edit(`/srv/${name}/run`, `#!/bin/sh\necho ${name}; exec sleep 1000\n`);
    }
    // They write into the pipe that takes svscan's messages.
    machine.start("mkfifo pipe; cat pipe >/messages & exec svscan /srv >pipe 2>&1", "/tmp");
    const before = pids(
      await machine.until("svstat /srv/a /srv/b", /^(\S+: up .*[1-9] seconds\n){2}$/),
    );
    for (const name of ["a", "b"]) {
      await machine.edit(`/srv/${name}/log/run`, "#!/bin/sh\nexec cat >>lines\n");
    }
    await install(machine, box);
    match(await machine.output("djbox takeover"), /; 2 supervised go on\n/);
    equal(pids(await machine.output("svstat /srv/a /srv/b")), before);
    equal(await machine.output("pidof sleep | wc -w"), "3\n"); // and process 1
    await machine.edit("/srv/c/run", "#!/bin/none\n");
    await machine.until("cat /messages", /unable to start c\/run: file does not exist/);
    await machine.output("svc -t /srv/a /srv/b");
    await machine.until("cat /srv/a/log/lines /srv/b/log/lines", /^a\nb\n$/);
  },
);

originalMachineTest(
  "svscan and its services keep the surroundings that they had",
  "sleep",
  async (machine, box) => {
    const run =
      "#!/bin/sh\n(env | grep -v PATH; umask; ulimit -n; ulimit -c) >>seen\nexec sleep 1000\n";
    await machine.edit("/srv/a/run", run);
    // It also has a pipe that is nobody's log.
    machine.start(
      "umask 027; ulimit -n 333; ulimit -c 7; " +
        "env -i PATH=$PATH OLD=1 svscan /srv 7>&1 >/dev/null 2>/messages | sleep 1000",
    );
    await machine.until("svstat /srv/a", /: up .*[1-9] seconds\n$/);
    await install(machine, box);
    await machine.output(
      "export SECRET=x; umask 077; ulimit -S -n 999; ulimit -S -c 0; djbox takeover",
    );
    await machine.output("svc -t /srv/a");
    await machine.until("grep -c OLD /srv/a/seen", /^2$/m);
    const seen = await machine.output("cat /srv/a/seen");
    equal(seen, seen.slice(0, seen.length / 2).repeat(2));
    match(seen, /^0027$/m);
    equal(await machine.output("pidof log-pipes || :"), "");
    // What it has to say goes where it went.
    await machine.edit("/srv/b/run", "#!/bin/none\n");
    await machine.until("cat /messages", /unable to start b\/run: file does not exist/);
    // And it is the version in use that goes on, whichever that is some day.
    match(
      await machine.output("tr '\\0' '\\n' </proc/$(pidof svscan)/environ"),
      /^PATH=\/package\/admin\/djbox\/command:/m,
    );
  },
);

originalMachineTest(
  "a svscan that init did not start is taken over where init has svscanboot's line",
  "init",
  async (machine, box) => {
    await machine.edit("/srv/a/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.edit("/etc/inittab", "SV:123456:respawn:/command/svscanboot\n");
    machine.playInit();
    machine.start("svscan /srv");
    const before = pids(await machine.until("svstat /srv/a", /: up .*[1-9] seconds\n$/));
    await install(machine, box);
    match(await machine.output("djbox takeover /srv"), /; 1 supervised go on\n/);
    equal(pids(await machine.output("svstat /srv/a")), before);
  },
);

bareMachineTest(
  "a svscan of another djbox is taken over with its pipes",
  "sleep",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/other");
    await install(machine, box);
    await machine.edit("/srv/a/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.edit("/srv/a/log/run", "#!/bin/sh\nexec cat >>lines\n");
    await machine.output("mkdir /opt/bin; ln -s ../other/djbox /opt/bin/svscan");
    await machine.output("ln -s ../other/djbox /opt/bin/supervise");
    machine.start("PATH=/opt/bin:$PATH; exec svscan /srv");
    await machine.until("svstat /srv/a /srv/a/log", /^(\S+: up .*[1-9] seconds\n){2}$/);
    await machine.output("svc -d /srv/a");
    const status = "svstat /srv/a /srv/a/log";
    const before = pids(await machine.until(status, /^\S+: down .*\n\S+: up .*\n$/));
    match(await machine.output("djbox takeover /srv"), /; 2 supervised go on\n/);
    equal(pids(await machine.output(status)), before);
  },
);

originalMachineTest(
  "a takeover that was killed half-way can be repeated",
  "sleep",
  async (machine, box) => {
    const before = await installBeside(machine, box);
    const takeover = (signal: string, when: number): string =>
      `strace -o /dev/null -e trace=kill -e inject=kill:signal=${signal}:when=${when} djbox takeover`;
    // Six processes are stopped; then it is killed while it ends the fourth.
    equal((await machine.type(takeover("KILL", 10))).code, 128 + 9);
    // A ^C while they are stopped comes too late.
    await machine.output(takeover("INT", 2));
    await expectTakenOver(machine, before);
  },
  ["strace"],
);

originalMachineTest(
  "another user's svscan, whose surroundings are his, is not taken over",
  "sleep",
  async (machine, box) => {
    await machine.edit("/srv/sv/a/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.output("chown -R 65534 /srv/sv");
    machine.start("setpriv --reuid=65534 --clear-groups svscan /srv/sv");
    const before = pids(await machine.until("svstat /srv/sv/a", /: up .*[1-9] seconds/));
    await install(machine, box);
    const { code, stderr } = await machine.type("djbox takeover");
    equal(code, 111);
    match(stderr, /^djbox: fatal: svscan \(pid \d+\) is another user's: only he may do that\n$/);
    equal(pids(await machine.output("svstat /srv/sv/a")), before);
  },
);

originalMachineTest(
  "a takeover that is refused leaves everything as it was",
  "sleep",
  async (machine, box) => {
    const before = await installBeside(machine, box);
    const user = await machine.type("setpriv --reuid=65534 --clear-groups djbox takeover");
    deepEqual([user.code, user.stdout], [111, ""]);
    match(user.stderr, /^djbox: fatal: .*\n$/);
    const second = await machine.type("flock /package/admin djbox takeover");
    deepEqual([second.code, second.stdout], [111, ""]);
    match(
      second.stderr,
      /^djbox: fatal: somebody else is .* taking over in \/package\/admin; .*\n$/,
    );
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
    // What stands in a user's folder counts for his processes only: svscan would not find this one again.
    await machine.output("chown -R 65534 /service/plain");
    const { code, stderr } = await machine.type("djbox takeover");
    deepEqual([code, stderr], [
      111,
      "djbox: fatal: what runs in /service/plain could not be found again; everything goes on as it was\n",
    ]);
    equal(pids(await machine.output(SERVICES)), before);
  },
);

toolTest("djbox takeover tells wrong usage", ["djbox"], async (box) => {
  deepEqual(await box.run(["djbox", "takeover", "a", "b"]), {
    code: 100,
    stdout: "",
    stderr: "djbox-takeover: usage: djbox takeover [ dir ]\n",
  });
}, ONLY);
