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
import type { Context } from "../cli/tool.ts";
import { LogPipes } from "./log_pipes.ts";

const SIGKILL = 9;

/** Somebody who has pipes held, and is told when it is lost. */
class Trial {
  readonly #poller = new Poller();
  readonly pipes: LogPipes;
  lost = 0;

  constructor() {
    const inheritance = { mask: 0n, softFiles: undefined, limits: new Map(), descriptors: [] };
    const surroundings = {
      poller: this.#poller,
      timers: new Timers(),
      environ: stringArray([]),
      inheritance,
      adopts: true,
    };
    this.pipes = new LogPipes({ name: "test" } as Context, surroundings, () => this.lost++);
  }

  untilLost(): void {
    const before = this.lost;
    this.#poller.wait(10_000);
    ok(this.lost > before, "it was not lost");
  }
}

Deno.test("who holds log pipes ends when nothing is to be held, and is not started again", () => {
  const ends = pipe();
  const trial = new Trial();
  equal(trial.pipes.hold([ends]), true);
  ok(trial.pipes.pid > 0);
  close(ends.writer);
  trial.untilLost();
  equal(trial.pipes.look(), true);
  equal(trial.pipes.pid, 0);
  close(ends.reader);
});

Deno.test("who is killed while he holds log pipes is replaced", () => {
  const ends = pipe();
  const trial = new Trial();
  trial.pipes.hold([ends]);
  const { pid } = trial.pipes;
  kill(pid, SIGKILL);
  trial.untilLost();
  equal(trial.pipes.look(), true);
  ok(![0, pid].includes(trial.pipes.pid));
  trial.pipes.end();
  equal(trial.pipes.pid, 0);
  close(ends.reader);
  close(ends.writer);
});

Deno.test("log pipes that could not be held are held when they can be", () => {
  const ends = pipe();
  const trial = new Trial();
  const { soft } = getLimit(RLIMIT_NOFILE);
  setSoftLimit(RLIMIT_NOFILE, 3n);
  const held = trial.pipes.hold([ends]);
  setSoftLimit(RLIMIT_NOFILE, soft);
  equal(held, false);
  equal(trial.pipes.pid, 0);
  equal(trial.pipes.look(), true);
  ok(trial.pipes.pid > 0);
  trial.pipes.end();
  close(ends.reader);
  close(ends.writer);
});
