// SPDX-License-Identifier: 0BSD
// What goes beyond C's svscan is in svscan_survival_test.ts (living through kill -9) and svscan_shortage_test.ts (lack of
// descriptors and processes). Not tested here: a read error in the scan directory.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, mixedTest, type Started, toolTest } from "../harness/harness.ts";
import {
  isAlive,
  isSupervised,
  lines,
  original,
  pidOf,
  processesCalled,
  processesIn,
  STAYS,
  SUPERVISION,
  untilOld,
  untilSupervised,
  untilUp,
  writeLogged,
  writeServices,
} from "../harness/services.ts";

/** Within this time svscan must have seen what is new: the interval of its scans, and room for a busy machine. */
const SCAN = 12_000;

function scan(box: Box): Started {
  Deno.mkdirSync(`${box.dir}/sv`, { recursive: true });
  return box.start(["svscan", "sv"]);
}

/** How often a process has begun to wait for something. */
function sleeps(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
}

toolTest(
  "svscan enters the directory it is given, and ignores what follows",
  SUPERVISION,
  async (box) => {
    box.write("file", "");
    for (const [name, reason] of [["", "file does not exist"], ["file", "not a directory"]]) {
      deepEqual(await box.run(["svscan", name as string]), {
        code: 111,
        stdout: "",
        stderr: `svscan: fatal: unable to chdir to ${name}: ${reason}\n`,
      });
    }
    writeServices(box, ["a", "sv/b"]);
    box.start(["svscan"]);
    box.start(["svscan", "sv", "more", "-x"]);
    await untilUp(box, ["a", "sv/b"]);
  },
);

toolTest(
  "svscan takes directories and links to them, and nothing with a dot",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a", "sv/.hidden", "real", "sv/with space", "sv/new\nline", "sv/-dash"]);
    await box.sh(
      `cp -r real "sv/$(printf 'latin\\351')"; ln -s ../real sv/link; ln -s nowhere sv/dangling
: >sv/file; mkfifo sv/fifo; ln -s file sv/filelink; ln -s loop sv/loop; mkdir sv/...dots`,
    );
    scan(box);
    await untilUp(box, ["sv/a", "real", "sv/with space", "sv/new\nline", "sv/-dash"]);
    await box.until("Latin-1", async () => (await box.sh("svok sv/latin*")).code === 0);
    const warnings = [
      "svscan: warning: unable to stat dangling: file does not exist",
      "svscan: warning: unable to stat loop: symbolic link loop",
    ];
    const said = (): string[] => [...new Set(box.read("err").trim().split("\n"))].sort();
    await box.until("both warnings", () => said().length >= 2);
    deepEqual(said(), warnings);
    deepEqual([box.read("sv/.hidden/starts"), processesIn(box, "real").length], ["", 1]);
    equal(
      (await box.sh("ls -A sv/.hidden sv/...dots")).stdout,
      "sv/...dots:\n\nsv/.hidden:\nrun\n",
    );
  },
);

toolTest("svscan takes anything called log for a logger", SUPERVISION, async (box) => {
  writeServices(box, ["sv/file", "sv/fifo", "sv/closed", "sv/link", "elsewhere"]);
  await box.sh(`: >sv/file/log; mkfifo sv/fifo/log; mkdir sv/closed/log
ln -s ../../elsewhere sv/link/log; ln -s log sv/closed/x`);
  scan(box);
  await untilUp(box, ["sv/file", "sv/fifo", "sv/closed", "sv/link", "elsewhere"]);
  const expected = [
    "supervise: fatal: unable to chdir to log: not a directory",
    "supervise: fatal: unable to start log/run: file does not exist",
  ];
  const said = (): string[] => [...new Set(box.read("err").trim().split("\n"))].sort();
  await box.until("it says so", () => said().length >= 2);
  deepEqual(said(), expected);
  const pipe = Deno.readLinkSync(`/proc/${pidOf(box, "sv/link")}/fd/1`);
  match(pipe, /^pipe:/);
  equal(Deno.readLinkSync(`/proc/${pidOf(box, "elsewhere")}/fd/0`), pipe);
});

toolTest("svscan finds what is new, and what is gone and there again", SUPERVISION, async (box) => {
  writeServices(box, ["sv/a", "sv/gone", "sv/renamed", "sv/replaced"]);
  scan(box);
  const pids = await untilUp(box, ["sv/a", "sv/gone", "sv/renamed", "sv/replaced"]);
  writeServices(box, ["sv/new", "elsewhere"]);
  await box.sh(`ln -s ../elsewhere sv/link; mv sv/renamed sv/other
mv sv/replaced away; cp -r sv/a sv/replaced; rm -r sv/replaced/supervise sv/replaced/starts`);
  await box.run(["svc", "-dx", "sv/gone"]);
  await box.until("gone is down", () => pidOf(box, "sv/gone") === 0);
  for (const name of ["sv/new", "elsewhere", "sv/replaced", "sv/gone"]) {
    await box.until(`${name} runs`, () => isAlive(pidOf(box, name)), SCAN);
  }
  // The one with another name is still the same, and what it was replaced by is another.
  equal(pidOf(box, "sv/other"), pids[2]);
  equal(processesIn(box, "sv/other").length, 1);
  ok(isAlive(pids[3] as number) && pidOf(box, "sv/replaced") !== pids[3]);
  await box.until("gone has started", () => box.read("sv/gone/starts") === "started\nstarted\n");
});

toolTest(
  "svscan sees that a link leads elsewhere though it has not changed",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a", "one/service", "two/service"]);
    await box.sh("ln -s one current; ln -s ../current/service sv/b");
    const { pid } = scan(box);
    await untilUp(box, ["sv/a", "one/service"]);
    // Each scan is a sleep at least. (What ours does when it has nothing to do: entries_test.ts.)
    const before = sleeps(pid);
    await box.until("it has looked again", () => sleeps(pid) >= before + 2, 2 * SCAN);
    // Neither the directory nor the link in it changes.
    await box.sh("ln -s two fresh; mv -T fresh current");
    await box.until("the other one runs", () => isAlive(pidOf(box, "two/service")), SCAN);
    ok(isAlive(pidOf(box, "one/service")));
  },
);

toolTest(
  "svscan that has many services looks rarely, and yet sees in time what there is to do",
  SUPERVISION,
  async (box) => {
    const names = Array.from({ length: 121 }, (_, i) => `real/${i}`);
    writeServices(box, names);
    writeLogged(box, "real/0");
    await box.sh("mkdir sv; cd sv; ln -s ../real/* .");
    const { pid } = scan(box);
    await untilUp(box, [...names, "real/0/log"]);
    let [count, since] = [0, 0];
    const untilIdle = (): Promise<void> =>
      box.until("it sleeps for longer than from scan to scan", () => {
        if (sleeps(pid) !== count) [count, since] = [sleeps(pid), performance.now()];
        return performance.now() - since > 6000;
      }, 60_000);

    await untilIdle();
    const old = pidOf(box, "real/1");
    await box.run(["svc", "-dx", "sv/1"]);
    await box.until("what has ended", () => ![0, old].includes(pidOf(box, "real/1")), SCAN);
    await untilIdle();
    await box.sh("cp -r real/2 new; rm -r new/supervise; mv real/2 old; mv new real/2");
    await box.until("what is in another's place", () => isAlive(pidOf(box, "real/2")), SCAN);
    ok(isAlive(pidOf(box, "old")));
    await untilIdle();
    const holders = (): number[] => processesCalled(box, "log-pipes");
    const [holder] = holders() as [number];
    Deno.kill(holder, "SIGKILL");
    const isHeld = (): boolean => holders().some((pid) => pid !== holder && isAlive(pid));
    await box.until("log pipes are held again", isHeld, SCAN);
  },
  { djboxOnly: "C's svscan looks every five seconds" },
);

toolTest("svscan leaves alone what is removed as the manual says", SUPERVISION, async (box) => {
  writeLogged(box, "real");
  await box.sh("mkdir sv; ln -s ../real sv/link");
  scan(box);
  await untilUp(box, ["real", "real/log"]);
  await box.until("lines come", () => lines(box, "real").length > 5);
  await box.sh("L=$PWD/sv/link; cd $L && rm $L && svc -dx . log");
  await box.until(
    "both have ended",
    async () => !await isSupervised(box, "real") && !await isSupervised(box, "real/log"),
  );
  deepEqual([processesIn(box, "real"), processesIn(box, "real/log")], [[], []]);
  const seen = lines(box, "real");
  deepEqual(seen, seen.map((_, i) => i + 1));
  // When the link is made again, so is the pipe.
  await box.sh("ln -s ../real sv/link");
  await box.until("it is back", () => isAlive(pidOf(box, "real/log")), SCAN);
  await box.until("lines come again", () => lines(box, "real").length > seen.length + 5);
});

toolTest(
  "svscan says that a supervise cannot be started, and tries again",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a"]);
    await box.sh("mkdir sv/a/log empty; chmod 0 sv/a; chown -R nobody .");
    const started = box.start(["setuidgid", "nobody", "svscan", "sv"]);
    const warning = "svscan: warning: unable to stat a/log: access denied\n";
    await box.until("it says so", () => box.read("err") === warning);
    await box.sh("chmod 755 sv/a");
    await box.until("it runs", () => isAlive(pidOf(box, "sv/a")), SCAN);
    started.kill("SIGTERM");
    equal(await started.ended, 128 + 15);
  },
  { root: true },
);

toolTest("svscan runs a thousand services, and says so of more", SUPERVISION, async (box) => {
  await box.sh(`mkdir sv; cd sv; i=0
while [ $i -lt 1003 ]; do mkdir s$i; : >s$i/down; i=$((i+1)); done`);
  scan(box);
  const said = (): string[] => box.read("err").trim().split("\n").filter((line) => line !== "");
  await box.until("it says so", () => said().length >= 3);
  for (const line of said()) {
    match(line, /^svscan: warning: unable to start s\d+: running too many services$/);
  }
  await box.until("the others run", () => {
    const files = [...Deno.readDirSync(`${box.dir}/sv`)];
    const there = files.filter(({ name }) => box.read(`sv/${name}/supervise/status`).length === 18);
    return there.length === 1000;
  });
  equal(new Set(said()).size, 3);
});

toolTest("svscan's services outlive it, supervised", SUPERVISION, async (box) => {
  writeServices(box, ["sv/a", "sv/b"]);
  writeLogged(box, "sv/c");
  const started = scan(box);
  const names = ["sv/a", "sv/b", "sv/c", "sv/c/log"];
  const pids = await untilUp(box, names);
  await box.until("lines come", () => lines(box, "sv/c").length > 0);
  started.kill("SIGTERM");
  equal(await started.ended, 128 + 15);
  await untilSupervised(box, names);
  deepEqual(names.map((name) => pidOf(box, name)), pids);
  // Whoever looks after them answers, and starts them again.
  await box.run(["svc", "-d", "sv/b"]);
  await box.until("b is down", () => pidOf(box, "sv/b") === 0);
  match((await box.run(["svstat", "sv/b"])).stdout, /^sv\/b: down \d+ seconds, normally up\n$/);
  Deno.kill(pids[0] as number, "SIGKILL");
  await box.until("a runs again", () => ![0, pids[0]].includes(pidOf(box, "sv/a")));
  const count = lines(box, "sv/c").length;
  await box.run(["svc", "-t", "sv/c/log"]);
  await box.until("the pipe is whole", () => lines(box, "sv/c").length > count + 20);
  await box.sh("svc -dx sv/*; svc -dx sv/c/log");
  await box.until("nobody supervises", async () => {
    for (const name of names) if (await isSupervised(box, name)) return false;
    return true;
  });
  for (const name of names) deepEqual(processesIn(box, name), []);
  await box.until("no process is left", () => processesCalled(box, "supervise").length === 0);
});

toolTest(
  "a signal to the whole process group ends svscan and everything",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a", "sv/b"]);
    box.script("sv/exits/run", "trap 'exit 0' TERM; while :; do sleep 0.02; done");
    box.script("leader", "echo $$ >leader.pid; svscan sv & wait");
    box.start(["setsid", "./leader"]);
    const pids = await untilUp(box, ["sv/a", "sv/b", "sv/exits"]);
    await untilOld(box, ["sv/a"]);
    Deno.kill(-Number(box.read("leader.pid")), "SIGTERM");
    await box.until("all have ended", () => !pids.some(isAlive));
    for (const name of ["sv/a", "sv/b"]) {
      await box.until(`${name} is not supervised`, async () => !await isSupervised(box, name));
      equal(box.read(`${name}/starts`), "started\n");
    }
  },
  { programs: ["setsid"] },
);

toolTest("svscan asks whatever supervise PATH leads to", SUPERVISION, async (box) => {
  writeServices(box, ["sv/a", "sv/b"], STAYS);
  await box.sh("mkdir sv/a/log");
  box.script("bin/supervise", 'echo "$* $(basename "$PWD")" >>"$HOME/calls"; exec sleep 1000');
  const env = { PATH: `${box.dir}/bin:${box.path}` };
  box.start(["svscan", "sv"], { env });
  const calls = (): string[] => box.read("calls").trim().split("\n").sort();
  await box.until("all are called", () => calls().length >= 3);
  deepEqual(calls(), ["a sv", "b sv", "log a"]);
  // One that ends is called again.
  for (const pid of processesIn(box, "sv")) Deno.kill(pid, "SIGKILL");
  await box.until("they are called again", () => calls().length >= 5, SCAN);
});

mixedTest("svscan and C's run each other's supervise", SUPERVISION, async (box) => {
  writeLogged(box, "ours/a");
  writeLogged(box, "theirs/a");
  const theirs = original("supervise").replace(/\/supervise$/, "");
  await box.sh(`mkdir bin; ln -s "${theirs}/supervise" bin/supervise`);
  box.start(["svscan", "ours"], { env: { PATH: `${box.dir}/bin:${box.path}` } });
  box.start([original("svscan"), "theirs"]);
  const names = ["ours/a", "ours/a/log", "theirs/a", "theirs/a/log"];
  await untilUp(box, names);
  for (const name of ["ours/a", "theirs/a"]) {
    await box.until("lines come", () => lines(box, name).length > 5);
  }
  await box.run(["svc", "-dx", ...names]);
  for (const name of names) {
    await box.until("another is started", () => isAlive(pidOf(box, name)), SCAN);
  }
});
