// SPDX-License-Identifier: 0BSD
/*
 * multilog when things go wrong: killed at any time, told to leave or to rotate while lines pour in, a full disk.
 * Not tested here: power failures.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Fifo } from "../harness/fifo.ts";
import { type Box, toolTest } from "../harness/harness.ts";
import { Random } from "../harness/random.ts";

/** The whole log in `directory`: old files in their order, and current. */
function log(box: Box, directory: string): string {
  const old = namesIn(box, directory).filter((name) => name.startsWith("@")).sort();
  return [...old, "current"].map((name) => box.read(`${directory}/${name}`)).join("");
}

function namesIn(box: Box, directory: string): string[] {
  try {
    return [...Deno.readDirSync(`${box.dir}/${directory}`)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Whether somebody writes to log/current. */
function isWritten(box: Box): boolean {
  return namesIn(box, "log").includes("current") &&
    ((Deno.statSync(`${box.dir}/log/current`).mode ?? 0) & 0o777) === 0o644;
}

function numbersIn(text: string): number[] {
  return text.split("\n").filter((line) => /^\d{6} /.test(line)).map((line) =>
    Number(line.slice(0, 6))
  );
}

/** Lines so long that every third or so finishes a file. */
function numberedLine(number: number, size = 1100): string {
  return String(number).padStart(6, "0") + " ".padEnd(size, "x") + "\n";
}

async function killAndRestart(box: Box, script: readonly string[], kills: number): Promise<void> {
  const random = new Random(31);
  const fifo = new Fifo(box);
  const seen: number[] = [];
  let number = 0;
  for (let kill = 0; kill < kills; kill++) {
    const multilog = fifo.feed(box, ["multilog", ...script, "./log"]);
    for (let lines = random.below(5); lines > 0; lines--) {
      await fifo.write(numberedLine(++number));
      // A file that is being renamed is not seen for a moment.
      await box.until(
        `line ${number} is seen`,
        () => log(box, "log").includes(numberedLine(number)),
      );
      seen.push(number);
    }
    await fifo.write(numberedLine(++number));
    const end = performance.now() + random.below(4000) / 1000;
    while (performance.now() < end);
    multilog.kill("SIGKILL");
    equal(await multilog.ended, 137);
  }
  const last = fifo.feed(box, ["multilog", ...script, "./log"]);
  await fifo.write(numberedLine(++number));
  await box.until("the last line is seen", () => log(box, "log").endsWith(numberedLine(number)));
  fifo.close();
  equal(await last.ended, 0);
  const found = numbersIn(log(box, "log"));
  deepEqual(found, [...new Set(found)].toSorted((a, b) => a - b), "each line once, in their order");
  deepEqual(seen.filter((line) => !found.includes(line)), [], "no line is lost that was written");
  equal(box.read("err"), "");
}

toolTest("multilog loses and doubles nothing when it is killed", ["multilog"], async (box) => {
  await killAndRestart(box, ["s4096", "n1000"], 40);
});

toolTest(
  "multilog with a processor loses and doubles nothing when it is killed",
  ["multilog"],
  async (box) => {
    await killAndRestart(box, ["s4096", "n1000", "!cat; echo state >&5"], 25);
    const left = namesIn(box, "log").filter((name) => !name.startsWith("@"));
    deepEqual(left.sort(), ["current", "lock", "state"]);
  },
);

toolTest(
  "multilog told to leave in a flood leaves the rest to its successor",
  ["multilog"],
  async (box) => {
    const random = new Random(5);
    const fifo = new Fifo(box);
    let written = "";
    let number = 0;
    const write = async (text: string): Promise<void> => {
      written += text;
      await fifo.write(text);
    };
    for (let round = 0; round < 15; round++) {
      const multilog = fifo.feed(box, ["multilog", "s16777215", "./log"]);
      await box.until("it has caught up", () => isWritten(box) && log(box, "log") === written);
      for (let lines = random.below(20); lines > 0; lines--) {
        await write(numberedLine(++number, random.below(1500)));
      }
      // It may find the signal before, in or behind the line, and what comes next may be there already or not.
      const line = numberedLine(++number, random.below(3000));
      const cut = random.below(line.length);
      await write(line.slice(0, cut));
      if (random.once(2)) multilog.kill("SIGTERM");
      await write(line.slice(cut) + numberedLine(++number) + numberedLine(++number).slice(0, 500));
      multilog.kill("SIGTERM");
      await write(numberedLine(number).slice(500) + numberedLine(++number));
      equal(await multilog.ended, 0);
      const there = log(box, "log");
      ok(written.startsWith(there), "what is there is in order");
      ok(there.endsWith("\n"), "and ends with a whole line");
    }
    const last = fifo.feed(box, ["multilog", "s16777215", "./log"]);
    await box.until("the rest is read", () => log(box, "log") === written);
    fifo.close();
    equal(await last.ended, 0);
  },
);

toolTest("multilog rotates on ALRM in a flood and cuts no line", ["multilog"], async (box) => {
  const random = new Random(77);
  const fifo = new Fifo(box);
  const multilog = fifo.feed(box, ["multilog", "s16777215", "n1000", "./log"]);
  await box.until("it runs", () => isWritten(box));
  let written = "";
  for (let number = 1; number <= 1500; number++) {
    const line = numberedLine(number, random.below(2000));
    written += line;
    const cut = random.below(line.length);
    await fifo.write(line.slice(0, cut));
    if (random.once(20)) multilog.kill("SIGALRM");
    await fifo.write(line.slice(cut));
  }
  fifo.close();
  equal(await multilog.ended, 0);
  equal(log(box, "log"), written);
  const old = namesIn(box, "log").filter((name) => name.startsWith("@"));
  ok(old.length > 5, `${old.length} old files`);
});

toolTest(
  "multilog waits for space on a full disk and loses nothing",
  ["multilog"],
  async (box) => {
    await box.sh("mkdir disk && mount -t tmpfs -o size=32k none disk");
    try {
      const fifo = new Fifo(box);
      const multilog = fifo.feed(box, ["multilog", "s16777215", "./disk/log"]);
      let written = "";
      for (let number = 1; number <= 60; number++) written += numberedLine(number);
      await fifo.write(written);
      await box.until("it complains", () => box.read("err") !== "");
      ok(written.startsWith(box.read("disk/log/current")));
      await box.sh("mount -o remount,size=1m disk");
      await box.until("all is there", () => box.read("disk/log/current") === written);
      fifo.close();
      equal(await multilog.ended, 0);
      deepEqual(
        new Set(box.read("err").split("\n")),
        new Set([
          "multilog: warning: unable to write to ./disk/log/current, pausing: out of disk space",
          "",
        ]),
      );
    } finally {
      await box.sh("umount -l disk");
    }
  },
  { root: true, programs: ["mount", "umount"] },
);

toolTest(
  "multilog finishes a file where a full disk has cut a write at the end of a line",
  ["multilog"],
  async (box) => {
    await box.sh("mkdir disk && mount -t tmpfs -o size=4k none disk");
    try {
      await box.sh("mkdir disk/log && head -c 3996 /dev/zero >disk/log/current");
      await box.sh("chmod 744 disk/log/current");
      const fifo = new Fifo(box);
      const multilog = fifo.feed(box, ["multilog", "s6089", "./disk/log"]);
      const written = Array.from({ length: 10 }, (_, i) => numberedLine(i, 43)).join("");
      await fifo.write(written);
      await box.until("it complains", () => box.read("err") !== "");
      await box.sh("mount -o remount,size=1m disk");
      await box.until("all is there", () => log(box, "disk/log").endsWith(written));
      fifo.close();
      equal(await multilog.ended, 0);
      const old = namesIn(box, "disk/log").filter((name) => name.startsWith("@"));
      // Two lines had room.
      deepEqual(old.map((name) => box.read(`disk/log/${name}`).length), [4096]);
      equal(box.read("disk/log/current"), written.slice(100));
    } finally {
      await box.sh("umount -l disk");
    }
  },
  { root: true, programs: ["mount", "umount"] },
);
