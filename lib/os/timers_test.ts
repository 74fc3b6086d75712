// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { Timers } from "./timers.ts";

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

Deno.test("Timers: each is due by their clock alone, and once", () => {
  const { timers, done, at } = staged();
  equal(timers.timeout(), -1);
  timers.after(500, () => done.push("late"));
  timers.after(100, () => done.push("early"));
  equal(timers.timeout(), 100);
  timers.run();
  deepEqual(done, []);
  at(1100);
  timers.run();
  deepEqual([done, timers.timeout()], [["early"], 400]);
  at(999_999);
  timers.run();
  deepEqual([done, timers.timeout()], [["early", "late"], -1]);
});

Deno.test("Timers: the wall clock may jump an hour either way", () => {
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

Deno.test("Timers: what is cancelled is not done, what is set anew waits for the next turn", () => {
  const { timers, done, at } = staged();
  timers.after(10, () => timers.after(0, () => done.push("anew")));
  timers.after(10, () => done.push("cancelled")).cancel();
  at(1010);
  timers.run();
  deepEqual([done, timers.timeout()], [[], 0]);
  timers.run();
  deepEqual(done, ["anew"]);
});
