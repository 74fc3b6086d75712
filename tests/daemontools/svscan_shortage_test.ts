// SPDX-License-Identifier: 0BSD
// svscan lives with a lack of descriptors and processes, and of room for what it says, and with errors that pass; for a
// lack of disk space see svscan_recovery_test.ts.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, type Started, toolTest } from "../harness/harness.ts";
import {
  auxv,
  isAlive,
  oneProcessTest,
  pidOf,
  processesCalled,
  processesIn,
  scan,
  statusOf,
  SUPERVISION,
  untilOld,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

/** How many descriptors a process may have from now on; what is open stays. */
async function limitFiles(box: Box, { pid }: Started, files: number): Promise<void> {
  deepEqual((await box.run(["prlimit", `--pid=${pid}`, `--nofile=${files}:`])).stderr, "");
}

toolTest(
  "svscan goes on where its messages are over the limit of a file's size",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a"]);
    box.script("sv/fails/run", "exec sleep 100000");
    Deno.chmodSync(`${box.dir}/sv/fails/run`, 0o644);
    const svscan = box.start(["sh", "-c", "ulimit -f 1; exec svscan sv 2>said"]);
    await untilUp(box, ["sv/a"]);
    await box.until("it is full", () => box.read("said").length === 512);
    const before = pidOf(box, "sv/a");
    await box.run(["svc", "-t", "sv/a"]);
    await box.until("it obeys", () => ![0, before].includes(pidOf(box, "sv/a")));
    ok(isAlive(svscan.pid));
  },
);

oneProcessTest("svscan goes on without descriptors, and recovers", async (box) => {
  writeServices(box, ["sv/a", "sv/b"]);
  const started = scan(box);
  await untilUp(box, ["sv/a", "sv/b"]);
  await untilOld(box, ["sv/a", "sv/b"]);
  // Not one more: what is open stays.
  await limitFiles(box, started, 3);
  writeServices(box, ["sv/c"]);
  const before = pidOf(box, "sv/a");
  Deno.kill(before, "SIGKILL");
  await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
  const warning = "supervise: warning: unable to open sv/a/supervise/status.new: ";
  await box.until("it says so", () => box.read("err").includes(warning.replace("sv/a", "a")));
  await box.until(
    "svscan says so",
    () => box.read("err").includes("svscan: warning: unable to "),
    15_000,
  );
  // What cannot be watched is looked at each second, and obeys.
  await untilOld(box, ["sv/a"]);
  await box.run(["svc", "-k", "sv/a"]);
  await box.until("it runs again", () => box.read("sv/a/starts") === "started\n".repeat(3));
  equal(box.read("sv/b/starts"), "started\n");
  await limitFiles(box, started, 1000);
  await untilUp(box, ["sv/c"]);
  await box.run(["svc", "-t", "sv/a"]);
  await box.until("the status is right", () => processesIn(box, "sv/a")[0] === pidOf(box, "sv/a"));
}, { programs: ["prlimit"] });

oneProcessTest("svscan that was upgraded lives where no descriptor is left", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  const [service] = await untilUp(box, ["sv/a"]) as [number];
  await untilOld(box, ["sv/a"]);
  equal((await box.run(["djbox", "upgrade", "sv"])).code, 0);
  await untilSupervised(box, ["sv/a"]);
  await limitFiles(box, svscan, 3);
  Deno.kill(service, "SIGKILL");
  await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
  await limitFiles(box, svscan, 1000);
  await box.until("the status is right", () => processesIn(box, "sv/a")[0] === pidOf(box, "sv/a"));
}, { programs: ["prlimit"] });

oneProcessTest(
  "the end of a service that is not its child is noticed where no descriptor is left",
  async (box) => {
    writeServices(box, ["sv/a"]);
    const first = scan(box);
    const [pid] = await untilUp(box, ["sv/a"]) as [number];
    first.kill("SIGKILL");
    equal(await first.ended, 128 + 9);
    const second = scan(box);
    await untilSupervised(box, ["sv/a"]);
    equal(pidOf(box, "sv/a"), pid);
    await limitFiles(box, second, 3);
    Deno.kill(pid, "SIGKILL");
    await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
    ok(isAlive(second.pid));
  },
  { programs: ["prlimit"] },
);

oneProcessTest(
  "a service that always ends at once can be stopped where no descriptor is left",
  async (box) => {
    writeServices(box, ["sv/a"], "echo started >>starts");
    const started = scan(box);
    await box.until("it was started twice", () => box.read("sv/a/starts").length > 8);
    await limitFiles(box, started, 3);
    const before = box.read("sv/a/starts");
    await box.until(
      "it is started still",
      () => box.read("sv/a/starts").length > before.length + 8,
    );
    await box.run(["svc", "-d", "sv/a"]);
    // It was started each second.
    await untilOld(box, ["sv/a"]);
    const stopped = box.read("sv/a/starts");
    await box.run(["svc", "-o", "sv/a"]);
    await box.until("it was started once", () => box.read("sv/a/starts") === `${stopped}started\n`);
    await untilOld(box, ["sv/a"]);
    equal(box.read("sv/a/starts"), `${stopped}started\n`);
  },
  { programs: ["prlimit"] },
);

oneProcessTest(
  "a log that no descriptor is left for keeps nothing else from running",
  async (box) => {
    writeServices(box, ["sv/first"]);
    const started = scan(box);
    await untilUp(box, ["sv/first"]);
    await limitFiles(box, started, 64);
    const names = Array.from({ length: 12 }, (_, i) => `sv/${i + 10}`);
    writeServices(box, names.flatMap((name) => [name, `${name}/log`]));
    await box.until(
      "it says so",
      () => /^svscan: warning: unable to create pipe for \d+: /m.test(box.read("err")),
    );
    const running = (): string[] => names.filter((name) => box.read(`${name}/starts`) !== "");
    await box.until("others run", () => running().length > 2);
    await limitFiles(box, started, 1000);
    await untilUp(box, names.flatMap((name) => [name, `${name}/log`]));
    equal(names.every((name) => box.read(`${name}/starts`) === "started\n"), true);
    await box.until("the pipes are held", () => processesCalled(box, "log-pipes").length === 1);
  },
  { programs: ["prlimit"] },
);

oneProcessTest(
  "svscan tries each second where no process can be made, and answers",
  async (box) => {
    box.script("sv/a/run", "exec sleep 100000");
    box.script("sv/b/run", "exec sleep 100000");
    // A user of its own, so that nobody else's processes count.
    await box.sh("chown -R 54321 .");
    const asUser = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
    const started = box.start([...asUser, "svscan", "sv"]);
    await untilUp(box, ["sv/a", "sv/b"]);
    const limit = async (processes: string): Promise<void> => {
      const argv = [...asUser, "prlimit", `--pid=${started.pid}`, `--nproc=${processes}:`];
      deepEqual((await box.run(argv)).stderr, "");
    };
    await limit("1");
    Deno.kill(pidOf(box, "sv/a"), "SIGKILL");
    const warning =
      "supervise: warning: unable to fork for a, trying again in a second: temporary failure\n";
    await box.until("it says so twice", () => box.read("err").split(warning).length > 2);
    equal(box.read("err").replaceAll(warning, ""), "");
    match(
      (await box.run(["svstat", "sv/a"])).stdout,
      /^sv\/a: down \d+ seconds, normally up, want up\n$/,
    );
    await box.run(["svc", "-d", "sv/a"]);
    await box.until("it obeys", () => statusOf(box, "sv/a")?.want === "d");
    await box.run(["svc", "-o", "sv/a"]);
    await box.until("it obeys", () => statusOf(box, "sv/a")?.want === "");
    await limit("1000");
    await untilUp(box, ["sv/a"]);
  },
  { root: true, programs: ["prlimit", "setpriv"] },
);

/** Has system calls of a process fail as strace's options say, until what is returned is ended. */
async function inject(box: Box, { pid }: Started, ...options: string[]): Promise<Started> {
  const strace = box.start(["strace", "-f", "-o", "trace", ...options, "-p", `${pid}`], {
    err: "strace",
  });
  await box.until("it is watched", () => box.read("strace").includes("attached"));
  return strace;
}

oneProcessTest(
  "svscan does not die of TERM while no process can be made for its services",
  async (box) => {
    writeServices(box, ["sv/a"]);
    const svscan = scan(box);
    const [service] = await untilUp(box, ["sv/a"]) as [number];
    const strace = await inject(box, svscan, "-e", "inject=clone:error=EAGAIN");
    svscan.kill("SIGTERM");
    const warning =
      "svscan: warning: unable to leave the services to supervise: temporary failure\n";
    await box.until("it says so", () => box.read("err") === warning);
    // They are supervised still.
    await untilOld(box, ["sv/a"]);
    await box.run(["svc", "-p", "sv/a"]);
    await box.until("it obeys", () => statusOf(box, "sv/a")?.paused === true);
    await box.run(["svc", "-c", "sv/a"]);
    strace.kill("SIGTERM");
    equal(await svscan.ended, 128 + 15);
    await untilSupervised(box, ["sv/a"]);
    equal(pidOf(box, "sv/a"), service);
    equal(box.read("err"), warning);
  },
  { programs: ["strace"] },
);

oneProcessTest("svscan that starts itself over waits for what it needs", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  const [service] = await untilUp(box, ["sv/a"]) as [number];
  await untilOld(box, ["sv/a"]);
  // The runtime has the first of its main thread.
  await inject(box, svscan, "-e", "inject=epoll_create1:error=EMFILE:when=2");
  svscan.kill("SIGHUP");
  await box.until("it was refused", () => box.read("trace").includes("INJECTED"));
  await untilSupervised(box, ["sv/a"]);
  await box.run(["svc", "-p", "sv/a"]);
  await box.until("it obeys", () => statusOf(box, "sv/a")?.paused === true);
  equal(pidOf(box, "sv/a"), service);
  ok(isAlive(svscan.pid));
  equal(
    box.read("err"),
    "svscan: warning: unable to epoll_create1, trying again each second: process cannot open more files\n",
  );
}, { programs: ["strace"] });

oneProcessTest("nothing is left of an upgrade that cannot be watched", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  const [service] = await untilUp(box, ["sv/a"]) as [number];
  await untilOld(box, ["sv/a"]);
  const strace = await inject(box, svscan, "-e", "inject=pidfd_open:error=EMFILE");
  svscan.kill("SIGHUP");
  const refusal = /^svscan: warning: unable to upgrade to .*: process cannot open more files\n$/;
  await box.until("it says so", () => refusal.test(box.read("err")));
  const children = (): string =>
    Deno.readTextFileSync(`/proc/${svscan.pid}/task/${svscan.pid}/children`);
  equal(children(), `${service} `);
  strace.kill("SIGTERM");
  await strace.ended;
  const before = auxv(svscan.pid);
  svscan.kill("SIGHUP");
  await box.until("it starts over", () => auxv(svscan.pid) !== before);
  await untilSupervised(box, ["sv/a"]);
  equal(pidOf(box, "sv/a"), service);
}, { programs: ["strace"] });

oneProcessTest("a second TERM ends svscan where nobody can take over", async (box) => {
  writeServices(box, ["sv/a"]);
  const svscan = scan(box);
  await untilUp(box, ["sv/a"]);
  await inject(box, svscan, "-e", "inject=memfd_create:error=ENFILE");
  const warning =
    "svscan: warning: unable to leave the services to supervise: system cannot open more files\n";
  svscan.kill("SIGTERM");
  await box.until("it says so", () => box.read("err") === warning);
  svscan.kill("SIGTERM");
  equal(await svscan.ended, 128 + 15);
  equal(box.read("err"), warning.repeat(2));
}, { programs: ["strace"] });

oneProcessTest(
  "services go on where the directory of one cannot be looked at any more",
  async (box) => {
    writeServices(box, ["sv/a", "sv/b"]);
    const svscan = scan(box);
    await untilUp(box, ["sv/a", "sv/b"]);
    await untilOld(box, ["sv/a", "sv/b"]);
    const calls = "inject=statx,newfstatat,fstat:error=ESTALE";
    await inject(box, svscan, "-P", `${box.dir}/sv/b`, "-e", calls);
    svscan.kill("SIGTERM");
    equal(await svscan.ended, 128 + 15);
    await untilSupervised(box, ["sv/a", "sv/b"]);
    const before = pidOf(box, "sv/a");
    await box.run(["svc", "-t", "sv/a"]);
    await box.until("it obeys", () => ![0, before].includes(pidOf(box, "sv/a")));
    equal(box.read("err"), "");
  },
  { programs: ["strace"] },
);

oneProcessTest(
  "trouble that passes makes no second process of a service that was left",
  async (box) => {
    for (
      const [i, options] of [
        ["-P", `${box.dir}/sv0/a/supervise/status`, "-e", "inject=read:error=EIO:when=1"],
        ["-P", `${box.dir}/sv1/a/supervise/lock`, "-e", "inject=read:error=EIO:when=1"],
        ["-P", "status", "-e", "inject=openat:error=EIO:when=1"],
        ["-P", "/proc/self/ns/pid", "-e", "inject=readlink,readlinkat:error=ENOMEM:when=1"],
      ].entries()
    ) {
      const service = `sv${i}/a`;
      writeServices(box, [service]);
      const first = box.start(["svscan", `sv${i}`]);
      const [pid] = await untilUp(box, [service]) as [number];
      first.kill("SIGKILL");
      await first.ended;
      box.start(["strace", "-o", `trace${i}`, ...options, "svscan", `sv${i}`], {
        err: `err${i}`,
      });
      await untilSupervised(box, [service]);
      equal(pidOf(box, service), pid, options.join(" "));
      equal(box.read(`${service}/starts`), "started\n");
      match(box.read(`trace${i}`), /INJECTED/);
      match(box.read(`err${i}`), /^svscan: warning: unable to .*\n$/);
    }
  },
  { programs: ["strace"] },
);

toolTest(
  "svscan supervises more than it may have files open for, and services get the limit that it got",
  SUPERVISION,
  async (box) => {
    // Where root may not raise a limit (CAP_SYS_RESOURCE, capabilities(7)) djbox's svscan cannot have more either.
    const more = "prlimit --nofile=$(($(ulimit -Hn) + 1)):$(($(ulimit -Hn) + 1)) true";
    const mayRaise = !box.ours || (await box.sh(more)).code === 0;
    const services = Array.from({ length: mayRaise ? 20 : 2 }, (_, i) => `sv/s${i}`);
    writeServices(box, services);
    for (const service of services) box.script(`${service}/log/run`, "exec cat >>lines");
    box.script("sv/told/run", "ulimit -Sn >limits; ulimit -Hn >>limits; exec sleep 100000");
    const svscan = box.start(["sh", "-c", "ulimit -Sn 50; ulimit -Hn 60; exec svscan sv"]);
    await untilSupervised(box, services.flatMap((service) => [service, `${service}/log`]));
    await box.until("the limits are told", () => box.read("sv/told/limits") === "50\n60\n");
    if (!box.ours) return;
    // Also after it has started itself over.
    equal((await box.run(["djbox", "upgrade", "sv"])).code, 0);
    await box.run(["svc", "-t", "sv/told"]);
    const before = pidOf(box, "sv/told");
    box.write("sv/told/limits", "");
    await box.run(["svc", "-t", "sv/told"]);
    await box.until("it is started anew", () => ![0, before].includes(pidOf(box, "sv/told")));
    await box.until("the limits are told", () => box.read("sv/told/limits") === "50\n60\n");
    equal(box.read("err"), "");
    ok(isAlive(svscan.pid));
  },
  { root: true, programs: ["prlimit"] },
);
