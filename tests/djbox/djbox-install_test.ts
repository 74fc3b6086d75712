// SPDX-License-Identifier: 0BSD
// Installing below a directory, as any user. At / and as root: tests/djbox/release_test.ts, djbox-boot_test.ts.
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { type Box, type Result, toolTest } from "../harness/harness.ts";
import { lines, statusOf, writeLogged } from "../harness/services.ts";
import { bareMachineTest } from "../harness/machine.ts";
import {
  HAS_BUNDLE,
  isThere,
  makeRelease,
  NEXT_VERSION,
  tree,
  VERSION,
} from "../harness/release.ts";

const ONLY = { djboxOnly: "C's packages have shell scripts for it" };
const NOBODY = 65534;
const USAGE = "djbox-install: usage: djbox install [ --root dir ] [ --replace | --beside ] " +
  "[ --no-boot ] [ compile | upgrade | run ]\n";

function installTest(
  name: string,
  body: (box: Box) => Promise<void>,
  needs: { root?: boolean; bundle?: boolean; programs?: readonly string[] } = {},
): void {
  if (needs.bundle === true && !HAS_BUNDLE) return;
  toolTest(`installing: ${name}`, ["djbox"], body, {
    ...ONLY,
    root: needs.root === true,
    programs: needs.programs ?? [],
  });
}

/** Calls a step of a release and expects it to go well. */
async function step(box: Box, release: string, name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await box.run([`${release}/package/${name}`, ...args]);
  deepEqual([code, stderr], [0, ""]);
  return stdout;
}

const TOOL = /\/(tool\.[^/]*\.js|docs?\/.*|man\/.*|completions\/.*)$/;

installTest(
  "the package is laid out, its links are relative, and it can be repeated",
  async (box) => {
    const release = await makeRelease(box, "release");
    const root = `${box.dir}/a root`;
    for (let i = 0; i < 2; i++) {
      const said = await step(box, release, "install", "--root", `${root}/`);
      match(said, /^djbox: djbox \S+ is in .*\ndjbox: djbox \S+ is in use: .*\ndjbox: nothing is /);
      const found = tree(root).filter((line) =>
        !TOOL.test(line) && !/\/(man|completions)$/.test(line)
      );
      const links = found.filter((line) => / -> /.test(line) && !/\/svok /.test(line));
      deepEqual(found.filter((line) => !links.includes(line)), [
        "755 /command",
        "/command/svok -> ../package/admin/djbox/command/svok",
        "1755 /package",
        "755 /package/admin",
        `755 /package/admin/djbox-${VERSION}`,
        `755 /package/admin/djbox-${VERSION}/command`,
        `/package/admin/djbox-${VERSION}/command/svok -> ../djbox`,
        `755 /package/admin/djbox-${VERSION}/djbox`,
        `755 /package/admin/djbox-${VERSION}/doc`,
        `755 /package/admin/djbox-${VERSION}/package`,
        ...["compile", "install", "run", "upgrade"]
          .map((name) => `755 /package/admin/djbox-${VERSION}/package/${name}`),
        ...(HAS_BUNDLE ? [`755 /package/admin/djbox-${VERSION}/runtime`] : []),
        ...(HAS_BUNDLE ? ["base.js", "deno", "djbox.js"] : []).map((name) =>
          `${name === "deno" ? 755 : 644} /package/admin/djbox-${VERSION}/runtime/${name}`
        ),
        "755 /service",
        "755 /usr",
        "755 /usr/local",
        "755 /usr/local/bin",
        "/usr/local/bin/svok -> ../../../command/svok",
        ...found.filter((line) => line.startsWith("755 /usr/local/share")),
      ]);
      ok(links.includes(`/package/admin/djbox -> djbox-${VERSION}`));
      // What a build before this one had.
      box.write(`a root/package/admin/djbox-${VERSION}/doc/old`, "");
    }
    Deno.renameSync(root, `${box.dir}/elsewhere`);
    for (const place of ["command", "usr/local/bin"]) {
      const usage = await box.run([`${box.dir}/elsewhere/${place}/svok`]);
      deepEqual(usage, { code: 100, stdout: "", stderr: "svok: usage: svok dir\n" });
    }
  },
);

installTest("each step does its part, and says what lacks before it", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  const early = await box.run([`${release}/package/upgrade`, "--root", root]);
  deepEqual(early, {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: there is no ${root}/package/admin/djbox-${VERSION}/djbox; ` +
      "package/compile puts it there; nothing was changed\n",
  });
  ok(!isThere(root));
  const { code, stderr } = await box.run([`${release}/package/run`, "--root", root]);
  deepEqual(
    [code, stderr],
    [
      111,
      `djbox: fatal: there is no ${root}/package/admin/djbox; ` +
      "package/upgrade puts it there; nothing was changed\n",
    ],
  );
  ok(!isThere(root));
  await step(box, release, "compile", "--root", root);
  deepEqual([isThere(`${root}/command`), isThere(`${root}/package/admin/djbox`)], [false, false]);
  // From here on the root is known: it is where the release lies.
  const home = `${root}/package/admin/djbox-${VERSION}`;
  await step(box, home, "upgrade");
  deepEqual([isThere(`${root}/command/svok`), isThere(`${root}/service`)], [true, false]);
  await step(box, home, "run");
  ok(isThere(`${root}/service`));
});

installTest("what cannot be said is done nevertheless", async (box) => {
  const release = await makeRelease(box, "release");
  for (const [i, sink] of [">/dev/full", "| :", ">&-"].entries()) {
    const root = `${box.dir}/root${i}`;
    const { stderr } = await box.sh(
      `{ ${release}/package/install --root ${root}; echo $? >code; } ${sink}`,
    );
    deepEqual([stderr, box.read("code")], ["", "0\n"], sink);
    ok(isThere(`${root}/command/svok`) && isThere(`${root}/service`));
  }
});

installTest(
  "a release that is unpacked in its place is installed there, at home too",
  async (box) => {
    const uid = Deno.uid() === 0 ? NOBODY : Deno.uid() ?? NOBODY;
    await makeRelease(box, `home/package/admin/djbox-${VERSION}`);
    const as = Deno.uid() === 0 ? ["setpriv", `--reuid=${uid}`, "--clear-groups"] : [];
    await box.run(["chown", "-R", "-h", `${uid}`, `${box.dir}/home`]);
    const home = `${box.dir}/home`;
    const { code, stderr } = await box.run(
      [...as, "sh", "-c", `umask 077; cd package/admin/djbox-${VERSION} && package/install`],
      { cwd: home },
    );
    deepEqual([code, stderr], [0, ""]);
    equal((await box.run([...as, "usr/local/bin/svok"], { cwd: home })).code, 100);
    ok(tree(home).includes("755 /command"));

    box.write("other/file", "");
    Deno.chmodSync(`${box.dir}/other`, 0o555);
    const other = await box.run([
      ...as,
      `${home}/command/djbox`,
      "install",
      "--root",
      `${box.dir}/other`,
    ]);
    deepEqual(other, {
      code: 111,
      stdout: "",
      stderr: `djbox: fatal: unable to create ${box.dir}/other/package/admin: access denied; ` +
        "only root may do that; with --root DIR any user may; nothing was changed\n",
    });
  },
);

installTest("versions are switched, and switched back", async (box) => {
  const [old, fresh] = [await makeRelease(box, "1"), await makeRelease(box, "2", NEXT_VERSION)];
  const root = `${box.dir}/root`;
  const current = (): string => Deno.readLinkSync(`${root}/package/admin/djbox`);
  await step(box, old, "install", "--root", root);
  // A tool and a page that the next version has not.
  for (const place of ["command", "usr/local/bin"]) {
    Deno.symlinkSync("../package/admin/djbox/command/gone", `${root}/${place}/gone`);
  }
  const page = `${root}/usr/local/share/man/man1/gone.1`;
  Deno.symlinkSync("../../../../../package/admin/djbox/man/man1/gone.1", page);
  const others = `${root}/usr/local/share/man/man1/other.1`;
  Deno.symlinkSync("/elsewhere/package/admin/djbox/man/man1/other.1", others);
  const said = await step(box, fresh, "install", "--root", root);
  equal(current(), `djbox-${NEXT_VERSION}`);
  ok(said.includes(`djbox-${VERSION} stays; its package/upgrade is the way back\n`));
  ok(!isThere(`${root}/command/gone`) && !isThere(`${root}/usr/local/bin/gone`));
  deepEqual([isThere(page), isThere(others)], [false, true]);
  equal((await box.run([`${root}/command/djbox`, "--version"])).stdout.split(" ")[1], NEXT_VERSION);
  await step(box, `${root}/package/admin/djbox-${VERSION}`, "upgrade");
  equal(current(), `djbox-${VERSION}`);
  equal((await box.run([`${root}/command/djbox`, "--version"])).stdout.split(" ")[1], VERSION);
}, { bundle: true });

installTest("a command can be run at any moment of a switch", async (box) => {
  const [old, fresh] = [await makeRelease(box, "1"), await makeRelease(box, "2", NEXT_VERSION)];
  const root = `${box.dir}/root`;
  await step(box, old, "install", "--root", root);
  let switching = true;
  let runs = 0;
  const running = (async () => {
    for (; switching; runs++) equal((await box.run([`${root}/command/svok`])).code, 100);
  })();
  try {
    for (let i = 0; i < 3; i++) {
      for (const release of [fresh, old]) await step(box, release, "install", "--root", root);
    }
  } finally {
    switching = false;
    await running;
  }
  ok(runs > 0);
}, { bundle: true });

installTest("services and their logs go on while versions are switched", async (box) => {
  const [old, fresh] = [await makeRelease(box, "1"), await makeRelease(box, "2", NEXT_VERSION)];
  const root = `${box.dir}/root`;
  await step(box, old, "install", "--root", root);
  writeLogged(box, "root/service/a");
  const svscan = box.start([`${root}/command/svscan`, `${root}/service`], {
    env: { PATH: `${root}/command:/usr/bin:/bin` },
  });
  const pids = (): (number | undefined)[] =>
    ["a", "a/log"].map((name) => statusOf(box, `root/service/${name}`)?.pid);
  const count = (): number => lines(box, "root/service/a").length;
  await box.until("lines arrive", () => count() > 3);
  const before = pids();
  const up = await step(box, fresh, "install", "--root", root);
  match(up, new RegExp(`svscan \\(pid ${svscan.pid}\\) goes on as it was started; djbox upgrade`));
  const runtime = (): string => Deno.readLinkSync(`/proc/${svscan.pid}/exe`);
  const upgrade = async (): Promise<void> => {
    const { code, stderr } = await box.run([`${root}/command/djbox`, "upgrade", `${root}/service`]);
    deepEqual([code, stderr], [0, ""]);
    const after = count();
    await box.until("more lines", () => count() > after + 5);
    deepEqual(pids(), before);
  };
  await upgrade();
  ok(runtime().includes(`/djbox-${NEXT_VERSION}/`));
  await step(box, `${root}/package/admin/djbox-${VERSION}`, "upgrade");
  await upgrade();
  ok(runtime().includes(`/djbox-${VERSION}/`));
  const found = lines(box, "root/service/a");
  deepEqual(found, found.map((_, at) => at + 1));
}, { bundle: true });

installTest("what is being executed is replaced, never written over", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await step(box, release, "install", "--root", root);
  const djbox = `${root}/package/admin/djbox-${VERSION}/djbox`;
  const before = Deno.statSync(djbox);
  box.script("root/sleeps/run", "exec sleep 1000");
  box.start([`${root}/command/supervise`, `${root}/sleeps`]);
  await box.until("it runs", () => statusOf(box, "root/sleeps") !== undefined);
  await box.run(["sh", "-c", `cp djbox djbox.own && mv djbox.own djbox`], { cwd: release });
  await step(box, release, "install", "--root", root);
  notEqual(Deno.statSync(djbox).ino, before.ino);
  deepEqual(Deno.statSync(djbox).size, before.size);
});

/** C daemontools as slashpackage has installed it. */
async function installOriginal(box: Box, root: string): Promise<void> {
  box.script(`${root}/package/admin/daemontools-0.76/command/svok`, "echo the other one");
  box.script(`${root}/package/admin/daemontools-0.76/command/svc`, "echo the other one");
  const links = `ln -s daemontools-0.76 package/admin/daemontools; mkdir -p command usr/local/bin
    for name in svc svok; do
      ln -s /package/admin/daemontools/command/$name command; ln -s /command/$name usr/local/bin
    done`;
  equal((await box.sh(links, { cwd: `${box.dir}/${root}` })).code, 0);
}

installTest("another package's commands are replaced where that is asked for", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await installOriginal(box, "root");
  const before = tree(root);
  const install = (...args: string[]): Promise<Result> =>
    box.run([`${release}/package/install`, "--root", root, ...args]);
  deepEqual(await install(), {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: ${root}/command/svc (and 1 more) is not djbox's but a link to ` +
      "/package/admin/daemontools/command/svc; --replace puts djbox's in its place, " +
      "--beside installs the other commands; nothing was changed\n",
  });
  deepEqual(tree(root), before);

  const beside = await install("--beside");
  deepEqual([beside.code, beside.stderr], [0, ""]);
  match(beside.stdout, /^djbox: .*\/command\/svc is not djbox's and stays as it is\n/);
  const target = (name: string): string => Deno.readLinkSync(`${root}/command/${name}`);
  equal(target("svc"), "/package/admin/daemontools/command/svc");
  equal(target("svstat"), "../package/admin/djbox/command/svstat");

  equal((await install("--replace")).code, 0);
  equal(target("svc"), "../package/admin/djbox/command/svc");
  equal(Deno.readLinkSync(`${root}/usr/local/bin/svc`), "../../../command/svc");
  ok(isThere(`${root}/package/admin/daemontools/command/svc`));

  Deno.removeSync(`${root}/command/svc`);
  box.write("root/command/svc", "mine");
  deepEqual(await install("--replace"), {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: ${root}/command/svc is no link: move it away, ` +
      "or leave it with --beside; nothing was changed\n",
  });
  equal(box.read("root/command/svc"), "mine");
});

installTest("half an earlier installation is completed", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  box.write(`root/package/admin/djbox-${VERSION}.new/runtime/deno`, "half");
  box.write(`root/package/admin/djbox-${VERSION}/runtime/deno.djbox-new`, "half");
  Deno.mkdirSync(`${root}/command`);
  Deno.symlinkSync("../package/admin/djbox/command/svok", `${root}/command/svok.djbox-new`);
  await step(box, release, "install", "--root", root);
  deepEqual(tree(root).filter((line) => /[.-]new/.test(line)), []);
  equal((await box.run([`${root}/command/svok`])).code, 100);
});

installTest(
  "an installation that is killed leaves what was in use, and can be repeated",
  async (box) => {
    const [old, fresh] = [await makeRelease(box, "1"), await makeRelease(box, "2", NEXT_VERSION)];
    const root = `${box.dir}/root`;
    await step(box, old, "install", "--root", root);
    const begun = performance.now();
    await step(box, fresh, "install", "--root", root);
    const whole = performance.now() - begun;
    const wanted = tree(root);
    for (let i = 1; i <= 12; i++) {
      await step(box, `${root}/package/admin/djbox-${VERSION}`, "upgrade");
      Deno.removeSync(`${root}/package/admin/djbox-${NEXT_VERSION}`, { recursive: true });
      const installing = box.start([`${fresh}/package/install`, "--root", root]);
      await new Promise((resolve) => setTimeout(resolve, whole * i / 12));
      // It may be done already.
      await box.sh(`kill -9 ${installing.pid} 2>/dev/null`);
      await installing.ended;
      equal((await box.run([`${root}/command/svok`])).code, 100);
      await step(box, fresh, "install", "--root", root);
      deepEqual(tree(root), wanted);
    }
  },
  { bundle: true },
);

installTest("wrong usage is told", async (box) => {
  for (const args of [["--root", ""], ["--root"], ["more"], ["--x"], ["-x"], ["run", "run"]]) {
    const result = await box.run(["djbox", "install", ...args]);
    deepEqual(result, { code: 100, stdout: "", stderr: USAGE });
  }
  box.write("file", "");
  const blocked = await box.run(["djbox", "install", "--root", `${box.dir}/file/root`]);
  deepEqual([blocked.code, blocked.stdout], [111, ""]);
  match(blocked.stderr, /unable to create .*: not a directory; nothing was changed\n$/);
});

installTest("what cannot be looked at is named, and nothing is changed", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await step(box, release, "install", "--root", root);
  const before = tree(root);
  for (const link of ["package/admin/djbox", "command/svok", "usr/local/bin/svok"]) {
    const refuse = `strace -f -o trace -P ${root}/${link} -e inject=readlinkat:error=EIO`;
    const upgrade = `${release}/package/upgrade --root ${root}`;
    const { code, stdout, stderr } = await box.sh(`${refuse} ${upgrade}`);
    deepEqual([code, stdout, stderr.replace(/^strace: .*\n/, "")], [
      111,
      "",
      `djbox: fatal: unable to read ${root}/${link}: input/output error; nothing was changed\n`,
    ]);
    deepEqual(tree(root), before);
  }
  Deno.symlinkSync("loop", `${box.dir}/loop`);
  const reason = "symbolic link loop";
  for (
    const [call, expected] of [
      [
        `${release}/package/upgrade`,
        `create ${box.dir}/loop/package/admin: ${reason}; nothing was changed`,
      ],
      [
        "djbox boot --remove",
        `read ${box.dir}/loop/etc/systemd/system/svscan.service: ${reason}; nothing was changed`,
      ],
      ["djbox uninstall", `read ${box.dir}/loop/package/admin: ${reason}; nothing was changed`],
    ]
  ) {
    const { code, stderr } = await box.sh(`${call} --root ${box.dir}/loop`);
    deepEqual([code, stderr], [111, `djbox: fatal: unable to ${expected}\n`]);
  }
}, { programs: ["strace"] });

installTest("the permissions of what a link leads to are put back, too", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  const { code, stderr } = await box.sh(`
    mkdir -p root/usr/local elsewhere && chmod 750 elsewhere && ln -s ../elsewhere root/package &&
    echo no folder >root/usr/local/share && ${release}/package/install --root ${root}`);
  equal(code, 111);
  match(stderr, /root\/usr\/local\/share.*: not a directory; nothing was changed\n$/);
  equal(Deno.statSync(`${box.dir}/elsewhere`).mode, 0o40750);
});

installTest("two at a time are one too many", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await step(box, release, "install", "--root", root);
  const { code, stderr } = await box.run(
    ["flock", `${root}/package/admin`, `${release}/package/install`, "--root", root],
  );
  deepEqual([code, stderr], [
    111,
    `djbox: fatal: somebody else is installing, removing or taking over in ${root}/package/admin; ` +
    "wait for that; nothing was changed\n",
  ]);
});

installTest("what is refused leaves the files of the same version, too", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await step(box, release, "install", "--root", root);
  Deno.removeSync(`${root}/command/svok`);
  box.write("root/command/svok", "mine");
  box.write("release/doc/more", "");
  const before = tree(root);
  const { code, stderr } = await box.run([`${release}/package/install`, "--root", root]);
  equal(code, 111);
  match(
    stderr,
    /^djbox: fatal: \S+\/command\/svok is not djbox's but no link; .*; nothing was changed\n$/,
  );
  deepEqual(tree(root), before);
});

bareMachineTest(
  "a version that could be replaced in part only is said to be so",
  "sleep",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    const install = "/opt/release/package/install --no-boot";
    await machine.output(install);
    const home = `/package/admin/djbox-${VERSION}`;
    const before = await machine.output("find /package /command /usr/local | sort");
    await machine.output("echo >>/opt/release/package/run; echo >>/opt/release/man/man8/svc.8");
    const refused = async (expected: string): Promise<void> => {
      const { code, stdout, stderr } = await machine.type(install);
      deepEqual([code, stdout], [111, ""]);
      equal(stderr.replace(/(unable to .*:) .*?;/, "$1 REASON;"), `djbox: fatal: ${expected}\n`);
    };
    // What is mounted cannot be replaced: package has been by then.
    await machine.output(`mount --bind /etc/hostname ${home}/man/man8/svc.8`);
    await refused(
      `unable to replace what is in ${home}: REASON; ` +
        `${home} is this release only in part; doing it again finishes that`,
    );
    await machine.output(`cmp /opt/release/package/run ${home}/package/run`);
    await machine.output(`umount ${home}/man/man8/svc.8; rm /usr/local/bin/svok`);
    await machine.output("mount -t tmpfs -o ro none /usr/local/bin");
    await refused(
      `unable to make the link /usr/local/bin/addcr: REASON; mount it writable, ` +
        `or install elsewhere with --root DIR; ${home} is this release now; nothing else was changed`,
    );
    await machine.output(`umount /usr/local/bin; ${install}; diff -r /opt/release/man ${home}/man`);
    equal(await machine.output("find /package /command /usr/local | sort"), before);
  },
);

bareMachineTest(
  "commands work where a link to a deeper place is in the place of /command",
  "sleep",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    await machine.output("mkdir -p /opt/data/sys/command");
    await machine.output("rm -rf /command; ln -s opt/data/sys/command /command");
    await machine.output("/opt/release/package/install --no-boot");
    for (const folder of ["/command", "/usr/local/bin"]) {
      equal((await machine.type(`${folder}/svok /nowhere`)).code, 111);
    }
  },
);

installTest("links that lead nowhere are no installation", async (box) => {
  const root = `${box.dir}/root`;
  const release = await makeRelease(box, "release");
  Deno.mkdirSync(`${box.dir}/far/away/command`, { recursive: true });
  Deno.mkdirSync(root);
  // The links are relative below a root, so that it can be moved.
  Deno.symlinkSync("../far/away/command", `${root}/command`);
  const { code, stderr } = await box.run([`${release}/package/install`, "--root", root]);
  deepEqual([code, stderr], [
    111,
    `djbox: fatal: ${root}/command/djbox does not lead to ${root}/package/admin/djbox-${VERSION}: ` +
    `what is in the place of ${root}/command?; nothing was changed\n`,
  ]);
  deepEqual(tree(root), ["/command -> ../far/away/command"]);
  deepEqual(tree(`${box.dir}/far`), ["755 /away", "755 /away/command"]);
});

installTest("what root installs is root's own copy, not the builder's file", async (box) => {
  const release = await makeRelease(box, "release");
  const root = `${box.dir}/root`;
  await box.sh("cp -a release own && chown -R 65534:65534 own");
  await step(box, `${box.dir}/own`, "install", "--root", root);
  for (const line of tree(release).filter((line) => /^(644|755) .*(\.js|\/djbox)$/.test(line))) {
    const name = line.replace(/^\d+ /, "");
    const ours = Deno.statSync(`${root}/package/admin/djbox-${VERSION}${name}`);
    equal(ours.uid, 0);
    notEqual(ours.ino, Deno.statSync(`${box.dir}/own${name}`).ino);
  }
}, { root: true });

bareMachineTest(
  "what was installed below a root is djbox's when the root is /, and the other way round",
  "sleep",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    // The same directory under two names, as that of an image is.
    await machine.output("mkdir /img; mount --rbind / /img");
    for (const root of ["/img", "/", "/img"]) {
      await machine.output(`/opt/release/package/install --no-boot --root ${root}`);
      const target = root === "/" ? "/command/svok" : "../../../command/svok";
      equal(await machine.output("readlink /usr/local/bin/svok"), `${target}\n`);
    }
    const said = await machine.output("/package/admin/djbox/command/djbox uninstall --root /");
    match(said, /^djbox: djbox is no more in \/package\/admin\n$/);
    equal(await machine.output("ls /usr/local/bin"), "");
  },
);
