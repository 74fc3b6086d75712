// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { chdir } from "../os/directory.ts";
import { Poller } from "../os/poll.ts";
import { Timers } from "../os/timers.ts";
import { ScanSchedule } from "./scan_schedule.ts";

/** A scanner that only counts what it is asked for. */
class Scanner {
  scans = 0;
  looks: number[] = [];
  searches = 0;
  isSettled = true;
  isUnfinished = false;

  constructor(public count: number, public parents: string[] = []) {}

  scan(): boolean {
    this.scans++;
    return this.isSettled;
  }

  scanForNew(): boolean {
    this.searches++;
    return this.isUnfinished;
  }

  look(most: number): void {
    this.looks.push(most);
  }
}

/** A schedule, in a directory `services` beside `elsewhere`, and time that passes when it is told to. */
class Trial {
  #time = 0;
  readonly #poller = new Poller();
  readonly #timers = new Timers(() => this.#time);
  readonly schedule: ScanSchedule;
  readonly begun: number[] = [];

  constructor(readonly scanner: Scanner) {
    const surroundings = { poller: this.#poller, timers: this.#timers };
    this.schedule = new ScanSchedule(surroundings, scanner, () => this.begun.push(this.#time));
    this.schedule.begin();
  }

  /** Lets the kernel tell what it has to, and then `milliseconds` go by. */
  pass(milliseconds: number): void {
    this.#poller.wait(0);
    const end = this.#time + milliseconds;
    for (let left = this.#timers.timeout(); this.#time + left <= end;) {
      this.#time += left;
      this.#timers.run();
      this.#poller.wait(0);
      left = this.#timers.timeout();
    }
    this.#time = end;
  }
}

function inScratch(body: () => void): void {
  const before = Deno.cwd();
  const directory = Deno.makeTempDirSync({ prefix: "djbox-schedule." });
  for (const name of ["services", "elsewhere"]) Deno.mkdirSync(`${directory}/${name}`);
  chdir(`${directory}/services`);
  try {
    body();
  } finally {
    chdir(before);
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("a look comes every five seconds as long as there is something to do, however many there are", () => {
  inScratch(() => {
    const scanner = new Scanner(1000);
    scanner.isSettled = false;
    const trial = new Trial(scanner);
    trial.pass(20_000);
    deepEqual(trial.begun, [0, 5000, 10_000, 15_000, 20_000]);
    deepEqual(scanner.looks, [20, 20, 20, 20, 20]);
    equal(scanner.scans, 5);
  });
});

Deno.test("the more services are settled the rarer a look, and the more look after their files then", () => {
  for (const [count, times] of [[0, 1], [1, 1], [20, 1], [21, 2], [60, 3], [120, 6], [1000, 6]]) {
    inScratch(() => {
      const trial = new Trial(new Scanner(count as number));
      const interval = 5000 * (times as number);
      trial.pass(2 * interval);
      deepEqual(trial.begun, [0, interval, 2 * interval]);
      deepEqual(trial.scanner.looks, [20, 20 * (times as number), 20 * (times as number)]);
    });
  }
});

Deno.test("when something is disturbed the next look comes in five seconds, and is not put off", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000));
    trial.pass(7000);
    trial.schedule.soon();
    trial.pass(3000);
    trial.schedule.soon();
    trial.pass(2000);
    deepEqual(trial.begun, [0, 12_000]);
    trial.pass(30_000);
    deepEqual(trial.begun, [0, 12_000, 42_000]);
  });
});

Deno.test("after the rest there is a look at all where there are many", () => {
  for (const [count, begun] of [[1000, [0, 2000, 32_000]], [20, [0, 5000, 10_000]]] as const) {
    inScratch(() => {
      const trial = new Trial(new Scanner(count, count === 1000 ? ["../elsewhere/"] : []));
      trial.pass(2000);
      trial.schedule.rested();
      trial.pass((begun[2] ?? 0) - 2000);
      deepEqual(trial.begun, begun);
      deepEqual(trial.scanner.looks.slice(1), count === 1000 ? [1000, 120] : [20, 20]);
    });
  }
});

Deno.test("a name that comes or goes is looked for when all has been quiet, and all is looked at soon", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000));
    trial.scanner.isUnfinished = true;
    Deno.mkdirSync("new");
    trial.pass(900);
    Deno.mkdirSync("newer");
    trial.pass(900);
    equal(trial.scanner.searches, 0);
    trial.pass(100);
    equal(trial.scanner.searches, 1);
    trial.pass(1000);
    equal(trial.scanner.searches, 2, "what was not finished is looked for again");
    trial.scanner.isUnfinished = false;
    trial.pass(2100);
    equal(trial.scanner.searches, 3);
    deepEqual(trial.begun, [0, 5000]);
    trial.pass(29_000);
    deepEqual(trial.begun, [0, 5000]);
  });
});

Deno.test("a change where links lead to is noticed, too, from the look after the first one on", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000, ["../elsewhere/"]));
    trial.pass(35_000);
    deepEqual(trial.begun, [0, 5000, 35_000]);
    Deno.mkdirSync("../elsewhere/one");
    trial.pass(4000);
    // As much as may happen there, a look for all of it is enough.
    Deno.mkdirSync("../elsewhere/two");
    trial.pass(1000);
    deepEqual(trial.begun, [0, 5000, 35_000, 40_000]);
    trial.pass(10_000);
    Deno.removeSync("../elsewhere/one");
    trial.pass(5000);
    deepEqual(trial.begun, [0, 5000, 35_000, 40_000, 55_000]);
    equal(trial.scanner.searches, 0);
  });
});

/** Something comes into `former`, of which nothing is to be noticed, and ten seconds later into `watched`. */
function changeBoth(trial: Trial, former: string, watched: string): void {
  const before = trial.begun.length;
  Deno.mkdirSync(`${former}/one`);
  trial.pass(10_000);
  equal(trial.begun.length, before);
  Deno.mkdirSync(`${watched}/one`);
  trial.pass(5000);
}

Deno.test("where links lead to another place than before, that is watched", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000, ["../elsewhere/"]));
    trial.pass(5000);
    Deno.mkdirSync("../third");
    trial.scanner.parents = ["../third/"];
    trial.pass(30_000);
    deepEqual(trial.begun, [0, 5000, 35_000]);
    trial.pass(5000);
    deepEqual(trial.begun, [0, 5000, 35_000, 40_000]);
    changeBoth(trial, "../elsewhere", "../third");
    deepEqual(trial.begun, [0, 5000, 35_000, 40_000, 55_000]);
  });
});

Deno.test("a place that links lead to is watched, too, when it was made anew", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000, ["../elsewhere/"]));
    trial.pass(5000);
    Deno.renameSync("../elsewhere", "../former");
    trial.pass(1000);
    Deno.mkdirSync("../elsewhere");
    trial.scanner.parents = ["../elsewhere/"];
    trial.pass(9000);
    deepEqual(trial.begun, [0, 5000, 10_000, 15_000]);
    changeBoth(trial, "../former", "../elsewhere");
    deepEqual(trial.begun, [0, 5000, 10_000, 15_000, 30_000]);
  });
});

Deno.test("what the kernel cannot tell of is looked at every five seconds", () => {
  inScratch(() => {
    const trial = new Trial(new Scanner(1000, ["../elsewhere/", "../nowhere/"]));
    trial.pass(15_000);
    deepEqual(trial.begun, [0, 5000, 10_000, 15_000]);
  });
});
