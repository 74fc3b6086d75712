// SPDX-License-Identifier: 0BSD
// svscan when what it stands on is taken away: files, directories, space. When the cause is gone, all is as it was,
// without a restart of anything. deno task drill has the same in the large, beside other systems.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, type Needs, type Started, toolTest } from "../harness/harness.ts";
import {
  isAlive,
  lines,
  openFiles,
  pidOf,
  processesCalled,
  processesIn,
  statusOf,
  SUPERVISION,
  untilOld,
  untilSupervised,
  untilUp,
  writeLogged,
  writeServices,
} from "../harness/services.ts";

function recoveryTest(name: string, body: (box: Box) => Promise<void>, needs: Needs = {}): void {
  const djboxOnly = "C's supervise does not try again what has failed, nor make anew what is gone";
  toolTest(name, SUPERVISION, body, { ...needs, djboxOnly });
}

/** Does something to the files while svscan stands still, which might write just in the middle of it. */
async function unnoticed<T>(svscan: Started, action: () => Promise<T>): Promise<T> {
  svscan.kill("SIGSTOP");
  const result = await action();
  svscan.kill("SIGCONT");
  return result;
}

recoveryTest("supervise that was removed is made anew", async (box) => {
  writeServices(box, ["sv/a"]);
  writeLogged(box, "sv/b");
  const svscan = box.start(["svscan", "sv"]);
  const names = ["sv/a", "sv/b", "sv/b/log"];
  const pids = await untilUp(box, names);
  await box.sh("rm -r sv/a/supervise sv/b/supervise sv/b/log/supervise/control");
  await box.until("it says so", () => box.read("err").split("making it anew").length === 4);
  await untilSupervised(box, names);
  deepEqual(names.map((name) => pidOf(box, name)), pids);
  await box.run(["svc", "-t", ...names]);
  for (const [i, name] of names.entries()) {
    await box.until(`${name} obeys`, () => ![0, pids[i]].includes(pidOf(box, name)));
  }
  // Nor is it forgotten what runs.
  const again = await untilUp(box, names);
  svscan.kill("SIGKILL");
  await svscan.ended;
  box.start(["svscan", "sv"]);
  await untilSupervised(box, names);
  deepEqual(names.map((name) => pidOf(box, name)), again);
  equal(processesIn(box, "sv/a").length, 1);
});

recoveryTest(
  "supervise that was removed is made anew before svscan leaves it to supervise",
  async (box) => {
    writeServices(box, ["sv/a", "sv/b"]);
    const svscan = box.start(["svscan", "sv"]);
    const pids = await untilUp(box, ["sv/a", "sv/b"]);
    await untilOld(box, ["sv/a", "sv/b"]);
    await box.sh("rm -r sv/a/supervise; rm sv/b/supervise/lock");
    svscan.kill("SIGTERM");
    equal(await svscan.ended, 128 + 15);
    box.start(["svscan", "sv"]);
    const refused = (name: string): boolean =>
      box.read("err").includes(`unable to acquire ${name}/supervise/lock: temporary failure\n`);
    await box.until("another svscan leaves both alone", () => refused("a") && refused("b"));
    await box.run(["svc", "-dx", "sv/a", "sv/b"]);
    deepEqual(["sv/a", "sv/b"].map((name) => box.read(`${name}/starts`)), [
      "started\n",
      "started\n",
    ]);
    for (const pid of pids) await box.until("both have ended", () => !isAlive(pid));
  },
);

recoveryTest(
  "a logger whose directory was made anew goes on there, on the same pipe",
  async (box) => {
    writeLogged(box, "sv/a");
    writeServices(box, ["sv/b"]);
    const svscan = box.start(["svscan", "sv"]);
    const [service, logger] = await untilUp(box, ["sv/a", "sv/a/log"]);
    await box.until("it writes", () => lines(box, "sv/a").length > 10);
    const { stderr } = await unnoticed(
      svscan,
      () => box.sh("cp -r sv/a/log new; rm -r new/supervise sv/a/log; mv new sv/a/log"),
    );
    equal(stderr, "");
    await box.until("it has a new logger", () => ![0, logger].includes(pidOf(box, "sv/a/log")));
    equal(pidOf(box, "sv/a"), service);
    await untilSupervised(box, ["sv/a", "sv/a/log"]);
    const seen = lines(box, "sv/a").length;
    await box.until("it logs", () => lines(box, "sv/a").length > seen + 10);
  },
);

recoveryTest("a status file that was removed is written again", async (box) => {
  const names = ["sv/gone", "sv/link", "sv/empty", "sv/folder"];
  writeServices(box, names);
  const svscan = box.start(["svscan", "sv"]);
  const pids = await untilUp(box, names);
  await untilOld(box, names);
  box.write("other", "not yours");
  const [gone, link, empty, folder] = names.map((name) => `${name}/supervise/status`);
  await box.sh(
    `rm ${gone}; ln -sf ../../../other ${link}; : >${empty}; rm ${folder}; mkdir ${folder}`,
  );
  const written = names.slice(0, 3);
  for (const [i, name] of written.entries()) {
    await box.until(`${name} has it`, () => pidOf(box, name) === pids[i]);
  }
  Deno.removeSync(`${box.dir}/${folder}`);
  await box.until("the last has it", () => pidOf(box, "sv/folder") === pids[3]);
  equal(box.read("other"), "not yours");
  equal(box.read("err"), "");
  // Without it the next svscan would not know what runs.
  svscan.kill("SIGKILL");
  await svscan.ended;
  box.start(["svscan", "sv"]);
  await untilSupervised(box, names);
  deepEqual(names.map((name) => processesIn(box, name)), pids.map((pid) => [pid]));
});

recoveryTest("supervise that cannot be made anew is made anew when it can be", async (box) => {
  writeServices(box, ["sv/a"]);
  box.start(["svscan", "sv"]);
  const [pid] = await untilUp(box, ["sv/a"]) as [number];
  await box.sh("rm -r sv/a/supervise; mkdir sv/a/supervise; ln -s ok sv/a/supervise/ok");
  const failure = "supervise: fatal: unable to read a/supervise/ok: symbolic link loop\n";
  await box.until("it says so", () => box.read("err").includes(failure));
  Deno.removeSync(`${box.dir}/sv/a/supervise/ok`);
  await untilSupervised(box, ["sv/a"]);
  equal(pidOf(box, "sv/a"), pid);
});

recoveryTest("a letter whose effect could not be written is written later", async (box) => {
  writeServices(box, ["sv/a", "sv/b"]);
  box.start(["svscan", "sv"]);
  await untilUp(box, ["sv/a", "sv/b"]);
  await untilOld(box, ["sv/a", "sv/b"]);
  const obstacles = ["a", "b"].map((name) => `${box.dir}/sv/${name}/supervise/status.new`);
  for (const path of obstacles) Deno.mkdirSync(path);
  await box.run(["svc", "-o", "sv/a"]);
  await box.run(["svc", "-p", "sv/b"]);
  await box.until("it says so", () => box.read("err").split("status.new: ").length > 2);
  for (const path of obstacles) Deno.removeSync(path);
  await box.until("once is written", () => statusOf(box, "sv/a")?.want === "");
  await box.until("paused is written", () => statusOf(box, "sv/b")?.paused === true);
  await box.run(["svc", "-c", "sv/b"]);
});

recoveryTest("what somebody else has locked meanwhile is left to him", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = box.start(["svscan", "sv"]);
  const pids = await untilUp(box, ["sv/a"]);
  const takeIt = async (): Promise<Started> => {
    await box.sh("rm -r sv/a/supervise; touch sv/a/down");
    const other = box.start(["supervise", "sv/a"]);
    await untilSupervised(box, ["sv/a"]);
    return other;
  };
  const other = await unnoticed(svscan, takeIt);
  const warning = "supervise: fatal: unable to acquire a/supervise/lock: temporary failure\n";
  await box.until("it says so", () => box.read("err").includes(warning));
  other.kill("SIGKILL");
  await other.ended;
  await box.until("it has it back", () => pidOf(box, "sv/a") === pids[0]);
  // The status comes a moment before that.
  await untilSupervised(box, ["sv/a"]);
});

recoveryTest("a service whose directory was made anew runs once", async (box) => {
  const write = (): void => {
    const perl =
      "$| = 1; $SIG{TERM} = sub { exit }; while () { print ++$i, qq(\\n); select undef, undef, undef, 0.01 }";
    const run = `exec perl -e '${perl}'`;
    box.script("sv/a/run", run);
    box.script("sv/a/log/run", "exec cat >>lines");
  };
  write();
  const svscan = box.start(["svscan", "sv"]);
  const [old] = await untilUp(box, ["sv/a", "sv/a/log"]) as [number];
  await box.until("lines come", () => lines(box, "sv/a").length > 5);
  await unnoticed(svscan, async () => {
    await box.sh("ln sv/a/log/lines kept; rm -r sv/a");
    write();
  });
  const copies = (): number =>
    [...Deno.readDirSync("/proc")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/${name}/cwd`).replace(" (deleted)", "") ===
            Deno.realPathSync(`${box.dir}/sv/a`) &&
          Deno.readTextFileSync(`/proc/${name}/comm`) === "perl\n" && name !== "self";
      } catch {
        return false;
      }
    }).length;
  await box.until("the new one runs", () => {
    ok(copies() <= 1);
    return ![0, old].includes(pidOf(box, "sv/a"));
  });
  match(box.read("err"), /^svscan: warning: a was removed: made anew, the old one is to end\n/);
  // The old logger has got all that the old service has written.
  const kept = box.read("kept").split("\n").slice(0, -1).map(Number);
  deepEqual(kept, kept.map((_, i) => i + 1));
  await box.until("lines come", () => lines(box, "sv/a").length > 5);
});

recoveryTest(
  "a logger that always ends at once goes, too, when its directory was removed",
  async (box) => {
    writeServices(box, ["sv/a"]);
    box.script("sv/a/log/run", "exit 0");
    const svscan = box.start(["svscan", "sv"]);
    const [pid] = await untilUp(box, ["sv/a"]) as [number];
    await unnoticed(svscan, () => box.sh("rm -r sv/a"));
    await box.until("it says so", () => box.read("err").includes("it will not be started again"));
    Deno.kill(pid, "SIGKILL");
    await box.until(
      "it has forgotten both",
      () => !openFiles(svscan.pid).some((path) => /sv\/a\b/.test(path)),
    );
  },
);

recoveryTest("a service whose directory was removed goes on until it ends", async (box) => {
  writeServices(box, ["sv/a", "sv/b"]);
  const svscan = box.start(["svscan", "sv"]);
  const [pid] = await untilUp(box, ["sv/a", "sv/b"]) as [number];
  const open = (): number => openFiles(svscan.pid).length;
  await box.sh("rm -r sv/a");
  await box.until("it says so", () => box.read("err").includes("it will not be started again"));
  const before = open();
  Deno.kill(pid, "SIGKILL");
  await box.until("it has forgotten it", () => open() < before - 2);
  equal(box.read("sv/b/starts"), "started\n");
  // That its status cannot be written is no news.
  equal(box.read("err"), "svscan: warning: a was removed: it will not be started again\n");
});

recoveryTest(
  "a service directory out of a lower layer of overlayfs is removed like any other",
  async (box) => {
    await box.sh("mkdir layers sv && mount -t tmpfs none layers && mkdir layers/up layers/work");
    try {
      writeServices(box, ["layers/low/a"]);
      await box.sh(
        "mount -t overlay -o lowerdir=layers/low,upperdir=layers/up,workdir=layers/work none sv",
      );
      const svscan = box.start(["svscan", "sv"]);
      const [old] = await untilUp(box, ["sv/a"]) as [number];
      await box.sh("rm -r sv/a");
      await box.until("it says so", () => box.read("err").includes("will not be started again"));
      writeServices(box, ["sv/a"]);
      await box.until("the new one runs", () => ![0, old].includes(pidOf(box, "sv/a")));
      equal(isAlive(old), false);
      equal(box.read("err"), "svscan: warning: a was removed: it will not be started again\n");
      await box.run(["svc", "-dx", "sv/a"]);
      svscan.kill("SIGKILL");
      await svscan.ended;
    } finally {
      await box.sh("umount -l sv; umount -l layers");
    }
  },
  { root: true, programs: ["mount", "umount"] },
);

/** A container in which svscan is started whenever there is none, when `setUp` has been done. */
function contain(box: Box, setUp: string): void {
  const inside = `${setUp}\nwhile :; do svscan sv; done`;
  const namespaces = ["--mount-proc", "--pid", "--fork", "--kill-child"];
  box.start(["unshare", ...namespaces, "sh", "-c", inside]);
}

recoveryTest("services are found again where /proc shows processes only", async (box) => {
  writeServices(box, ["sv/a"]);
  contain(box, "umount /proc; mount -t proc -o subset=pid none /proc");
  await box.until("it runs", () => box.read("sv/a/starts") !== "" && pidOf(box, "sv/a") !== 0);
  const service = pidOf(box, "sv/a");
  const [svscan] = processesCalled(box, "svscan") as [number];
  Deno.kill(svscan, "SIGKILL");
  await box.until("there is another", () => {
    const now = processesCalled(box, "svscan");
    return now.length === 1 && now[0] !== svscan;
  });
  await untilSupervised(box, ["sv/a"]);
  equal(pidOf(box, "sv/a"), service);
  equal(box.read("sv/a/starts"), "started\n");
}, { root: true, programs: ["unshare", "mount", "umount"] });

recoveryTest("log pipes are held where a file in memory is no program by itself", async (box) => {
  writeLogged(box, "sv/a");
  // Since Linux 6.3: sysctl(8).
  contain(box, "cd /proc/sys/vm; [ ! -e memfd_noexec ] || echo 1 >memfd_noexec; cd -");
  await box.until("lines come", () => lines(box, "sv/a").length > 0);
  await box.until("it is held", () => processesCalled(box, "log-pipes").length === 1);
  equal(box.read("err"), "");
}, { root: true, programs: ["unshare"] });

/** What runs a program as if in a container in which a system call is refused. */
function refusing(call: string, error: string): string[] {
  return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=${call}:error=${error}`];
}

for (const error of ["EPERM", "ENOSYS"]) {
  recoveryTest(
    `where pidfd_open(2) is refused (${error}) nothing is started twice`,
    async (box) => {
      writeServices(box, ["sv/a", "sv/b"]);
      const svscan = box.start(["svscan", "sv"]);
      const [a, b] = await untilUp(box, ["sv/a", "sv/b"]) as [number, number];
      svscan.kill("SIGKILL");
      await svscan.ended;
      Deno.kill(b, "SIGKILL");
      box.start([...refusing("pidfd_open", error), "svscan", "sv"]);
      await box.until("the dead one is started", () => ![0, b].includes(pidOf(box, "sv/b")));
      await box.until(
        "it says so",
        () => box.read("err").includes("unable to start supervise a: "),
      );
      equal(box.read("sv/a/starts"), "started\n");
      Deno.kill(a, "SIGKILL");
      await box.until("the other one is, too", () => ![0, a].includes(pidOf(box, "sv/a")));
    },
    { programs: ["strace"] },
  );
}

recoveryTest("where pidfd_send_signal(2) is refused a service is sent its signals", async (box) => {
  writeServices(box, ["sv/a"]);
  box.start([...refusing("pidfd_send_signal", "EPERM"), "svscan", "sv"]);
  const [pid] = await untilUp(box, ["sv/a"]) as [number];
  // A younger one is not yet watched through a pidfd.
  await untilOld(box, ["sv/a"]);
  await box.run(["svc", "-t", "sv/a"]);
  await box.until("it obeys", () => ![0, pid].includes(pidOf(box, "sv/a")));
}, { programs: ["strace"] });

recoveryTest(
  "a service without a link is not started again once its directory was removed",
  async (box) => {
    writeServices(box, ["sv/b", "real"]);
    await box.sh("ln -s ../real sv/a");
    box.start(["svscan", "sv"]);
    const [pid] = await untilUp(box, ["real", "sv/b"]) as [number];
    await box.sh("rm sv/a");
    Deno.kill(pid, "SIGKILL");
    await box.until("it goes on", () => ![0, pid].includes(pidOf(box, "real")));
    await box.sh("rm -r real");
    const warning = "svscan: warning: a was removed: it will not be started again\n";
    await box.until("it says so", () => box.read("err").includes(warning));
  },
);

recoveryTest("what a full or read-only disk refused is written when it can be", async (box) => {
  const names = ["sv/full", "sv/inodes", "sv/readonly"];
  writeServices(box, names);
  // In a mount namespace of svscan's own; its folders are seen through /proc/PID/root.
  const script = `
    for name in full inodes readonly; do mkdir sv/$name/supervise; done
    mount -t tmpfs -o mode=700,size=16k none sv/full/supervise
    mount -t tmpfs -o mode=700,nr_inodes=6 none sv/inodes/supervise
    mount -t tmpfs -o mode=700 none sv/readonly/supervise
    exec svscan sv`;
  const svscan = box.start(["unshare", "--mount", "sh", "-c", script]);
  const inside = (script: string): Promise<unknown> =>
    box.run(["nsenter", "-t", `${svscan.pid}`, "-m", "sh", "-c", `cd ${box.dir}; ${script}`]);
  const status = (name: string): number => {
    try {
      const path = `/proc/${svscan.pid}/root${box.dir}/${name}/supervise/status`;
      return new DataView(Deno.readFileSync(path).buffer).getUint32(12, true);
    } catch {
      return 0;
    }
  };
  await box.until(
    "they run",
    () => names.every((name) => status(name) !== 0 && box.read(`${name}/starts`) !== ""),
  );
  await inside(`
    head -c 100000 /dev/zero >sv/full/supervise/filler
    touch sv/inodes/supervise/filler1 sv/inodes/supervise/filler2
    mount --bind sv/readonly/supervise sv/readonly/supervise
    mount -o remount,bind,ro sv/readonly/supervise`);
  const before = names.map((name) => status(name));
  for (const pid of before) Deno.kill(pid, "SIGKILL");
  await box.until(
    "they run again",
    () => names.every((name) => box.read(`${name}/starts`) === "started\nstarted\n"),
  );
  await box.until("it says so", () => box.read("err").split("status.new").length > 4);
  deepEqual(names.map((name) => status(name)), before);
  await inside(`
    rm -f sv/full/supervise/filler sv/inodes/supervise/filler*
    umount sv/readonly/supervise`);
  await box.until(
    "the status is right",
    () => names.every((name) => processesIn(box, name)[0] === status(name)),
  );
  equal(statusOf(box, "sv/full"), undefined); // outside
  // The record is, too: another svscan starts nothing twice.
  const pids = names.map((name) => status(name));
  await box.until("the record is right", async () => {
    const { stdout } = await box.run(
      ["nsenter", "-t", `${svscan.pid}`, "-m", "sh", "-c", `cat ${box.dir}/sv/*/supervise/lock`],
    );
    return pids.every((pid) => stdout.includes(` running ${pid} `));
  });
}, { root: true, programs: ["unshare", "nsenter", "mount"] });

/** A svscan that sees its service `sv/a` with a small file system of its own as supervise. */
class Cramped {
  private constructor(
    private readonly box: Box,
    readonly svscan: Started,
  ) {}

  /** @param files how many there may be in supervise, beside itself */
  static start(box: Box, files: number): Cramped {
    writeServices(box, ["sv/a"]);
    const script = `
      mkdir sv/a/supervise
      mount -t tmpfs -o mode=700,nr_inodes=${files + 1} none sv/a/supervise
      exec svscan sv`;
    return new Cramped(box, box.start(["unshare", "--mount", "sh", "-c", script]));
  }

  /** Types a command where svscan is. */
  async type(command: string): Promise<string> {
    const argv = ["nsenter", "-t", `${this.svscan.pid}`, "-m", "sh", "-c"];
    const { stdout } = await this.box.run([...argv, `cd ${this.box.dir}; ${command}`]);
    return stdout;
  }

  /** From now on there may be so many. */
  async makeRoom(files: number): Promise<void> {
    await this.type(`mount -o remount,nr_inodes=${files + 1} sv/a/supervise`);
  }

  async untilStatusIs(pattern: RegExp): Promise<void> {
    await this.box.until(
      `svstat says ${pattern}`,
      async () => pattern.test(await this.type("svstat sv/a")),
    );
  }

  /** Waits until svstat tells the one process that there is. */
  async untilTrue(): Promise<void> {
    await this.box.until("the status is true", async () => {
      const [pid, ...more] = processesIn(this.box, "sv/a");
      return more.length === 0 && (await this.type("svstat sv/a")).includes(`up (pid ${pid})`);
    });
  }
}

const CRAMPED: Needs = { root: true, programs: ["unshare", "nsenter", "mount"] };

recoveryTest("a supervise that could not be set up at first leaves nobody behind", async (box) => {
  // Room for lock and control, and for nothing else.
  const cramped = Cramped.start(box, 2);
  const failure = "supervise: fatal: unable to read a/supervise/ok: file does not exist\n";
  await box.until("it says so", () => box.read("err").includes(failure));
  await cramped.makeRoom(100);
  await box.until("it is up", () => box.read("sv/a/starts") === "started\n");
  await cramped.untilTrue();
  await cramped.type("svc -d sv/a");
  await cramped.untilStatusIs(/: down /);
  await cramped.type("svc -u sv/a");
  await box.until("it is up", () => box.read("sv/a/starts") === "started\nstarted\n");
  await cramped.untilTrue();
}, CRAMPED);

for (const [what, signal] of [["svscan itself", "SIGHUP"], ["supervise", "SIGTERM"]] as const) {
  recoveryTest(`what could not be written is written by ${what} that goes on`, async (box) => {
    // Nothing for status.new, beside lock, control, ok and status.
    const cramped = Cramped.start(box, 5);
    await cramped.untilTrue();
    await cramped.type("touch sv/a/supervise/filler");
    await untilOld(box, ["sv/a"]);
    for (const pid of processesIn(box, "sv/a")) Deno.kill(pid, "SIGKILL");
    await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
    await box.until("it says so", () => box.read("err").includes("status.new: "));
    const { pid } = cramped.svscan;
    const addresses = (): string => Deno.readFileSync(`/proc/${pid}/auxv`).join();
    const before = addresses();
    Deno.kill(pid, signal);
    if (signal === "SIGHUP") await box.until("it has started over", () => addresses() !== before);
    else await box.until("it goes on", () => processesCalled(box, "supervise").length === 1);
    const [keeper] = signal === "SIGHUP" ? [pid] : processesCalled(box, "supervise");
    await box.run(["nsenter", "-t", `${keeper}`, "-m", "rm", `${box.dir}/sv/a/supervise/filler`]);
    await box.until("the status is true", async () => {
      const argv = ["nsenter", "-t", `${keeper}`, "-m", "svstat", `${box.dir}/sv/a`];
      return (await box.run(argv)).stdout.includes(`up (pid ${processesIn(box, "sv/a")[0]})`);
    });
    equal(box.read("sv/a/starts"), "started\nstarted\n");
  }, CRAMPED);
}

for (const when of ["before", "after"] as const) {
  recoveryTest(`a start that was not written ${when} an upgrade makes no second`, async (box) => {
    const cramped = Cramped.start(box, 5);
    await cramped.untilTrue();
    const { pid } = cramped.svscan;
    const addresses = (): string => Deno.readFileSync(`/proc/${pid}/auxv`).join();
    const upgrade = async (): Promise<void> => {
      const before = addresses();
      Deno.kill(pid, "SIGHUP");
      await box.until("it has started over", () => addresses() !== before);
      await box.until(
        "it goes on",
        async () => (await cramped.type("svok sv/a; echo $?")) === "0\n",
      );
    };
    if (when === "after") await upgrade();
    await cramped.type("touch sv/a/supervise/filler");
    await untilOld(box, ["sv/a"]);
    for (const service of processesIn(box, "sv/a")) Deno.kill(service, "SIGKILL");
    await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
    await box.until("it says so", () => box.read("err").includes("status.new: "));
    if (when === "before") await upgrade();
    // The service keeps the file system for the next svscan.
    const [service] = processesIn(box, "sv/a");
    cramped.svscan.kill("SIGKILL");
    await cramped.svscan.ended;
    const argv = ["nsenter", "-t", `${service}`, "-m", "sh", "-c"];
    const supervised = `cd ${box.dir}; svok sv/a`;
    equal((await box.run([...argv, supervised])).code, 100);
    box.start([...argv, `cd ${box.dir}; exec svscan sv`]);
    await box.until(
      "another one goes on",
      async () => (await box.run([...argv, supervised])).code === 0,
    );
    deepEqual(processesIn(box, "sv/a"), [service]);
    equal(box.read("sv/a/starts"), "started\nstarted\n");
  }, CRAMPED);
}
