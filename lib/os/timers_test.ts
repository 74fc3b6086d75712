// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { Poller } from "./poll.ts";
import { type Timer, Timers } from "./timers.ts";
import { Random } from "../../tests/harness/random.ts";

/** Timers by a clock of ours, and what they have done. */
function staged(): { timers: Timers; done: string[]; at: (time: number) => void } {
  let time = 1000;
  const timers = new Timers(() => time);
  return {
    timers,
    done: [],
    at: (now): void => {
      time = now;
    },
  };
}

/** Runs what is due until nothing is left. */
function runAll(timers: Timers): void {
  const poller = new Poller();
  for (let patience = timers.timeout(); patience >= 0; patience = timers.timeout()) {
    poller.wait(patience);
    timers.run();
  }
}

Deno.test("timers are run in the order in which they fall due, equals as they were set", () => {
  const timers = new Timers();
  const done: number[] = [];
  for (const delay of [9, 3, 6, 0, 3, 9, 1]) timers.after(delay, () => done.push(delay));
  runAll(timers);
  deepEqual(done, [0, 1, 3, 3, 6, 9, 9]);
});

Deno.test("nothing is run before its time", () => {
  const timers = new Timers();
  const begin = performance.now();
  let took = 0;
  timers.after(20, () => took = performance.now() - begin);
  const patience = timers.timeout();
  ok(patience > 0 && patience <= 20, String(patience));
  timers.run();
  equal(took, 0);
  runAll(timers);
  ok(took >= 19, String(took));
});

Deno.test("a timer that is cancelled is not run, though one before it did that", () => {
  const timers = new Timers();
  const done: string[] = [];
  timers.after(0, () => {
    done.push("first");
    second.cancel();
  });
  const second = timers.after(0, () => done.push("second"));
  timers.after(1, () => done.push("third")).cancel();
  runAll(timers);
  deepEqual(done, ["first"]);
  second.cancel();
  equal(timers.timeout(), -1);
});

Deno.test("what an action sets waits for the next run", () => {
  const timers = new Timers();
  const done: number[] = [];
  const again = (): void => {
    done.push(done.length);
    if (done.length < 3) timers.after(0, again);
  };
  timers.after(0, again);
  timers.run();
  deepEqual(done, [0]);
  runAll(timers);
  deepEqual(done, [0, 1, 2]);
});

Deno.test("the wall clock may jump an hour either way", () => {
  const { timers, done, at } = staged();
  const wall = Date.now;
  try {
    for (const jump of [3_600_000, -3_600_000]) {
      timers.after(1000, () => done.push(`${jump}`));
      Date.now = (): number => wall() + jump;
      equal(timers.timeout(), 1000);
      timers.run();
    }
    deepEqual(done, []);
    at(2000);
    timers.run();
    deepEqual(done, ["3600000", "-3600000"]);
  } finally {
    Date.now = wall;
  }
});

Deno.test("timers of any length, set and cancelled in any order, are done as a list of them says", () => {
  for (let seed = 1; seed < 20; seed++) {
    const random = new Random(seed);
    const { timers, done, at } = staged();
    let time = 1000;
    let expected: { due: number; name: string; timer: Timer }[] = [];
    for (let i = 0; i < 500; i++) {
      if (random.once(3)) {
        const [gone] = expected.splice(random.below(expected.length + 1), 1);
        gone?.timer.cancel();
      } else if (random.once(4)) {
        time += random.below(40);
        at(time);
        const due = expected.filter((one) => one.due <= time).sort((a, b) => a.due - b.due);
        expected = expected.filter((one) => one.due > time);
        timers.run();
        deepEqual(done.splice(0), due.map(({ name }) => name));
      } else {
        const delay = random.pick([0, 3, 3, 26, 100]);
        const name = `${i}`;
        const timer = timers.after(delay, () => done.push(name));
        expected.push({ due: time + delay, name, timer });
      }
      const first = Math.min(...expected.map(({ due }) => due));
      equal(timers.timeout(), expected.length === 0 ? -1 : Math.max(0, first - time));
    }
  }
});
