// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, match } from "node:assert/strict";
import { type Box, mixedTest, toolTest } from "../harness/harness.ts";
import { Random } from "../harness/random.ts";
import { original, untilUp, writeServices } from "../harness/services.ts";

const EPOCH = 2n ** 62n + 10n;

/** The 18 bytes, from their parts. */
function status(seconds: bigint, pid: number, paused = 0, want = 0x75): string {
  const bytes = new Uint8Array(18);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, seconds));
  view.setUint32(12, pid, true);
  bytes.set([paused, want], 16);
  return String.fromCharCode(...bytes);
}

/** Keeps supervise/ok of `a` open, as a supervise would. */
async function hold(box: Box): Promise<void> {
  await box.sh("mkdir -p a/supervise; mkfifo a/supervise/ok");
  box.start(["/bin/sh", "-c", "exec sleep 1000 <>a/supervise/ok"]);
  await box.until("it is held", async () => (await box.run(["svok", "a"])).code === 0);
}

toolTest("svstat says what it cannot find out, on standard output", ["svstat"], async (box) => {
  box.write("file", "");
  await hold(box);
  await box.sh(`mkdir -p none idle/supervise loop dir/supervise/ok
mkfifo idle/supervise/ok; ln -s down loop/down`);
  const tell = async (name: string, text: string): Promise<void> =>
    deepEqual(await box.run(["svstat", name]), {
      code: 0,
      stdout: `${name}: ${text}\n`,
      stderr: "",
    });
  await tell("missing", "unable to chdir: file does not exist");
  await tell("file", "unable to chdir: not a directory");
  await tell("none", "unable to open supervise/ok: file does not exist");
  await tell("dir", "unable to open supervise/ok: is a directory");
  await tell("idle", "supervise not running");
  await tell("loop", "unable to stat down: symbolic link loop");
  await tell("a", "unable to open supervise/status: file does not exist");
  box.write("a/supervise/status", status(0n, 0).slice(1));
  await tell("a", "unable to read supervise/status: bad format");
  await box.sh("rm a/supervise/status; mkdir a/supervise/status");
  // C's svstat takes the failed read for a long one, and tells what happens to be in its memory.
  if (box.ours) await tell("a", "unable to read supervise/status: is a directory");
  deepEqual(await box.run(["svstat"]), { code: 0, stdout: "", stderr: "" });
});

toolTest("svstat says what is not normal or wanted", ["svstat"], async (box) => {
  await hold(box);
  const now = BigInt(Math.floor(Date.now() / 1000)) + EPOCH;
  const tell = async (bytes: string): Promise<string> => {
    box.write("a/supervise/status", bytes);
    const { stdout } = await box.run(["svstat", "a"]);
    match(stdout, /^a: (up \(pid \d+\)|down) \d+ seconds/);
    return stdout.slice(3, -1).replace(/ \d+ seconds/, "");
  };
  equal(await tell(status(now, 5)), "up (pid 5)");
  equal(await tell(status(now, 5, 1)), "up (pid 5), paused");
  equal(await tell(status(now, 5, 9, 0x64)), "up (pid 5), paused, want down");
  equal(await tell(status(now, 5, 0, 0)), "up (pid 5)");
  equal(await tell(status(now, 0, 1)), "down, normally up, want up");
  equal(await tell(status(now, 0, 0, 0x64)), "down, normally up");
  equal(await tell(status(now, 0, 0, 0x7a) + "more"), "down, normally up");
  box.write("a/down", "");
  equal(await tell(status(now, 2 ** 32 - 1)), "up (pid 4294967295), normally down");
  equal(await tell(status(now, 0, 0, 0x64)), "down");
  equal(await tell(status(now, 0)), "down, want up");
});

toolTest("svstat counts seconds, none in the future", ["svstat"], async (box) => {
  await hold(box);
  const now = BigInt(Math.floor(Date.now() / 1000)) + EPOCH;
  const seconds = async (since: bigint): Promise<bigint> => {
    box.write("a/supervise/status", status(since, 5));
    const { stdout } = await box.run(["svstat", "a"]);
    return BigInt(/ (\d+) seconds/.exec(stdout)?.[1] ?? -1);
  };
  for (const age of [1000n, 10n ** 6n, 10n ** 12n, 10n ** 18n]) {
    const seen = await seconds(now - age);
    const slack = seen - age;
    equal(slack >= (age < 10n ** 15n ? 0n : -2000n) && slack <= 2000n, true, `${age}: ${seen}`);
  }
  for (const since of [now + 1000n, 2n ** 63n, 2n ** 64n - 1n]) equal(await seconds(since), 0n);
  equal((await seconds(0n)).toString().slice(0, 9), "461168602");
});

/** What a svstat says of service a: all but the seconds, and the seconds. */
async function tell(box: Box, program: string): Promise<{ text: string; seconds: bigint }> {
  const { stdout } = await box.run([program, "a"]);
  const [text, seconds] = [stdout.replace(/\d+ seconds/, ""), /(\d+) seconds/.exec(stdout)?.[1]];
  return { text, seconds: BigInt(seconds ?? 0) };
}

mixedTest("svstat reads random status files as C's does", ["svstat"], async (box) => {
  await hold(box);
  const random = new Random(20);
  const now = BigInt(Math.floor(Date.now() / 1000)) + EPOCH;
  for (let i = 0; i < 40; i++) {
    const length = random.pick([18, 18, 18, 19, 40, random.below(18)]);
    let bytes = "";
    for (let at = 0; at < length; at++) bytes += String.fromCharCode(random.below(256));
    const age = BigInt(random.below(10 ** random.below(10)));
    // Only whole multiples of a large power of two are the same in every rounding.
    if (random.once(2)) bytes = status(now - age, 1).slice(0, 8) + bytes.slice(8);
    else {bytes = String.fromCharCode(random.pick([0, 0x80, 0xff])) + "\0".repeat(7) +
        bytes.slice(8);}
    box.write("a/supervise/status", bytes);
    // Where the clock goes on between the two, they are asked again.
    await box.until(`the same seconds, file ${i}`, async () => {
      const [ours, theirs] = [await tell(box, "svstat"), await tell(box, original("svstat"))];
      equal(ours.text, theirs.text, `file ${i}`);
      return ours.seconds === theirs.seconds;
    });
  }
});

mixedTest(
  "svstat and svok of both see each other's supervise",
  ["supervise", "svok"],
  async (box) => {
    writeServices(box, ["ours", "theirs"]);
    box.start(["supervise", "ours"]);
    box.start([original("supervise"), "theirs"]);
    const pids = await untilUp(box, ["ours", "theirs"]);
    for (const prefix of ["", original("svok").slice(0, -4)]) {
      for (const [i, name] of ["ours", "theirs"].entries()) {
        equal((await box.run([`${prefix}svok`, name])).code, 0);
        const { stdout } = await box.run([`${prefix}svstat`, name]);
        match(stdout, new RegExp(`^${name}: up \\(pid ${pids[i]}\\) \\d seconds\n$`));
      }
    }
  },
);
