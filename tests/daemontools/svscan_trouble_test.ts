// SPDX-License-Identifier: 0BSD
// Trouble from outside: a reader that stands still, permissions, odd ways to be started, two services with one log. What
// C's svscan does in each case, ours does, too.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import {
  pidOf,
  statusOf,
  SUPERVISION,
  untilOld,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

/** Nobody else's processes count, and nobody else's files are in the way. */
const AS_USER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];

function count(box: Box, text: string): number {
  return box.read("err").split(text).length - 1;
}

toolTest(
  "services are looked after while nobody reads what svscan says",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/good", "sv/stopped"]);
    // It has no run: there is a message a second.
    Deno.mkdirSync(`${box.dir}/sv/bad`);
    const made = await box.sh("mkfifo messages");
    equal(made.code, 0);
    using reader = await Deno.open(`${box.dir}/messages`, { read: true, write: true });
    const svscan = box.start(["sh", "-c", "exec svscan sv 2>messages"]);
    await untilUp(box, ["sv/good", "sv/stopped"]);
    await untilOld(box, ["sv/good", "sv/stopped"]);
    const fill = await box.sh("dd if=/dev/zero of=messages bs=1 count=70000 oflag=nonblock,append");
    match(fill.stderr, /Resource temporarily unavailable/);
    await box.run(["svc", "-d", "sv/stopped"]);
    await box.run(["svc", "-k", "sv/good"]);
    await box.until("it runs again", () => box.read("sv/good/starts") === "started\nstarted\n");
    await box.until("the other one is down", () => pidOf(box, "sv/stopped") === 0);
    await untilOld(box, ["sv/good"]);
    await box.run(["svc", "-k", "sv/good"]);
    await box.until("and again", () => box.read("sv/good/starts") === "started\n".repeat(3));
    svscan.kill("SIGTERM");
    equal(await svscan.ended, 128 + 15);
    await reader.read(new Uint8Array(70000));
  },
);

toolTest("what was not read is counted", SUPERVISION, async (box) => {
  Deno.mkdirSync(`${box.dir}/sv/bad`, { recursive: true });
  equal((await box.sh("mkfifo messages")).code, 0);
  using reader = await Deno.open(`${box.dir}/messages`, { read: true, write: true });
  equal((await box.sh("dd if=/dev/zero of=messages bs=65536 count=1")).code, 0);
  box.start(["sh", "-c", "exec svscan sv 2>messages"]);
  await untilSupervised(box, ["sv/bad"]);
  // It is supervised before it is started: only what then failed has been complained of.
  const since = statusOf(box, "sv/bad")?.since;
  await box.until("it was tried", () => statusOf(box, "sv/bad")?.since !== since);
  const buffer = new Uint8Array(66000);
  const text = async (): Promise<string> => {
    const got = await reader.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, got)).replaceAll("\0", "");
  };
  let said = "";
  for (let i = 0; i < 3; i++) said += await text();
  match(
    said,
    /^supervise: warning: messages dropped: \d+\nsupervise: fatal: unable to start bad\/run: /,
  );
}, { djboxOnly: "C's supervise waits until somebody reads" });

toolTest(
  "a service directory that cannot be entered any more has nothing run in its place",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a"]);
    box.script("sv/run", "pwd >wrong");
    await box.sh("chown -R 54321 .");
    box.start([...AS_USER, "svscan", "sv"]);
    await untilUp(box, ["sv/a"]);
    await untilOld(box, ["sv/a"]);
    const pid = pidOf(box, "sv/a");
    Deno.chmodSync(`${box.dir}/sv/a`, 0);
    Deno.kill(pid, "SIGKILL");
    const complaint = "supervise: fatal: unable to start a/run: access denied\n";
    await box.until("it says so twice", () => count(box, complaint) >= 2);
    equal(box.read("sv/wrong"), "");
    Deno.chmodSync(`${box.dir}/sv/a`, 0o755);
    await box.until("it runs again", () => box.read("sv/a/starts") === "started\nstarted\n");
  },
  { root: true, programs: ["setpriv"] },
);

toolTest(
  "an entry that cannot be added is complained about at a scan only",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/flaps"], "echo >>starts");
    writeServices(box, ["sv/closed"]);
    await box.sh("chown -R 54321 .; chown 0 sv/closed; chmod 0 sv/closed");
    box.start([...AS_USER, "svscan", "sv"]);
    await box.until("it says so", () => count(box, "unable to stat closed/log") === 1);
    // Something changes in the directory, and then some seconds go by.
    Deno.mkdirSync(`${box.dir}/sv/.x`);
    const starts = box.read("sv/flaps/starts").length;
    await box.until("eight seconds", () => box.read("sv/flaps/starts").length >= starts + 8);
    ok(count(box, "unable to stat closed/log") <= 4, box.read("err"));
  },
  { root: true, programs: ["setpriv"] },
);

toolTest(
  "two services with one log have a pipe each, and one has the log",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a", "sv/b", "common"]);
    await box.sh("ln -s ../../common sv/a/log; ln -s ../../common sv/b/log");
    box.start(["svscan", "sv"]);
    const [a, b] = await untilUp(box, ["sv/a", "sv/b"]) as [number, number];
    await untilUp(box, ["common"]);
    const output = (pid: number): string => Deno.readLinkSync(`/proc/${pid}/fd/1`);
    match(output(a), /^pipe:/);
    equal(output(a) === output(b), false);
    await box.until(
      "it says so",
      () => count(box, "supervise: fatal: unable to acquire log/supervise/lock: ") >= 2,
    );
    equal(box.read("common/starts"), "started\n");
  },
);

/** No shell, which would set it right. */
const TELLS = `#!/usr/bin/env python3
import time
status = open("/proc/self/status").read().split("\\n")
open("told", "w").write("\\n".join(line for line in status if line[:6] in ("SigBlk", "SigIgn")))
open("starts", "a").write("started\\n")
time.sleep(100000)
`;

toolTest(
  "a service has SIGCHLD at its default, however svscan was started",
  SUPERVISION,
  async (box) => {
    for (const how of ["--ignore-signal=CHLD", "--block-signal=CHLD"]) {
      for (const [i, tool] of [["svscan", "sv"], ["supervise", "sv/a"]].entries()) {
        const place = `${how}${i}`;
        box.write(`${place}/sv/a/run`, TELLS, 0o755);
        box.start(["env", "-C", place, how, ...tool]);
        await box.until("it has started", () => box.read(`${place}/sv/a/starts`) === "started\n");
        const masks = [...box.read(`${place}/sv/a/told`).matchAll(/:\t(\w+)/g)];
        deepEqual(masks.map(([, mask]) => BigInt("0x" + mask) & (1n << 16n)), [0n, 0n], place);
      }
    }
  },
  { programs: ["python3"] },
);

toolTest("a lock that may only be written is good enough", SUPERVISION, async (box) => {
  writeServices(box, ["a"]);
  await box.sh("mkdir -m 700 a/supervise; : >a/supervise/lock; chmod 200 a/supervise/lock");
  await box.sh("chown -R 54321 .");
  const started = box.start([...AS_USER, "supervise", "a"]);
  await untilUp(box, ["a"]);
  await box.run(["svc", "-dx", "a"]);
  equal(await started.ended, 0);
  equal(box.read("err"), "");
}, { root: true, programs: ["setpriv"] });
