// SPDX-License-Identifier: 0BSD
// The inits are played: what they would be told is noted, and done by hand. Not tested: the inits themselves.
import { deepEqual, equal, match } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import { bareMachineTest, type Machine } from "../harness/machine.ts";
import { HAS_BUNDLE, makeRelease, tree } from "../harness/release.ts";
import {
  isSupervised,
  pidOf,
  processesCalled,
  processesIn,
  untilUp,
  writeServices,
} from "../harness/services.ts";
import type { Box, Result } from "../harness/harness.ts";

const ONLY = { djboxOnly: "no C package has it" };
const USAGE = "djbox-boot: usage: djbox boot [ --root dir ] [ --init name ] | " +
  "djbox boot --remove [ --root dir ] | djbox boot --stop\n";

toolTest(
  "djbox boot writes an entry below a root, once, and takes it away",
  ["djbox"],
  async (box) => {
    const root = `${box.dir}/root`;
    box.write("root/etc/inittab", "id:3:initdefault:");
    box.write("root/etc/rc.local", "#!/bin/sh -e\necho hello\n\nexit 0\n", 0o755);
    const before = tree(box.dir);
    const said: string[] = [];
    for (const init of ["systemd", "openrc", "inittab", "rc.local"]) {
      for (let i = 0; i < 2; i++) {
        const boot = ["djbox", "boot", "--root", root, "--init", init];
        const { code, stdout, stderr } = await box.run(boot);
        deepEqual([code, stderr], [0, ""]);
        said.push(stdout.replaceAll(root, ""));
      }
      const after = tree(box.dir).filter((line) =>
        !before.includes(line) && line.includes("svscan")
      );
      deepEqual(
        after,
        {
          systemd: [
            "/root/etc/systemd/system/multi-user.target.wants/svscan.service -> ../svscan.service",
            "644 /root/etc/systemd/system/svscan.service",
          ],
          openrc: [
            "755 /root/etc/init.d/svscan",
            "/root/etc/runlevels/default/svscan -> /etc/init.d/svscan",
          ],
        }[init] ?? [],
      );
      if (init === "inittab") {
        const line = "SV:123456:respawn:/command/svscanboot\n";
        equal(box.read("root/etc/inittab"), `id:3:initdefault:\n${line}`);
      }
      if (init === "rc.local") {
        const text = "#!/bin/sh -e\necho hello\n\n/command/svscanboot &\nexit 0\n";
        equal(box.read("root/etc/rc.local"), text);
      }
      const removed = await box.run(["djbox", "boot", "--remove", "--root", root]);
      deepEqual([removed.code, removed.stderr], [0, ""]);
      match(removed.stdout, /no more\n$/);
      const left = tree(box.dir).filter((line) => line.includes("svscan"));
      deepEqual(left, []);
    }
    deepEqual(said, [
      "djbox: /etc/systemd/system/svscan.service has svscan started at boot (systemd)\n" +
      "djbox: /etc/systemd/system/multi-user.target.wants/svscan.service has svscan started at boot (systemd)\n",
      "djbox: svscan is started at boot already (systemd)\n",
      "djbox: /etc/init.d/svscan has svscan started at boot (openrc)\n" +
      "djbox: /etc/runlevels/default/svscan has svscan started at boot (openrc)\n",
      "djbox: svscan is started at boot already (openrc)\n",
      "djbox: /etc/inittab has svscan started at boot (inittab)\n",
      "djbox: svscan is started at boot already (inittab)\n",
      "djbox: /etc/rc.local has svscan started at boot (rc.local)\n",
      "djbox: svscan is started at boot already (rc.local)\n",
    ]);
    equal(box.read("root/etc/inittab"), "id:3:initdefault:\n");
    equal(box.read("root/etc/rc.local"), "#!/bin/sh -e\necho hello\n\nexit 0\n");
    const again = await box.run(["djbox", "boot", "--remove", "--root", root]);
    equal(again.stdout, "djbox: there is no entry of djbox's for svscan\n");
  },
  ONLY,
);

const LINE = "/command/svscanboot &\n";

/** What is in rc.local, and what it becomes. */
const RC_LOCALS: readonly (readonly [string, string])[] = [
  ["", LINE],
  ["#!/bin/sh\necho hello", `#!/bin/sh\necho hello\n${LINE}`],
  [
    "echo hello\n  exit 0 # done\n\n# vi: sw=2\n",
    `echo hello\n${LINE}  exit 0 # done\n\n# vi: sw=2\n`,
  ],
  ["exit", `${LINE}exit\n`],
  ["[ -e /x ] || {\nexit 1\n}\n", `[ -e /x ] || {\nexit 1\n}\n${LINE}`],
  ["cat <<E\nexit 0\nE\n", `cat <<E\nexit 0\nE\n${LINE}`],
  [`if false; then\nexit 1\nfi\nexit 0\n`, `if false; then\nexit 1\nfi\n${LINE}exit 0\n`],
  ["exit 0\n\n# more\nexit 0\n", `${LINE}exit 0\n\n# more\nexit 0\n`],
  ["test -e /x || \\\n  exit 0\n", `test -e /x || \\\n  exit 0\n${LINE}`],
  ["exit_if_asked\n", `exit_if_asked\n${LINE}`],
  ["exec 2>/var/log/rc\n", `exec 2>/var/log/rc\n${LINE}`],
  // The script ends there, whatever stands before it in the line.
  ...["echo hello; exit 0\n", "test -e /x && exit 0 # enough\n", "sleep 1 & exec /etc/rc.more -a\n"]
    .map((text) => [text, `${LINE}${text}`] as const),
  // An `exit` that belongs to what is in a line before.
  ...[
    "test -e /x ||\nexit 0\n",
    "test -e /x && # if so\n\n  # that was it\n  exit 0 # done\n",
    "echo hello |\nexit\n",
    "test -e /x || {\nexit 1; }\n",
    "if test -e /x; then\n  exit 0; fi\n",
    "if test -e /x\n then true\n else\n exit 0; fi\n",
    "while test -e /x; do\nexit 0; done\n",
    "if test -e /x; then\necho hello\nexit 0; fi\n",
  ].map((text) => [text, `${text}${LINE}`] as const),
  // And one that only looks so.
  ...["# this or that ||\n", "test -e /x || sleep 1 &\n", "echo nothing to do\n"]
    .map((text) => [`${text}exit 0;\n`, `${text}${LINE}exit 0;\n`] as const),
];

toolTest("djbox boot puts its line where rc.local runs it", ["djbox"], async (box) => {
  const boot = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await box.run(["djbox", "boot", "--root", `${box.dir}/root`, ...args]);
    deepEqual([code, stderr], [0, ""]);
  };
  const rcLocal = tree.bind(undefined, `${box.dir}/root/etc`);
  for (const [text, expected] of RC_LOCALS) {
    box.write("root/etc/rc.local", text, 0o700);
    await boot("--init", "rc.local");
    equal(box.read("root/etc/rc.local"), expected);
    await boot("--remove");
    equal(box.read("root/etc/rc.local").trimEnd(), text.trimEnd());
    deepEqual(rcLocal(), ["700 /rc.local"]);
  }
  Deno.removeSync(`${box.dir}/root`, { recursive: true });
  await boot("--init", "rc.local");
  equal(box.read("root/etc/rc.local"), `#!/bin/sh\n${LINE}`);
  deepEqual(rcLocal(), ["755 /rc.local"]);
  // As Red Hat has it; the link would be another one on this machine.
  Deno.removeSync(`${box.dir}/root/etc/rc.local`);
  box.write("root/etc/rc.d/rc.local", "#!/bin/sh\n", 0o755);
  Deno.symlinkSync("/etc/rc.d/rc.local", `${box.dir}/root/etc/rc.local`);
  await boot("--init", "rc.local");
  equal(box.read("root/etc/rc.d/rc.local"), `#!/bin/sh\n${LINE}`);
  await boot("--remove");
  equal(box.read("root/etc/rc.d/rc.local"), "#!/bin/sh\n");
  deepEqual(rcLocal(), ["755 /rc.d", "755 /rc.d/rc.local", "/rc.local -> /etc/rc.d/rc.local"]);
}, ONLY);

toolTest("djbox boot leaves what is somebody else's", ["djbox"], async (box) => {
  const root = `${box.dir}/root`;
  const boot = (...args: string[]): Promise<{ stdout: string }> =>
    box.run(["djbox", "boot", "--root", root, ...args]);
  box.write("root/etc/inittab", "id:3:initdefault:\nSV:12345:respawn:/usr/bin/svscanboot\n");
  equal(
    (await boot("--init", "inittab")).stdout,
    `djbox: ${root}/etc/inittab has svscan started at boot already; nothing was added\n`,
  );
  Deno.removeSync(`${root}/etc/inittab`);
  const wants = "root/etc/systemd/system/multi-user.target.wants";
  box.write(`${wants}/daemontools.service`, "[Service]\nExecStart=/usr/bin/svscanboot\n");
  equal(
    (await boot("--init", "systemd")).stdout,
    `djbox: ${box.dir}/${wants}/daemontools.service has svscan started at boot already; ` +
      "nothing was added\n",
  );
  Deno.removeSync(`${box.dir}/${wants}/daemontools.service`);
  // As systemctl enable makes it: the link is to be followed below the root.
  const link = `${box.dir}/${wants}/daemontools-run.service`;
  const unit = "/lib/systemd/system/daemontools-run.service";
  Deno.symlinkSync(unit, link);
  box.write(`root${unit}`, "[Service]\nExecStart=/usr/bin/svscanboot\n");
  equal(
    (await boot("--init", "systemd")).stdout,
    `djbox: ${link} has svscan started at boot already; nothing was added\n`,
  );
  // The directory of units, too; what is on this machine does not count.
  Deno.renameSync(`${root}/lib`, `${root}/library`);
  Deno.symlinkSync("/library/../library/.", `${root}/lib`);
  match((await boot("--init", "systemd")).stdout, /daemontools-run\.service has svscan/);
  Deno.removeSync(`${root}/library`, { recursive: true });
  box.write("host.service", "[Service]\nExecStart=/usr/bin/svscanboot\n");
  Deno.removeSync(link);
  Deno.symlinkSync(`${box.dir}/host.service`, link);
  Deno.symlinkSync("loop.service", `${box.dir}/${wants}/loop.service`);
  match((await boot("--init", "systemd")).stdout, /\/svscan\.service has svscan started at boot/);
  await boot("--remove");
  // One that only speaks of it.
  box.write(`${wants}/other.service`, "[Unit]\nAfter=svscan.service\n[Service]\nExecStart=/x\n");
  match((await boot("--init", "systemd")).stdout, /\/svscan\.service has svscan started at boot/);
  await boot("--remove");
  const own = `${root}/etc/systemd/system/svscan.service`;
  const before = tree(root);
  // As systemctl(1) mask makes it.
  for (
    const put of [
      () => Deno.writeTextFileSync(own, "# mine\n"),
      () => Deno.symlinkSync("/dev/null", own),
    ]
  ) {
    put();
    deepEqual(await box.run(["djbox", "boot", "--root", root, "--init", "systemd"]), {
      code: 111,
      stdout: "",
      stderr: `djbox: fatal: ${own} is not djbox's: move it away; nothing was changed\n`,
    });
    await boot("--remove");
    equal(tree(root).length, before.length + 1);
    Deno.removeSync(own);
  }
}, ONLY);

toolTest("djbox boot leaves the line of another package's svscanboot", ["djbox"], async (box) => {
  const root = `${box.dir}/root`;
  box.write("root/etc/inittab", "SV:123456:respawn:/command/svscanboot\n");
  box.write("root/command/x", "");
  Deno.symlinkSync("/package/admin/daemontools/command/svscanboot", `${root}/command/svscanboot`);
  const boot = async (...args: string[]): Promise<string> =>
    (await box.run(["djbox", "boot", "--root", root, ...args])).stdout;
  equal(
    await boot("--init", "inittab"),
    `djbox: ${root}/etc/inittab has svscan started at boot already; nothing was added\n`,
  );
  equal(await boot("--remove"), "djbox: there is no entry of djbox's for svscan\n");
  equal(box.read("root/etc/inittab"), "SV:123456:respawn:/command/svscanboot\n");
}, ONLY);

toolTest("djbox boot keeps whose a file is, and what lies beside it", ["djbox"], async (box) => {
  const root = `${box.dir}/root`;
  box.write("root/etc/inittab", "id:3:initdefault:\n", 0o640);
  box.write("root/etc/inittab.new/precious", "");
  Deno.chownSync(`${root}/etc/inittab`, 1, 4);
  for (const args of [["--init", "inittab"], ["--remove"]]) {
    await box.run(["djbox", "boot", "--root", root, ...args]);
    const { uid, gid, mode } = Deno.statSync(`${root}/etc/inittab`);
    deepEqual([uid, gid, (mode ?? 0) & 0o777], [1, 4, 0o640]);
  }
  equal(box.read("root/etc/inittab"), "id:3:initdefault:\n");
  equal(box.read("root/etc/inittab.new/precious"), "");
}, { ...ONLY, root: true });

toolTest("djbox boot guesses nothing, and tells wrong usage", ["djbox"], async (box) => {
  box.write("root/etc/inittab", "");
  const { code, stdout } = await box.run(["djbox", "boot", "--root", `${box.dir}/root`]);
  equal(code, 0);
  match(
    stdout,
    /^djbox: nothing is booted from \S+ now; djbox boot .* adds svscan \(systemd, openrc, inittab, rc\.local\)\n$/,
  );
  equal(box.read("root/etc/inittab"), "");
  for (
    const args of [["x"], ["--init"], ["--stop", "--remove"], ["--remove", "--init", "systemd"]]
  ) {
    const result = await box.run(["djbox", "boot", ...args]);
    deepEqual(result, { code: 100, stdout: "", stderr: USAGE });
  }
  deepEqual(await box.run(["djbox", "boot", "--init", "upstart"]), {
    code: 111,
    stdout: "",
    stderr: "djbox: fatal: there is no init called upstart: systemd, openrc, inittab, rc.local\n",
  });
}, ONLY);

/** A service whose last words come when it is told to end. */
async function addService(machine: Machine): Promise<void> {
  await machine.edit(
    "/etc/talks/run",
    "#!/bin/sh\ntrap 'echo the last words; exit' TERM\necho hello\nwhile :; do sleep 0.05; done\n",
  );
  await machine.edit("/etc/talks/log/run", "#!/bin/sh\nexec multilog ./main\n");
  await machine.output("mkdir -p /service; ln -s /etc/talks /service");
}

async function install(machine: Machine, box: Box): Promise<string> {
  await machine.bring(await makeRelease(box, "release"), "/opt/release");
  return await machine.output("/opt/release/package/install");
}

const RUNS = "svstat /service/talks /service/talks/log";
const UP = /^(.*: up \(pid \d+\) \d+ seconds\n){2}$/;

/** Plays what init does with the orders that it is given: they are noted in /run/orders. */
function player(name: string, start: string, stop: string): string {
  return `#!/bin/sh
echo "${name} $*" >>/run/orders
case "$*" in
  *stop*) ${stop} ;;
  *start*) setsid ${start} </dev/null >/dev/null 2>&1 & ;;
esac
`;
}

bareMachineTest(
  "djbox boot with systemd: started, stopped in order, and removed",
  "init",
  async (machine, box) => {
    // As it is where the services are on another disk.
    await machine.output("ln -s /srv /service");
    await addService(machine);
    await machine.output("mkdir -p /run/systemd/system /etc/systemd/system");
    const unit = "/etc/systemd/system/svscan.service";
    const value = (key: string): string => `$(sed -n 's/^${key}=//p' ${unit})`;
    await machine.edit(
      "/usr/local/sbin/systemctl",
      player("systemctl", value("ExecStart"), value("ExecStop")),
    );
    match(
      await install(machine, box),
      new RegExp(
        `${unit} has svscan started at boot \\(systemd\\)\n[^]*svscan has been started\n$`,
      ),
    );
    await machine.until(RUNS, UP);
    equal(
      await machine.output("cat /run/orders"),
      "systemctl daemon-reload\nsystemctl start svscan.service\n",
    );
    // What runs is left alone.
    match(
      await machine.output("/package/admin/djbox/package/run"),
      /already \(systemd\)\n.*svscan \(pid \d+, .*\) looks after \/srv and goes on\n$/,
    );
    await machine.until("cat /service/talks/log/main/current", /^hello\n$/);
    match(
      await machine.output("djbox boot --remove"),
      /svscan.service has svscan started at boot no more\n/,
    );
    equal(await machine.output("cat /service/talks/log/main/current"), "hello\nthe last words\n");
    await machine.until("pidof svscan svscanboot multilog readproctitle; :", /^$/);
    equal(await machine.output("find /etc/systemd -name '*svscan*'"), "");
  },
);

bareMachineTest(
  "djbox boot with inittab, which init is told to read again",
  "init",
  async (machine, box) => {
    await addService(machine);
    await machine.edit("/etc/inittab", "id:3:initdefault:\n");
    machine.playInit();
    match(
      await install(machine, box),
      /\/etc\/inittab has svscan started at boot \(inittab\)\n.*svscan has been started\n$/,
    );
    equal(
      await machine.output("cat /etc/inittab"),
      "id:3:initdefault:\nSV:123456:respawn:/command/svscanboot\n",
    );
    await machine.until(RUNS, UP);
    match(
      await machine.output("djbox boot --remove"),
      /^djbox: \/etc\/inittab has .* no more\ndjbox: svscan \(pid \d+\), .*, has been stopped\n$/,
    );
    equal(await machine.output("cat /service/talks/log/main/current"), "hello\nthe last words\n");
    equal(await machine.output("cat /etc/inittab"), "id:3:initdefault:\n");
  },
);

bareMachineTest(
  "djbox boot does not say that what does not run was started",
  "init",
  async (machine, box) => {
    await machine.output("mkdir -p /run/systemd/system /etc/systemd/system");
    await machine.edit("/usr/local/sbin/systemctl", "#!/bin/sh\n");
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    const { code, stdout, stderr } = await machine.type("/opt/release/package/install");
    match(
      stdout,
      /multi-user.target.wants\/svscan.service has svscan started at boot \(systemd\)\n$/,
    );
    deepEqual([code, stderr], [
      111,
      "djbox: fatal: systemd was to start svscan, and none runs after 5 seconds\n",
    ]);
  },
);

bareMachineTest("djbox boot with OpenRC", "init", async (machine, box) => {
  await addService(machine);
  await machine.edit("/run/openrc/softlevel", "default\n");
  const script = "/etc/init.d/svscan";
  await machine.edit(
    "/usr/local/sbin/rc-service",
    player("rc-service", `$(sed -n 's/^command=//p' ${script})`, `. ${script}; stop_pre`),
  );
  match(
    await install(machine, box),
    /\/etc\/init.d\/svscan has svscan started at boot \(openrc\)\n/,
  );
  await machine.until(RUNS, UP);
  // What has failed may have stopped something.
  const failing = "mount --bind /bin/false /usr/local/sbin/rc-service; djbox boot --remove";
  deepEqual(await machine.type(failing), {
    code: 111,
    stdout: "",
    stderr: "djbox: fatal: rc-service svscan stop has failed; no file was changed\n",
  });
  await machine.output("umount /usr/local/sbin/rc-service");
  await machine.output(`sh -n ${script}; djbox boot --remove`);
  equal(
    await machine.output("cat /run/orders"),
    "rc-service svscan start\nrc-service svscan stop\n",
  );
  equal(await machine.output("cat /service/talks/log/main/current"), "hello\nthe last words\n");
});

bareMachineTest(
  "djbox boot with rc.local starts svscan in the background",
  "init",
  async (machine, box) => {
    // As it is where there is more room on another disk.
    await machine.output("mkdir -p /srv/package; ln -s /srv/package /package");
    await addService(machine);
    await machine.edit("/etc/rc.local", "#!/bin/sh\nexit 0\n");
    match(
      await install(machine, box),
      /rc.local has svscan started at boot \(rc.local\)\n.*svscan has been started\n$/,
    );
    await machine.until(RUNS, UP);
    equal(await machine.output("cat /etc/rc.local"), "#!/bin/sh\n/command/svscanboot &\nexit 0\n");
    // A service that does not end is told of; there is no entry then, nevertheless.
    await machine.edit(
      "/service/stays/run",
      "#!/bin/sh\ntrap '' TERM\necho >up\nexec sleep 1000\n",
    );
    await machine.until("ls /service/stays", /^up$/m);
    const { code, stdout, stderr } = await machine.type("djbox boot --remove");
    deepEqual([code, stderr], [111, ""]);
    match(
      stdout,
      /^djbox: \/etc\/rc.local has .* no more\ndjbox: svscan \(pid \d+\), .*, has been stopped\ndjbox: \/service\/stays was told to stop, and has not ended yet\n$/,
    );
    equal(await machine.output("cat /etc/rc.local"), "#!/bin/sh\nexit 0\n");
    equal(await machine.output("cat /service/talks/log/main/current"), "hello\nthe last words\n");
    await machine.output("svc -k /service/stays");
    match(
      await machine.output("djbox boot --remove"),
      /^djbox: there is no entry of djbox's for svscan\n(djbox: supervise .* has been stopped\n)?$/,
    );
    await machine.until("pidof svscan supervise multilog readproctitle; :", /^$/);
    // Who asks next must find it, be it while it starts a service.
    match(await machine.output("djbox boot >/dev/null; pidof svscan"), /^\d/);
  },
);

/** An installation of the box's own: its root, and the environment for what is run from there. */
async function installAlone(box: Box): Promise<{ root: string; env: Record<string, string> }> {
  const root = `${box.dir}/root`;
  const release = await makeRelease(box, "release");
  equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
  return { root, env: { PATH: `${root}/command:/usr/bin:/bin` } };
}

toolTest(
  "djbox boot --stop finds what svscan is about to start",
  ["djbox"],
  async (box) => {
    const { root, env } = await installAlone(box);
    writeServices(box, ["root/service/a"]);
    // Its first folder is supervise; it takes a second.
    const late = ["strace", "-f", "-o", "trace", "-e", "inject=mkdirat:delay_enter=1000000:when=1"];
    box.start([...late, `${root}/command/svscan`, `${root}/service`], { env });
    await box.until("it is svscan", () => processesCalled(box, "svscan").length > 0);
    const { code, stdout } = await box.run([`${root}/command/djbox`, "boot", "--stop"]);
    equal(code, 0);
    match(
      stdout,
      /^djbox: svscan \(pid \d+\), which looked after \S+\/service, has been stopped\n$/,
    );
    equal(await isSupervised(box, "root/service/a"), false);
    equal(processesIn(box, "root/service/a").length, 0);
  },
  { ...ONLY, programs: ["strace"] },
);

toolTest(
  "djbox boot --stop leaves all as it is where svscan can leave its services to nobody",
  ["djbox"],
  async (box) => {
    if (!HAS_BUNDLE) return;
    const { root, env } = await installAlone(box);
    writeServices(box, ["sv/a", "sv/a/log"]);
    box.start([`${root}/command/svscan`, "sv"], { env });
    const pids = await untilUp(box, ["sv/a", "sv/a/log"]);
    const part = `${root}/package/admin/djbox/runtime/tool.supervise.js`;
    Deno.renameSync(part, part + ".away");
    const stop = (): Promise<Result> => box.run([`${root}/command/djbox`, "boot", "--stop"]);
    const { code, stdout } = await stop();
    equal(code, 111);
    match(
      stdout,
      /^djbox: svscan \(pid \d+\), which looked after \S+, was told to stop, and has not ended yet\n$/,
    );
    deepEqual(["sv/a", "sv/a/log"].map((name) => pidOf(box, name)), pids);
    Deno.renameSync(part + ".away", part);
    await box.until("it can be stopped now", async () => (await stop()).code === 0);
    for (const name of ["sv/a", "sv/a/log"]) equal(processesIn(box, name).length, 0);
  },
  ONLY,
);

toolTest(
  "djbox boot --stop ends a service before its logger where each has a supervise of its own",
  ["djbox"],
  async (box) => {
    const { root, env } = await installAlone(box);
    box.script("a/log/run", "exec multilog s1000000 ./main <../../fifo");
    box.script(
      "a/run",
      `exec >../fifo; trap "echo goodbye; exit" TERM; echo hello
while :; do sleep 0.05; done`,
    );
    await box.sh("mkfifo fifo");
    // The logger's has the lower pid.
    box.start([`${root}/command/supervise`, "a/log"], { env });
    await box.until("its supervise is there", () => isSupervised(box, "a/log"));
    box.start([`${root}/command/supervise`, "a"], { env });
    await box.until("it says hello", () => box.read("a/log/main/current") === "hello\n");
    const { code, stdout } = await box.run([`${root}/command/djbox`, "boot", "--stop"]);
    equal(code, 0, stdout);
    equal(box.read("a/log/main/current"), "hello\ngoodbye\n");
  },
  ONLY,
);

toolTest("djbox boot --stop lets a container's svscan go on", ["djbox"], async (box) => {
  const { root, env } = await installAlone(box);
  writeServices(box, ["root/service/a"]);
  // In it the paths are the machine's, and the files are not.
  const inside = `cp -al root copy && mount --bind copy root && cd root/service && exec svscan`;
  box.start(["unshare", "--mount", "sh", "-c", inside], { env });
  await box.until("its service runs", () => processesIn(box, "root/service/a").length > 0);
  const { code, stdout, stderr } = await box.run([`${root}/command/djbox`, "boot", "--stop"]);
  deepEqual([code, stdout, stderr], [0, "", ""]);
  equal(processesIn(box, "root/service/a").length, 1);
}, { ...ONLY, root: true, programs: ["unshare", "mount"] });

bareMachineTest("djbox boot does not know every process 1", "runit", async (machine, box) => {
  await machine.edit("/etc/inittab", "id:3:initdefault:\n");
  match(
    await install(machine, box),
    /djbox: process 1 is runit, none of the inits that djbox knows \(.*\): svscan is not started at boot, until that starts \/command\/svscanboot\n$/,
  );
  equal(await machine.output("cat /etc/inittab"), "id:3:initdefault:\n");
});
