// SPDX-License-Identifier: 0BSD
// The states without a process; those with one are tested through the tools, in tests/daemontools.
import { deepEqual, equal, throws } from "node:assert/strict";
import { Poller } from "../os/poll.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { stringArray } from "../os/c_string.ts";
import { ENOSPC, SystemError } from "../os/errno.ts";
import { spawn } from "../os/spawn.ts";
import { Timers } from "../os/timers.ts";
import { hasEndedChild } from "../os/wait.ts";
import { Failure } from "../cli/messages.ts";
import type { Context } from "../cli/tool.ts";
import { decodeRecord } from "./record.ts";
import { decodeStatus, type Status } from "./status_file.ts";
import { packSupervisor, unpackSupervisor } from "./handover.ts";
import { Scanner } from "./scanner.ts";
import { Starts } from "./start_run.ts";
import { supervise, type Supervisor } from "./supervisor.ts";
import type { Surroundings } from "./surroundings.ts";

interface Bench {
  readonly path: string;
  readonly surroundings: Surroundings;
  /** Writes to the FIFO, and has each letter obeyed. */
  send(letters: string): void;
  status(): Status | undefined;
}

const NOTHING = { mask: 0n, softFiles: undefined, limits: new Map(), descriptors: [] };

function bench(body: (bench: Bench) => void, adopts = false): void {
  const path = Deno.makeTempDirSync({ prefix: "djbox-test." });
  const environ = stringArray([]);
  const inheritance = NOTHING;
  const surroundings: Surroundings = {
    poller: new Poller(),
    timers: new Timers(),
    environ,
    inheritance,
    starts: new Starts(environ, inheritance),
    adopts,
  };
  try {
    Deno.writeTextFileSync(`${path}/down`, "");
    body({
      path,
      surroundings,
      send(letters): void {
        Deno.writeTextFileSync(`${path}/supervise/control`, letters);
        for (const _ of letters) surroundings.poller.wait(0);
      },
      status: () => decodeStatus(Deno.readFileSync(`${path}/supervise/status`)),
    });
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

function begin({ path, surroundings }: Bench, over: () => void = () => {}): Supervisor {
  return supervise({ directory: path, at: AT_FDCWD, mappings: [], over }, surroundings);
}

Deno.test("a service that is down obeys what makes sense, one letter at a time", () =>
  bench((on) => {
    const supervisor = begin(on);
    const begun = on.status();
    deepEqual([begun?.pid, begun?.want, begun?.paused], [0, "d", false]);
    for (const letters of ["d", "c", "p", "hait", "k", "\0\xff z", "dd"]) {
      on.send(letters);
      deepEqual(on.status(), begun);
      equal(supervisor.pid, 0);
    }
  }));

Deno.test("x ends the supervision of a service that is down, and lets go of its files", () =>
  bench((on) => {
    let over = 0;
    const open = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    begin(on, () => over++);
    on.send("x");
    equal(over, 1);
    equal(open(), before);
    // What was sent behind it is nobody's affair.
    begin(on, () => over++);
    on.send("xdp");
    equal(over, 2);
  }));

Deno.test("when the clock is set, what is told of the past goes with it", () =>
  bench((on) => {
    const supervisor = begin(on);
    const begun = on.status()?.since ?? { seconds: 0, nanoseconds: 0 };
    for (const [milliseconds, seconds] of [[3_600_000, 3600], [-7_200_000, -3600]] as const) {
      supervisor.clockMoved(milliseconds);
      const { seconds: told, nanoseconds } = on.status()?.since ?? begun;
      deepEqual([told - begun.seconds, nanoseconds], [seconds, begun.nanoseconds]);
      // Whoever comes after a kill -9 still believes the record.
      const record = decodeRecord(Deno.readTextFileSync(`${on.path}/supervise/lock`));
      deepEqual(record?.since, on.status()?.since);
    }
  }, true));

Deno.test("nobody supervises a directory twice, not even in one process", () =>
  bench((on) => {
    begin(on);
    const text = `supervise: fatal: unable to acquire ${on.path}/supervise/lock: temporary failure`;
    const open = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    throws(() => begin(on), (error) => error instanceof Failure && error.text === text);
    equal(open(), before);
  }));

Deno.test("what is left for the case of a kill says that nothing runs, and goes with x", () =>
  bench((on) => {
    begin(on);
    const record = decodeRecord(Deno.readTextFileSync(`${on.path}/supervise/lock`));
    deepEqual([record?.phase, record?.pipe], [{ kind: "idle" }, "-"]);
    deepEqual(record?.since, on.status()?.since);
    on.send("x");
    equal(Deno.readTextFileSync(`${on.path}/supervise/lock`), "");
  }, true));

Deno.test("a supervisor that goes on for another one is told how things stand", () =>
  bench((on) => {
    const first = begin(on);
    const packed = packSupervisor(first);
    deepEqual(JSON.parse(JSON.stringify(packed)), packed);
    let over = false;
    const surroundings = { ...on.surroundings, poller: new Poller() };
    unpackSupervisor(packed, surroundings, () => over = true);
    Deno.writeTextFileSync(`${on.path}/supervise/control`, "x");
    surroundings.poller.wait(0);
    equal(over, true);
  }));

Deno.test("a service that ends while it is unpacked is not kept", () =>
  bench((on) => {
    const packed = packSupervisor(begin(on));
    const pid = spawn({ ...NOTHING, path: "/bin/true", argv: ["true"], environ: [] });
    while (!hasEndedChild());
    // It ran, was told to exit, and has ended; and there is no room to wait for that.
    const condition = { ...packed.condition, state: "up" as const, pid, exits: true };
    const poller = new Poller();
    poller.add = (): never => {
      throw new SystemError(ENOSPC, "epoll_ctl");
    };
    const scanner = new Scanner(
      { name: "svscan" } as Context,
      { ...on.surroundings, poller },
      () => {},
    );
    const handed = { identity: "1:1", name: "a", pipe: undefined, logger: undefined };
    scanner.unpack([{ ...handed, main: { ...packed, condition } }]);
    deepEqual(scanner.supervisors(), []);
    deepEqual(scanner.pack().map(({ main }) => main), [undefined]);
  }));
