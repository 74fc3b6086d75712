// SPDX-License-Identifier: 0BSD
// Not tested here: network file systems, where flock(2) may be refused.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Result, toolTest } from "../harness/harness.ts";
import { wrapperTests } from "../harness/wrapper.ts";

wrapperTests({ tool: "setlock", args: ["lk"], adds: ["3 300 lk"] });

const USAGE = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\n";
const DONE: Result = { code: 0, stdout: "", stderr: "" };

toolTest("setlock says its usage and 100", ["setlock"], async (box) => {
  const usage = { code: 100, stdout: "", stderr: USAGE };
  deepEqual(await box.run(["setlock"]), usage);
  deepEqual(await box.run(["setlock", "lk"]), usage);
  deepEqual(await box.run(["setlock", "-n", "--", "lk"]), usage);
  for (const [option, letter] of [["-q", "q"], ["-nZ", "Z"], ["-n:", ":"]] as const) {
    deepEqual(await box.run(["setlock", option, "lk", "echo"]), {
      ...usage,
      stderr: `setlock: illegal option -- ${letter}\n${USAGE}`,
    });
  }
  equal([...Deno.readDirSync(box.dir)].length, 0);
});

toolTest("setlock makes a private file and leaves an old one alone", ["setlock"], async (box) => {
  box.write("old", "data", 0o644);
  const { stdout } = await box.sh(`
    umask 000; setlock new true; stat -c '%a %s' new
    umask 277; setlock new2 true; stat -c '%a %s' new2
    setlock old cat old; stat -c ' %a %s' old`);
  equal(stdout, "600 0\n400 0\ndata 644 4\n");
});

toolTest("setlock gives the program a descriptor that appends", ["setlock"], async (box) => {
  box.write("lk", "old ");
  await box.run(["setlock", "lk", "sh", "-c", "echo new >&3"]);
  equal(box.read("lk"), "old new\n");
});

toolTest("setlock excludes flock(1), and the other way round", ["setlock"], async (box) => {
  const { stdout, stderr } = await box.sh(`
    setlock -n lk flock -n lk echo ran; echo $?
    flock -n lk setlock -n lk echo ran; echo $?
    flock -s -n lk setlock -n lk echo ran; echo $?
    setlock -n lk setlock -n lk echo ran; echo $?
    setlock -n lk setlock -nX lk2 echo ran; echo $?`);
  equal(stdout, "1\n111\n111\n111\nran\n0\n");
  equal(stderr, "setlock: fatal: unable to lock lk: temporary failure\n".repeat(3));
}, { programs: ["flock"] });

toolTest("setlock -x keeps silent about a file that it cannot have", ["setlock"], async (box) => {
  const failure = (text: string): Result => ({
    code: 111,
    stdout: "",
    stderr: `setlock: fatal: unable to ${text}\n`,
  });
  await box.sh("mkfifo fifo; ln -s loop loop");
  for (
    const [file, reason] of [
      ["missing/lk", "file does not exist"],
      [".", "is a directory"],
      ["", "file does not exist"],
      ["fifo", "device not configured"],
      ["loop", "symbolic link loop"],
    ] as const
  ) {
    deepEqual(await box.run(["setlock", file, "echo"]), failure(`open ${file}: ${reason}`));
    deepEqual(await box.run(["setlock", "-xX", file, "echo"]), failure(`open ${file}: ${reason}`));
    deepEqual(await box.run(["setlock", "-X", "-nx", file, "echo"]), DONE);
  }
  const locked = "setlock lk setlock";
  deepEqual(await box.sh(`${locked} -nx lk echo`), DONE);
  deepEqual(await box.sh(`${locked} -x -n lk echo`), DONE);
  deepEqual(await box.sh(`${locked} -nxX lk echo`), failure("lock lk: temporary failure"));
  // The program itself is another matter.
  deepEqual(
    await box.run(["setlock", "-x", "lk", "no-such"]),
    failure("run no-such: file does not exist"),
  );
});

toolTest("setlock looks for options only in front of the file", ["setlock"], async (box) => {
  equal((await box.run(["setlock", "-nNxX", "lk", "echo", "a"])).stdout, "a\n");
  equal((await box.run(["setlock", "-nn", "-x", "--", "-lk", "echo", "b"])).stdout, "b\n");
  equal((await box.run(["setlock", "-", "echo", "c"])).stdout, "c\n");
  equal(
    (await box.run(["setlock", "lk", "-n", "echo"])).stderr,
    "setlock: fatal: unable to run -n: file does not exist\n",
  );
  deepEqual([...Deno.readDirSync(box.dir)].map(({ name }) => name).sort(), ["-", "-lk", "lk"]);
});

toolTest("setlock waits for its turn, and can be killed meanwhile", ["setlock"], async (box) => {
  box.start(["setlock", "lk", "sh", "-c", ": >held; exec sleep 1000"]);
  await box.until("the lock is held", () => exists(box.dir + "/held"));
  const holder = box.start(["setlock", "lk2", "setlock", "lk", "echo", "never"]);
  const waiting = async (): Promise<boolean> =>
    (await box.run(["setlock", "-n", "lk2", "true"])).code === 111;
  await box.until("somebody waits with lk2 in hand", waiting);
  holder.kill();
  equal(await holder.ended, 143);
  equal((await box.run(["setlock", "-n", "lk2", "echo", "free"])).stdout, "free\n");
  equal(box.read("out"), "");
});

toolTest("setlock runs the program once the lock is free", ["setlock"], async (box) => {
  const first = box.start(["setlock", "lk", "sh", "-c", ": >held; exec sleep 1000"]);
  await box.until("the lock is held", () => exists(box.dir + "/held"));
  const second = box.start(["setlock", "-nN", "lk", "echo", "second"]);
  const cmdline = (): string => {
    const bytes = Deno.readTextFileSync(`/proc/${second.pid}/cmdline`);
    return bytes.replaceAll("\0", " ");
  };
  await box.until("the second one waits", () => /setlock -nN lk echo second $/.test(cmdline()));
  equal(box.read("out"), "");
  first.kill();
  equal(await second.ended, 0);
  equal(box.read("out"), "second\n");
});

toolTest("setlock's lock lasts as long as the descriptor", ["setlock"], async (box) => {
  const { stdout } = await box.sh("setlock lk sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'");
  const pid = Number(stdout);
  equal((await box.run(["setlock", "-n", "lk", "echo", "ran"])).code, 111);
  Deno.kill(pid, "SIGKILL");
  await box.until(
    "the lock is free",
    async () => (await box.run(["setlock", "-n", "lk", "true"])).code === 0,
  );
  const closing = "setlock lk sh -c 'exec 3>&-; setlock -n lk echo released'";
  equal((await box.sh(closing)).stdout, "released\n");
});

toolTest("setlock takes the lowest descriptor that is free", ["setlock"], async (box) => {
  const numbers = async (before: string): Promise<string> =>
    (await box.sh(
      `${before} exec setlock one setlock two perl -e '
      for (0 .. 255) { print "$1:$_ " if readlink("/proc/self/fd/$_") =~ m{/(one|two)$} }'`,
    )).stdout.trim();
  equal(await numbers(""), "one:3 two:4");
  equal(await numbers("exec 3</dev/null 5</dev/null;"), "one:4 two:6");
  equal(await numbers("exec 0<&- 4</dev/null;"), "one:0 two:3");
}, { programs: ["perl"] });

toolTest("setlock is bound by the limit of open files", ["setlock"], async (box) => {
  equal(
    (await box.sh("exec 4<&0 5<&0; ulimit -S -n 7; exec setlock a echo ran")).stdout,
    "ran\n",
  );
  const { code, stderr } = await box.sh(
    "exec 3<&0 4<&0 5<&0 6<&0; ulimit -S -n 7; exec setlock a echo ran",
  );
  ok(code !== 0 && stderr !== "", "no descriptor was left");
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
