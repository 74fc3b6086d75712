// SPDX-License-Identifier: 0BSD
// What the letters do is in supervise_test.ts. Not tested here: a write that fails half-way.
import { deepEqual, equal } from "node:assert/strict";
import { mixedTest, toolTest } from "../harness/harness.ts";
import {
  original,
  pidOf,
  statusOf,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

const USAGE = "svc options: u up, d down, o once, x exit, p pause, c continue, " +
  "h hup, a alarm, i interrupt, t term, k kill\n";

toolTest("svc knows its letters, and sends nothing where one is wrong", ["svc"], async (box) => {
  for (const letter of ["z", "1", ":", "U", "\xff"]) {
    const script = `mkfifo -m 600 f 2>/dev/null; exec svc -ud${letter} a`;
    const result = await box.sh(script.replace("\xff", "$(printf '\\377')"));
    const stderr = `svc: illegal option -- ${letter}\n${USAGE}`;
    deepEqual(result, { code: 100, stdout: "", stderr });
  }
  deepEqual(await box.run(["svc"]), { code: 0, stdout: "", stderr: "" });
  deepEqual(await box.run(["svc", "-d"]), { code: 0, stdout: "", stderr: "" });
});

toolTest("svc sends each letter once, in one piece, to each directory", ["svc"], async (box) => {
  const cases = [
    ["-dud", "du"],
    ["-d -u -d", "du"],
    ["-xkct -iahpoud", "xkctiahpoud"],
    ["-- ", ""],
    ["-u --", "u"],
    ["-u --d", "u"],
  ] as const;
  await box.sh("mkdir -p a/supervise b/supervise; mkfifo a/supervise/control b/supervise/control");
  for (const [options, sent] of cases) {
    const { stdout, stderr } = await box.sh(
      `exec 3<>a/supervise/control 4<>b/supervise/control
svc ${options} a b; printf . >&3; printf . >&4
dd bs=100 count=1 <&3 2>/dev/null; dd bs=100 count=1 <&4 2>/dev/null`,
    );
    deepEqual([stdout, stderr], [`${sent}.${sent}.`, ""]);
  }
});

toolTest("svc goes on behind what it cannot control", ["svc"], async (box) => {
  box.write("file", "");
  box.write("no-fifo/x", "");
  box.write("plain/supervise/control", "xxxx");
  await box.sh("mkdir -p idle/supervise dir/supervise/control; mkfifo idle/supervise/control");
  await box.sh("mkdir -p last/supervise; mkfifo last/supervise/control");
  const { code, stdout, stderr } = await box.sh(
    `exec 3<>last/supervise/control
svc -ud missing file no-fifo idle plain dir last && dd bs=10 count=1 <&3 2>/dev/null`,
  );
  const warnings = [
    "unable to chdir to missing: file does not exist",
    "unable to chdir to file: not a directory",
    "unable to control no-fifo: file does not exist",
    "unable to control idle: supervise not running",
    "unable to control dir: is a directory",
  ];
  deepEqual([code, stdout], [0, "ud"]);
  equal(stderr, warnings.map((warning) => `svc: warning: ${warning}\n`).join(""));
  equal(box.read("plain/supervise/control"), "udxx");
});

toolTest("svc is denied what belongs to others", ["svc"], async (box) => {
  await box.sh("mkdir -p a/supervise b; mkfifo -m 600 a/supervise/control; chmod 700 b");
  equal(
    (await box.sh("exec setuidgid nobody svc -u a b")).stderr,
    "svc: warning: unable to control a: access denied\n" +
      "svc: warning: unable to chdir to b: access denied\n",
  );
}, { root: true });

toolTest("svc waits while the FIFO is full", ["svc"], async (box) => {
  await box.sh("mkdir -p a/supervise; mkfifo a/supervise/control");
  const { stdout } = await box.sh(
    `exec 3<>a/supervise/control
head -c 65536 /dev/zero >&3; svc -t a &
until ls -l /proc/$!/fd | grep -q a/supervise/control && grep -q '^State:.S' /proc/$!/status; do
  kill -0 $! || break; sleep 0.01; done
kill -0 $! && echo waits; head -c 65536 <&3 >/dev/null
wait $!; echo "exit $?"; dd bs=10 count=1 <&3 2>/dev/null`,
  );
  equal(stdout, "waits\nexit 0\nt");
});

toolTest("svc -dx ends service and supervise; the FIFO is left empty", ["svc"], async (box) => {
  writeServices(box, ["a"]);
  const started = box.start(["supervise", "a"]);
  await untilUp(box, ["a"]);
  equal((await box.run(["svc", "-dx", "a"])).code, 0);
  equal(await started.ended, 0);
  equal((await box.sh("timeout 1 dd iflag=nonblock <>a/supervise/control 2>/dev/null")).stdout, "");
  // What is sent in vain stays nowhere.
  const stderr = "svc: warning: unable to control a: supervise not running\n";
  deepEqual(await box.run(["svc", "-x", "a"]), { code: 0, stdout: "", stderr });
});

mixedTest("svc and C's talk to each other's supervise", ["supervise", "svc"], async (box) => {
  writeServices(box, ["ours", "theirs"]);
  const both = [box.start(["supervise", "ours"]), box.start([original("supervise"), "theirs"])];
  await untilUp(box, ["ours", "theirs"]);
  const send = async (letters: string): Promise<void> => {
    deepEqual((await box.run([original("svc"), letters, "ours"])).stderr, "");
    deepEqual((await box.run(["svc", letters, "theirs"])).stderr, "");
  };
  await send("-d");
  for (const name of ["ours", "theirs"]) {
    await box.until(`${name} is down`, () => pidOf(box, name) === 0);
    equal(statusOf(box, name)?.want, "d");
  }
  await send("-up");
  await untilUp(box, ["ours", "theirs"]);
  for (const name of ["ours", "theirs"]) {
    await box.until(`${name} is paused`, () => statusOf(box, name)?.paused === true);
  }
  await send("-dx");
  for (const started of both) equal(await started.ended, 0);
});

toolTest("svc reaches a service whose name is not text", ["svc"], async (box) => {
  await box.sh(`d=$(printf 'l\\351\\n -x'); mkdir "$d"; cd "$d"
printf '#!/bin/sh\\nexec sleep 1000\\n' >run; chmod 755 run`);
  const result = box.sh(`d=$(printf 'l\\351\\n -x'); exec supervise "$d"`);
  await box.until("it runs", async () => (await box.sh("svok l*")).code === 0);
  deepEqual(await box.sh("exec svc -dx l*"), { code: 0, stdout: "", stderr: "" });
  equal((await result).code, 0);
});

toolTest("svc works by any path to the directory", ["svc"], async (box) => {
  writeServices(box, ["x/a"]);
  await box.sh("ln -s x/a link");
  const started = box.start(["supervise", "x/a"]);
  await untilSupervised(box, ["x/a"]);
  await box.run(["svc", "-d", "link"]);
  await box.until("it is down", () => statusOf(box, "x/a")?.want === "d");
  await box.run(["svc", "-x", `${box.dir}//x/../x/a/`]);
  equal(await started.ended, 0);
});
