// SPDX-License-Identifier: 0BSD
// Through svscan: tests/daemontools/svscan_survival_test.ts.
import { equal, ok } from "node:assert/strict";
import { stringArray } from "../os/c_string.ts";
import { RLIMIT_NOFILE } from "../os/constants.ts";
import { close, pipe } from "../os/file.ts";
import { Poller } from "../os/poll.ts";
import { kill } from "../os/process.ts";
import { getLimit, setSoftLimit } from "../os/rlimit.ts";
import { Timers } from "../os/timers.ts";
import { hasEndedChild } from "../os/wait.ts";
import { LogPipes } from "./log_pipes.ts";

const SIGKILL = 9;

/** Somebody who has pipes held, and whose clock goes by a second each time that something has happened. */
class Trial {
  #time = 0;
  readonly #poller = new Poller();
  readonly #timers = new Timers(() => this.#time);
  readonly pipes: LogPipes;

  constructor() {
    const surroundings = {
      poller: this.#poller,
      timers: this.#timers,
      environ: stringArray([]),
      inheritance: { mask: 0n, softFiles: undefined, limits: new Map(), descriptors: [] },
    };
    this.pipes = new LogPipes("test", surroundings);
  }

  /** Waits until the process that holds them has ended. */
  awaitEnd(): void {
    const { pid } = this.pipes;
    this.#poller.wait(10_000);
    equal(hasEndedChild(), true, `${pid} has not ended`);
  }

  passSecond(): void {
    this.#time += 1000;
    this.#timers.run();
  }

  get isWaiting(): boolean {
    return this.#timers.timeout() >= 0;
  }
}

Deno.test("who holds log pipes ends when nothing is to be held, and is not started again", () => {
  const ends = pipe();
  const trial = new Trial();
  trial.pipes.hold([ends]);
  ok(trial.pipes.pid > 0);
  close(ends.writer);
  trial.awaitEnd();
  trial.passSecond();
  equal(trial.pipes.pid, 0);
  equal(trial.isWaiting, false);
  close(ends.reader);
});

Deno.test("who is killed while he holds log pipes is replaced a second later", () => {
  const ends = pipe();
  const trial = new Trial();
  trial.pipes.hold([ends]);
  const { pid } = trial.pipes;
  kill(pid, SIGKILL);
  trial.awaitEnd();
  equal(trial.pipes.pid, pid);
  trial.passSecond();
  ok(![0, pid].includes(trial.pipes.pid));
  trial.pipes.end();
  equal(trial.pipes.pid, 0);
  equal(trial.isWaiting, false);
  close(ends.reader);
  close(ends.writer);
});

Deno.test("log pipes that could not be held are held when they can be", () => {
  const ends = pipe();
  const trial = new Trial();
  const { soft } = getLimit(RLIMIT_NOFILE);
  setSoftLimit(RLIMIT_NOFILE, 3n);
  trial.pipes.hold([ends]);
  trial.passSecond();
  equal(trial.pipes.pid, 0);
  setSoftLimit(RLIMIT_NOFILE, soft);
  trial.passSecond();
  ok(trial.pipes.pid > 0);
  trial.pipes.end();
  close(ends.reader);
  close(ends.writer);
});
