// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { bareMachineTest } from "../harness/machine.ts";
import {
  HAS_BUNDLE,
  isThere,
  makeRelease,
  NEXT_VERSION,
  tree,
  VERSION,
} from "../harness/release.ts";
import { isAlive, processesCalled, statusOf, untilUp, writeLogged } from "../harness/services.ts";

const ONLY = { djboxOnly: "no C package has it" };

/** A root in the box below which djbox is installed. */
async function installed(box: Box): Promise<string> {
  const root = `${box.dir}/root`;
  const release = await makeRelease(box, "release");
  equal((await box.run([`${release}/package/install`, "--root", root, "--no-boot"])).code, 0);
  return root;
}

toolTest("djbox uninstall removes what was installed, and nothing else", ["djbox"], async (box) => {
  const root = `${box.dir}/root`;
  box.write("root/usr/local/bin/svok", "mine");
  box.write("root/usr/local/bin/other", "mine");
  box.write("root/command/other", "mine");
  box.write("root/package/admin/djbox-extras-1.0/file", "");
  box.write(`root/package/admin/djbox-${VERSION}.tar.gz`, "");
  const before = tree(root);
  for (const [name, version] of [["1", VERSION], ["2", NEXT_VERSION]] as const) {
    const release = await makeRelease(box, name, version);
    equal((await box.run([`${release}/package/install`, "--root", root, "--beside"])).code, 0);
  }
  box.write("root/service/a/log/main/current", "a line\n");
  const elsewhere = await makeRelease(box, "mine");
  Deno.symlinkSync(elsewhere, `${root}/package/admin/djbox-0.0.9`);
  const mine = tree(elsewhere);
  const { code, stdout, stderr } = await box.run([`${root}/command/djbox`, "uninstall"]);
  deepEqual([code, stderr], [0, ""]);
  equal(
    stdout,
    `djbox: djbox is no more in ${root}/package/admin\n` +
      `djbox: ${root}/usr/local/bin/svok is not djbox's and was left\n` +
      `djbox: ${root}/service/a was left, with what is in it\n`,
  );
  equal(box.read("root/service/a/log/main/current"), "a line\n");
  deepEqual(tree(elsewhere), mine);
  Deno.removeSync(`${root}/service`, { recursive: true });
  Deno.chmodSync(`${root}/package`, 0o755);
  deepEqual(tree(root).filter((line) => !line.includes("/usr/local/share")), before);
  deepEqual(await box.run(["djbox", "uninstall", "--root", root]), {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: there is no djbox in ${root}/package/admin; nothing was changed\n`,
  });
  deepEqual(await box.run(["djbox", "uninstall", "now"]), {
    code: 100,
    stdout: "",
    stderr: "djbox-uninstall: usage: djbox uninstall [ --root dir ]\n",
  });
}, ONLY);

for (const left of ["svscan", "supervise"]) {
  toolTest(
    `djbox uninstall stops what runs under ${left}, no line is lost`,
    ["djbox"],
    async (box) => {
      const root = `${box.dir}/root`;
      Deno.mkdirSync(`${box.dir}/real`);
      Deno.symlinkSync("real", root);
      const release = await makeRelease(box, "release");
      equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
      writeLogged(box, "root/service/a");
      box.script("root/service/b/run", "exec sleep 100000");
      const env = { PATH: `${root}/command:/usr/bin:/bin` };
      const svscan = box.start([`${root}/command/svscan`, `${root}/service`], { env });
      const pids = (): number[] =>
        ["a", "a/log", "b"].map((name) => statusOf(box, `root/service/${name}`)?.pid ?? 0);
      await box.until("all are up", () => pids().every((pid) => pid > 0));
      const running = pids();
      if (left === "supervise") {
        svscan.kill("SIGTERM");
        await svscan.ended;
      }
      const uninstall = ["djbox", "uninstall", "--root", root];
      const { code, stdout, stderr } = await box.run(uninstall);
      deepEqual([code, stderr], [0, ""]);
      match(
        stdout,
        new RegExp(
          `^djbox: ${left} \\(pid \\d+\\), which looked after \\S+/service, has been stopped\n`,
        ),
      );
      ok(running.every((pid) => !isAlive(pid)));
      const written = Number(box.read("root/service/a/n"));
      const logged = box.read("root/service/a/log/lines").trim().split("\n").map(Number);
      deepEqual(logged, Array.from({ length: logged.length }, (_, at) => at + 1));
      ok(logged.length - written <= 1 && written - logged.length <= 0);
    },
    ONLY,
  );
}

toolTest("djbox uninstall stops a supervise that svscan has no part in", ["djbox"], async (box) => {
  const root = await installed(box);
  box.script("a/run", "exec sleep 100000");
  const supervise = box.start([`${root}/command/supervise`, "a"]);
  const [service] = await untilUp(box, ["a"]) as [number];
  const { code, stdout, stderr } = await box.run(["djbox", "uninstall", "--root", root]);
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /^djbox: supervise \(pid \d+\), which looked after \S+\/a, has been stopped\n/);
  equal(await supervise.ended, 0);
  equal(isAlive(service), false);
}, ONLY);

toolTest(
  "djbox uninstall starts nothing again where two processes look after a directory",
  ["djbox"],
  async (box) => {
    const root = await installed(box);
    const names = ["a", "b", "c"];
    for (const name of names) {
      // One that takes its time: what the others are told comes long before the end of all.
      const last = name === "a" ? "sleep 2" : ":";
      const loop = "while :; do sleep .05; done";
      box.script(
        `root/service/${name}/run`,
        `echo up >>starts; trap '${last}; exit' TERM; ${loop}`,
      );
    }
    const services = names.map((name) => `root/service/${name}`);
    const start = (): ReturnType<typeof box.start> =>
      box.start([`${root}/command/svscan`, `${root}/service`], {
        env: { PATH: `${root}/command:/usr/bin:/bin` },
      });
    const first = start();
    await untilUp(box, services);
    await box.until(
      "they have begun",
      () => services.every((it) => isThere(`${box.dir}/${it}/starts`)),
    );
    first.kill("SIGTERM");
    equal(await first.ended, 128 + 15);
    await box.until("supervise goes on", () => processesCalled(box, "supervise").length === 1);
    const second = start();
    await box.until("it runs", () => processesCalled(box, "svscan").length === 1);
    const { code, stdout, stderr } = await box.run(["djbox", "uninstall", "--root", root]);
    deepEqual([code, stderr], [0, ""]);
    equal(stdout.match(/has been stopped/g)?.length, 2);
    equal(await second.ended, 128 + 15);
    for (const service of services) equal(box.read(`${service}/starts`), "up\n");
  },
  ONLY,
);

toolTest(
  "djbox below a root that a link leads out of does not take the machine for it",
  ["djbox"],
  async (box) => {
    const root = `${box.dir}/root`;
    const release = await makeRelease(box, "release");
    Deno.mkdirSync(`${box.dir}/data`);
    Deno.mkdirSync(root);
    Deno.symlinkSync("../data", `${root}/package`);
    equal((await box.run([`${release}/package/install`, "--root", root, "--no-boot"])).code, 0);
    const before = tree(root);
    for (const what of [["uninstall"], ["install", "run"], ["boot"], ["boot", "--remove"]]) {
      deepEqual(await box.run([`${root}/command/djbox`, ...what]), {
        code: 111,
        stdout: "",
        stderr: `djbox: fatal: ${box.dir}/data/admin/djbox-${VERSION} is in no package/admin; ` +
          "say below which root it is used: --root DIR\n",
      });
    }
    deepEqual(tree(root), before);
    equal((await box.run([`${root}/command/djbox`, "boot", "--stop"])).code, 0);
    equal((await box.run([`${root}/command/djbox`, "uninstall", "--root", root])).code, 0);
    deepEqual(tree(`${box.dir}/data`), []);
    // What is in a path is its own affair.
    const odd = `${box.dir}/a\nb`;
    equal((await box.run([`${release}/package/install`, "--root", odd, "--no-boot"])).code, 0);
    const { code, stdout } = await box.run([`${odd}/command/djbox`, "uninstall"]);
    equal(code, 0);
    match(stdout, /^djbox: djbox is no more in /);
  },
  ONLY,
);

toolTest("djbox uninstall tells of a svscan that does not end", ["djbox"], async (box) => {
  const root = await installed(box);
  Deno.mkdirSync(`${box.dir}/empty`);
  const svscan = box.start([`${root}/command/svscan`, "empty"]);
  await box.until("it runs", () => processesCalled(box, "svscan").length === 1);
  svscan.kill("SIGSTOP");
  const { code, stdout } = await box.run(["djbox", "uninstall", "--root", root]);
  equal(code, 111);
  match(stdout, /^djbox: svscan \(pid \d+\), .*, was told to stop, and has not ended yet\n/);
  svscan.kill("SIGCONT");
  equal(await svscan.ended, 128 + 15);
}, ONLY);

bareMachineTest(
  "djbox uninstall at / ends what boots, and C's package can have its names back",
  "init",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    await machine.edit("/package/admin/daemontools-0.76/command/svc", "#!/bin/sh\necho C\n");
    await machine.edit("/etc/inittab", "id:3:initdefault:\n");
    await machine.output("ln -s daemontools-0.76 /package/admin/daemontools; mkdir /command");
    await machine.output("ln -s /package/admin/daemontools/command/svc /command/svc");
    const init = machine.playInit();
    await machine.output("/opt/release/package/install --replace");
    await machine.edit("/service/a/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.until("svstat /service/a", /: up /);
    const said = await machine.output("djbox uninstall");
    match(
      said,
      /^djbox: svscan \(pid \d+\), which looked after \/service, has been stopped\ndjbox: \/etc\/inittab has svscan started no more\n/,
    );
    match(
      said,
      /\ndjbox: \/package\/admin\/daemontools is there still: its package\/upgrade brings its commands back\n$/,
    );
    await init.ended;
    equal(
      await machine.output("cat /etc/inittab; ls -d /command /usr/local/bin/* 2>/dev/null; :"),
      "id:3:initdefault:\n",
    );
    equal(
      await machine.output("ls /package/admin; ls /service/a"),
      "daemontools\ndaemontools-0.76\nrun\nsupervise\n",
    );
  },
);

toolTest("djbox uninstall is refused while somebody installs", ["djbox"], async (box) => {
  const root = `${box.dir}/root`;
  const release = await makeRelease(box, "release");
  equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
  const before = tree(root);
  const admin = `${root}/package/admin`;
  deepEqual(await box.run(["flock", admin, `${root}/command/djbox`, "uninstall"]), {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: somebody else is installing, removing or taking over in ${admin}; ` +
      "wait for that; nothing was changed\n",
  });
  deepEqual(tree(root), before);
}, ONLY);

bareMachineTest(
  "djbox uninstall that fails among the files can be called again",
  "sleep",
  async (machine, box) => {
    const versions = HAS_BUNDLE ? [NEXT_VERSION, VERSION] : [VERSION];
    for (const version of versions) {
      await machine.bring(await makeRelease(box, version, version), `/opt/${version}`);
      await machine.output(`/opt/${version}/package/install --no-boot`);
    }
    const home = `/package/admin/djbox-${VERSION}`;
    // What is mounted cannot be removed.
    const stuck = versions.map((version) => `/package/admin/djbox-${version}/man/man8/svc.8`);
    if (HAS_BUNDLE) stuck.push(`${home}/runtime/tool.svok.js`);
    for (const path of stuck) await machine.output(`mount --bind /etc/hostname ${path}`);
    let call = "djbox uninstall";
    for (const path of stuck) {
      const { code, stdout, stderr } = await machine.type(call);
      deepEqual([code, stdout], [111, ""]);
      match(
        stderr,
        new RegExp(
          `^djbox: fatal: unable to remove ${path.slice(0, path.indexOf("/", 17))}: .*; ` +
            `${home}/djbox uninstall --root / removes the rest\n$`,
        ),
      );
      await machine.output(`umount ${path}`);
      call = `${home}/djbox uninstall --root /`;
    }
    equal(await machine.output(call), "djbox: djbox is no more in /package/admin\n");
    equal((await machine.type("ls -d /package /command")).code, 2);
  },
);

toolTest(
  "djbox uninstall says what removes the rest of its own version",
  ["djbox"],
  async (box) => {
    if (!HAS_BUNDLE) return;
    const root = `${box.dir}/root`;
    const release = await makeRelease(box, "release");
    equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
    const home = `${root}/package/admin/djbox-${VERSION}`;
    const again = `${home}/djbox uninstall --root ${root}`;
    const refusedAt = async (path: string, call: string, expected: string): Promise<void> => {
      const refuse = `strace -f -o trace -P ${path} -e inject=unlinkat:error=EPERM`;
      deepEqual(await box.sh(`${refuse} ${call}`), {
        code: 111,
        stdout: "",
        stderr:
          `djbox: fatal: unable to remove ${home}: permission denied; ${expected} removes the rest\n`,
      });
    };
    await refusedAt(`${home}/runtime/deno`, `${root}/command/djbox uninstall`, again);
    await refusedAt(`${home}/runtime/djbox.js`, again, `rm -r ${home}`);
    equal((await box.run([`${home}/djbox`])).code, 111);
  },
  { ...ONLY, root: true, programs: ["strace"] },
);

toolTest(
  "djbox uninstall leaves all files where a service does not end",
  ["djbox"],
  async (box) => {
    const root = `${box.dir}/root`;
    const release = await makeRelease(box, "release");
    equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
    const boot = ["djbox", "boot", "--root", root, "--init", "systemd"];
    equal((await box.run(boot)).code, 0);
    box.script("root/service/a/run", "trap '' TERM; echo up >up; while :; do sleep 1; done");
    const env = { PATH: `${root}/command:/usr/bin:/bin` };
    box.start([`${root}/command/svscan`, `${root}/service`], { env });
    await box.until("it is up", () => box.read("root/service/a/up") !== "");
    const { code, stdout, stderr } = await box.run([`${root}/command/djbox`, "uninstall"]);
    deepEqual([code, stderr], [
      111,
      "djbox: fatal: a service does not end: end it yourself, then do this again; no file was changed\n",
    ]);
    match(
      stdout,
      /^djbox: svscan .* has been stopped\ndjbox: \S+\/service\/a was told to stop, and has not ended yet\n$/,
    );
    ok(isThere(`${root}/command/svok`));
    const unit = "/etc/systemd/system/svscan.service";
    ok(isThere(root + unit));
    await box.sh(`svc -k ${root}/service/a`);
    const again = await box.run([`${root}/command/djbox`, "uninstall"]);
    equal(again.code, 0);
    ok(again.stdout.includes(`djbox: ${root}${unit} has svscan started no more\n`));
    ok(!isThere(`${root}/command`));
  },
  ONLY,
);
