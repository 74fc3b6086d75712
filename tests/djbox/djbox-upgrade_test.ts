// SPDX-License-Identifier: 0BSD
// svscan that starts itself over (SIGHUP, djbox upgrade). Not tested here: a HUP from the terminal (only the kernel can
// make one), the compiled form (which cannot be built on every machine).
import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  type Box,
  COMMANDS,
  cTool,
  type Needs,
  type Started,
  toolTest,
} from "../harness/harness.ts";
import { HAS_BUNDLE, makeRelease, NEXT_VERSION } from "../harness/release.ts";
import {
  auxv,
  isAlive,
  openFiles,
  pidOf,
  processesCalled,
  processesIn,
  statusOf,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

const TOOLS = ["svscan", "supervise", "svc", "svstat"];

function upgradeTest(name: string, body: (box: Box) => Promise<void>, needs: Needs = {}): void {
  toolTest(name, TOOLS, body, { ...needs, djboxOnly: "C's svscan dies of SIGHUP" });
}

function scan(box: Box): Started {
  return box.start(["svscan", "sv"]);
}

async function upgrade(box: Box): Promise<void> {
  const { code, stdout, stderr } = await box.run(["djbox", "upgrade", "sv"]);
  equal(stderr, "", box.read("err"));
  match(stdout, /^djbox: svscan \(pid \d+\) has started over\n$/);
  equal(code, 0);
}

/** A service that writes numbered lines as fast as it can, and notes the last when it is ended. */
function writeTalker(box: Box): void {
  box.script(
    "sv/a/run",
    `echo started >>starts; i=0; trap end=1 TERM
while [ -z "$end" ]; do i=$((i+1)); echo $i; done
echo $i >n; exec sleep 100000`,
  );
  box.script("sv/a/log/run", "echo started >>starts; exec cat >>lines");
}

upgradeTest(
  "svscan itself supervises what comes between an installation and the upgrade",
  async (box) => {
    if (!HAS_BUNDLE) return;
    const root = `${box.dir}/root`;
    for (const version of [undefined, NEXT_VERSION]) {
      const release = await makeRelease(box, `release-${version}`, version);
      // The files of two releases are not the same.
      await box.sh(`cp ${release}/djbox copy && mv copy ${release}/djbox`);
      equal((await box.run([`${release}/package/install`, "--root", root])).code, 0);
      if (version !== undefined) continue;
      writeServices(box, ["sv/a"]);
      box.start([`${root}/command/svscan`, "sv"], {
        env: { PATH: `${root}/command:/usr/bin:/bin`, HOME: box.dir },
      });
      await untilUp(box, ["sv/a"]);
    }
    writeServices(box, ["sv/b"]);
    await untilUp(box, ["sv/b"]);
    deepEqual(processesCalled(box, "supervise"), []);
  },
);

upgradeTest("svscan starts itself over, and nobody notices", async (box) => {
  writeTalker(box);
  const svscan = scan(box);
  const names = ["sv/a", "sv/a/log"];
  const pids = await untilUp(box, names);
  const since = names.map((name) => statusOf(box, name)?.since);
  const pipe = Deno.readLinkSync(`/proc/${pids[0]}/fd/1`);
  const size = (): number => Deno.statSync(`${box.dir}/sv/a/log/lines`).size;
  await box.until("lines come", () => box.read("sv/a/log/lines").length > 100_000);
  // Two pidfds come when the services are no longer fresh.
  const files = openFiles(svscan.pid).length + 2;
  for (let round = 0; round < 5; round++) {
    const before = size();
    await upgrade(box);
    await box.until("lines come", () => size() > before);
  }
  await box.until("nothing is left open", () => openFiles(svscan.pid).length <= files);
  deepEqual(names.map((name) => pidOf(box, name)), pids);
  deepEqual(names.map((name) => statusOf(box, name)?.since), since);
  equal(Deno.readTextFileSync(`/proc/${svscan.pid}/cmdline`), "svscan\0sv\0");
  await box.until("one holds the pipe", () => processesCalled(box, "log-pipes").length === 1);
  await box.run(["svc", "-t", "sv/a"]);
  await box.until("it has written the last", () => box.read("sv/a/n") !== "");
  const last = box.read("sv/a/n");
  await box.until(
    "all is logged",
    async () => (await box.sh("tail -n 1 sv/a/log/lines")).stdout === last,
    60_000,
  );
  equal((await box.sh("awk '$1 != NR' sv/a/log/lines | wc -l")).stdout, "0\n");
  // It still has both ends of the pipe, and knows whose they are.
  await box.run(["svc", "-t", "sv/a/log"]);
  await box.until("the logger is another", () => box.read("sv/a/log/starts").length === 16);
  await untilUp(box, ["sv/a/log"]);
  equal(Deno.readLinkSync(`/proc/${pidOf(box, "sv/a/log")}/fd/0`), pipe);
  equal(box.read("sv/a/starts"), "started\n");
  equal(box.read("err"), "");
});

upgradeTest("djbox upgrade says that svscan has ended", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  await untilUp(box, ["sv/a"]);
  svscan.kill("SIGSTOP");
  const upgrading = box.run(["djbox", "upgrade", "sv"]);
  await box.until(
    "it is under way",
    () =>
      /^(?:SigPnd|ShdPnd):.*[13579bdf]$/m.test(Deno.readTextFileSync(`/proc/${svscan.pid}/status`)),
  );
  svscan.kill("SIGKILL");
  const { code, stdout, stderr } = await upgrading;
  deepEqual([code, stdout], [111, ""]);
  match(stderr, /svscan \(pid \d+\) has ended/);
});

upgradeTest("djbox upgrade says that svscan does not answer", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  await untilUp(box, ["sv/a"]);
  svscan.kill("SIGSTOP");
  deepEqual(await box.run(["djbox", "upgrade", "sv"]), {
    code: 111,
    stdout: "",
    stderr: `djbox: fatal: unable to upgrade: svscan (pid ${svscan.pid}) does not answer; ` +
      "it will start over when it runs again\n",
  });
  const before = auxv(svscan.pid);
  svscan.kill("SIGCONT");
  await box.until("it has started over", () => auxv(svscan.pid) !== before);
});

upgradeTest("svscan is upgraded in every state of its services", async (box) => {
  writeServices(box, ["sv/up", "sv/once", "sv/down", "sv/paused", "sv/exiting", "sv/dies"]);
  writeServices(box, ["sv/flaps"], "date +%s%N >>starts; exit 1");
  box.write("sv/down/down", "");
  const svscan = scan(box);
  const names = ["sv/up", "sv/once", "sv/paused", "sv/exiting", "sv/dies"];
  const pids = await untilUp(box, names);
  // While they are fresh, letters wait in the FIFO, and are not lost.
  await box.run(["svc", "-o", "sv/once"]);
  await box.run(["svc", "-p", "sv/paused"]);
  await box.run(["svc", "-x", "sv/exiting"]);
  svscan.kill("SIGHUP");
  Deno.kill(pids[4] as number, "SIGKILL");
  await box.until("once", () => statusOf(box, "sv/once")?.want === "");
  await box.until("paused", () => statusOf(box, "sv/paused")?.paused === true);
  await box.until("it was started again", () => box.read("sv/dies/starts").length === 16);
  await upgrade(box);
  deepEqual(names.slice(0, 4).map((name) => pidOf(box, name)), pids.slice(0, 4));
  equal(statusOf(box, "sv/paused")?.paused, true);
  Deno.kill(pids[1] as number, "SIGKILL");
  Deno.kill(pids[3] as number, "SIGKILL");
  await box.until("the once is down", () => pidOf(box, "sv/once") === 0);
  // svscan starts one that ended of svc -x anew, as C's does: it is there still.
  await box.until("x was started again", () => box.read("sv/exiting/starts").length === 16);
  const count = (): number => box.read("sv/flaps/starts").split("\n").length - 1;
  const before = count();
  await box.until("it flaps on", () => count() > before + 1);
  const starts = box.read("sv/flaps/starts").trim().split("\n").map((time) => Number(time) / 1e6);
  for (let i = 1; i < starts.length; i++) {
    ok((starts[i] ?? 0) - (starts[i - 1] ?? 0) > 950, `once a second: ${starts}`);
  }
  equal(pidOf(box, "sv/down"), 0);
  await box.run(["svc", "-u", "sv/down"]);
  await untilUp(box, ["sv/down"]);
});

upgradeTest("the version that is installed by then is what runs", async (box) => {
  writeServices(box, ["sv/a"]);
  // Two versions, and a link to the one in use, as deno task install places them.
  const { code, stderr } = await box.sh(`
    for version in 1 2; do cp -a ${COMMANDS}/../package/admin/djbox/. djbox-$version; done
    ln -s djbox-1 djbox
  `);
  equal(code, 0, stderr);
  const switchTo = (target: string): Promise<unknown> =>
    box.sh(`ln -s ${target} new && mv -T new djbox`);
  const PATH = `${box.dir}/djbox/command:${box.path}`;
  const svscan = box.start(["djbox/command/svscan", "sv"], { env: { PATH } });
  const pids = await untilUp(box, ["sv/a"]);
  match(Deno.readLinkSync(`/proc/${svscan.pid}/exe`), /\/djbox-1\//);
  await switchTo("djbox-2");
  await upgrade(box);
  match(Deno.readLinkSync(`/proc/${svscan.pid}/exe`), /\/djbox-2\//);
  deepEqual(await untilUp(box, ["sv/a"]), pids);
  equal(Deno.readTextFileSync(`/proc/${svscan.pid}/cmdline`), "djbox/command/svscan\0sv\0");
  // What cannot take over is refused, with a reason.
  const program = (path: string): string =>
    `mkdir -p bad/command; ln -sf ${path} bad/command/svscan`;
  const c = cTool("svscan");
  const cases: [string, string, RegExp][] = [
    ["nothing", "true", /file does not exist/],
    ["no-permission", "mkdir -p bad/command; echo >bad/command/svscan", /access denied/],
    ["no-program", "chmod +x bad/command/svscan", /exec format error/],
    ["other", program("/bin/true"), /it is no svscan that could take over/],
    [
      "crash",
      "rm bad/command/svscan; printf '#!/bin/sh\\nkill -SEGV $$' >bad/command/svscan; chmod +x bad/command/svscan",
      /it crashes of signal 11/,
    ],
    ["runtime", `rm -r bad; cp -a djbox-2 bad; rm bad/runtime/deno`, /it is no svscan/],
    [
      "half",
      `rm -r bad; cp -a djbox-2 bad; truncate -s 1000 bad/runtime/base.js`,
      /it is no svscan/,
    ],
    [
      "older",
      `rm -r bad; cp -a djbox-2 bad; sed -i 's/djbox supervision [0-9]/djbox supervision 0/' bad/runtime/*.js`,
      /it is no svscan/,
    ],
  ];
  if (c !== undefined) cases.push(["C", `rm -r bad; ${program(c)}`, /it is no svscan/]);
  await switchTo("bad");
  for (const [name, script, reason] of cases) {
    await box.sh(script);
    box.write("err", "");
    const before = auxv(svscan.pid);
    svscan.kill("SIGHUP");
    const warning = /svscan: warning: unable to upgrade to \S*\/djbox\/command\/svscan: (.*)\n/;
    await box.until(`${name}: ${box.read("err")}`, () => warning.test(box.read("err")));
    match(box.read("err"), reason, name);
    equal(auxv(svscan.pid), before);
  }
  await box.run(["svc", "-t", "sv/a"]);
  await box.until("it obeys", () => ![0, pids[0]].includes(pidOf(box, "sv/a")));
  await switchTo("djbox-1");
  await upgrade(box);
  match(Deno.readLinkSync(`/proc/${svscan.pid}/exe`), /\/djbox-1\//);
});

upgradeTest("djbox upgrade says what it cannot do", async (box) => {
  await box.sh("mkdir sv empty; ln -s /nowhere svscan");
  const refused = async (directory: string): Promise<string> => {
    const { code, stdout, stderr } = await box.run(["djbox", "upgrade", directory]);
    deepEqual([code, stdout], [111, ""]);
    return stderr.replace("djbox: fatal: unable to ", "");
  };
  equal(await refused("nowhere"), "stat nowhere: file does not exist\n");
  equal(await refused("empty"), "upgrade: no svscan of djbox's runs in empty\n");
  // Under nohup a HUP is nothing to it.
  const ignoring = box.start(["sh", "-c", "trap '' HUP; exec svscan sv"]);
  await box.until("it runs", () => processesCalled(box, "svscan").includes(ignoring.pid));
  equal(await refused("sv"), "upgrade: no svscan of djbox's runs in sv\n");
  ignoring.kill("SIGKILL");
  const c = cTool("svscan");
  const theirs = c === undefined ? undefined : box.start([c, "sv"]);
  await box.until("it runs", () => c === undefined || processesCalled(box, "svscan").length === 1);
  equal(await refused("sv"), "upgrade: no svscan of djbox's runs in sv\n");
  ok(theirs === undefined || isAlive(theirs.pid));
});

upgradeTest("what services inherit is what it was", async (box) => {
  // More services than the limit of open files has room for: svscan has all that it may have.
  const names = Array.from({ length: 20 }, (_, i) => `sv/s${i}`);
  const look =
    "(ulimit -Sn; env | sort; grep 'Sig[BIC]' /proc/self/status; ls -l /proc/self/fd | wc -l)";
  writeServices(box, names, `${look} >>inherited; exec sleep 100000`);
  const script = "ulimit -Sn 64; echo lock >lock; exec setlock lock svscan sv 3</dev/null";
  const svscan = box.start(["sh", "-c", script]);
  await untilUp(box, names);
  await box.until("it was seen", () => box.read("sv/s0/inherited").split("\n").length > 8);
  await upgrade(box);
  const first = box.read("sv/s0/inherited");
  match(first, /^64\n/);
  await box.run(["svc", "-t", "sv/s0"]);
  await box.until(
    "it runs again",
    () => box.read("sv/s0/inherited").split("\n").length === 2 * first.split("\n").length - 1,
  );
  equal(box.read("sv/s0/inherited"), first + first);
  // And so it is with the one that takes over when svscan is ended.
  svscan.kill();
  equal(await svscan.ended, 128 + 15);
  await untilSupervised(box, names);
  await box.run(["svc", "-t", "sv/s0"]);
  await box.until(
    "it runs again",
    () => box.read("sv/s0/inherited").split("\n").length === 3 * first.split("\n").length - 2,
  );
  equal(box.read("sv/s0/inherited"), first.repeat(3));
});

upgradeTest("a HUP for all of them ends svscan, as ever", async (box) => {
  writeServices(box, ["sv/a", "sv/b"]);
  const svscan = box.start(["setsid", "svscan", "sv"]);
  await untilUp(box, ["sv/a", "sv/b"]);
  await box.until("it has listened", async () => {
    await box.run(["svc", "-o", "sv/b"]);
    return statusOf(box, "sv/b")?.want === "";
  });
  Deno.kill(-svscan.pid, "SIGHUP");
  equal(await svscan.ended, 128 + 1);
  equal(processesIn(box, "sv/a").length + processesIn(box, "sv/b").length, 0);
}, { programs: ["setsid"] });

upgradeTest("readproctitle shows what svscan says after an upgrade", async (box) => {
  writeServices(box, ["sv/a"]);
  const dots = ".".repeat(200);
  box.start(["sh", "-c", `svscan sv 2>&1 | readproctitle service errors: ${dots}`]);
  await untilUp(box, ["sv/a"]);
  await upgrade(box);
  writeServices(box, ["sv/b"], "exec /no/such/program");
  const shown = (): string => {
    const [pid] = processesCalled(box, "readproctitle");
    return pid === undefined ? "" : Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  };
  await box.until(`it shows: ${shown()}`, () => shown().includes("/no/such/program: not found"));
});

upgradeTest("process 1 is upgraded, and looks after orphans", async (box) => {
  writeServices(box, ["sv/a"]);
  // Its children lose their parent, and end a moment later.
  writeServices(box, ["sv/orphans"], "for i in 1 2 3; do (sleep 0.1 &); done; exec sleep 100000");
  const namespaces = ["--pid", "--fork", "--mount-proc", "--kill-child"];
  const outer = box.start(["unshare", ...namespaces, "svscan", "sv"]);
  const init = (): number =>
    Number(Deno.readTextFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`));
  await box.until("it runs", () => pidOf(box, "sv/a") !== 0);
  const pid = init();
  const inner = statusOf(box, "sv/a");
  for (let round = 0; round < 3; round++) {
    const before = auxv(pid);
    Deno.kill(pid, "SIGHUP");
    await box.until("it has started over", () => auxv(pid) !== before);
  }
  await untilSupervised(box, ["sv/a"]);
  deepEqual(statusOf(box, "sv/a"), inner);
  const children = (): number =>
    Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ").length;
  await box.until("only the services are left", () => children() === 2);
  equal(init(), pid);
}, { root: true, programs: ["unshare"] });
