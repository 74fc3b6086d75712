// SPDX-License-Identifier: 0BSD
/**
 * Rows of supervision: how many services cost how much, in memory and time.
 *
 * Each service writes a byte into a pipe of ours when it starts, so that nobody has to look for it. A restart is
 * measured from the letter t in supervise/control, which is what `svc -t` writes, to that byte.
 *
 * @module
 */
import { toBytes, utf8 } from "../../lib/os/bytes.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR, O_WRONLY } from "../../lib/os/constants.ts";
import { close, mkfifo, open, read, writeAll } from "../../lib/os/file.ts";
import { PollSet, sleep } from "../../lib/os/poll.ts";
import type { Place, Tools } from "./place.ts";
import {
  cpuOf,
  descendants,
  endEverything,
  memoryOf,
  nameOf,
  startSmall,
  until,
} from "../trial/processes.ts";
import { type Group, MIB, type Row, type Sample, type Samples } from "./row.ts";
import { middle } from "../trial/figures.ts";

const PATIENCE = 120_000;
/** supervise leaves a service alone for a second after its start; in milliseconds. */
const CALM = 1500;
const IDLE = 30_000;
const RESTARTS = 25;

/** The folder of `count` services, and the pipe that they write to when they start. */
class Services {
  readonly directory: string;
  readonly #pipe: number;
  readonly #buffer = new Uint8Array(4096);

  constructor(place: Place, count: number) {
    this.directory = place.fresh("services");
    const pipe = `${place.memory}/started`;
    place.remove(pipe);
    mkfifo(utf8(pipe), 0o600);
    this.#pipe = open(utf8(pipe), O_RDWR | O_CLOEXEC);
    for (let i = 0; i < count; i++) {
      Deno.mkdirSync(`${this.directory}/${i}`);
      const run = `#!/bin/sh\necho >${pipe}\nexec sleep 100000\n`;
      Deno.writeTextFileSync(`${this.directory}/${i}/run`, run, { mode: 0o755 });
    }
  }

  /** Waits until `count` services have started. */
  started(count: number): void {
    const set = new PollSet(1);
    set.set(0, this.#pipe);
    for (let left = count; left > 0;) {
      if (set.wait(PATIENCE) === 0) throw new Error(`${left} services have not started`);
      left -= read(this.#pipe, this.#buffer);
    }
  }

  /** How long it takes until service `i` has been restarted. */
  restart(i: number): number {
    const control = `${this.directory}/${i}/supervise/control`;
    const fd = open(utf8(control), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    const begin = performance.now();
    writeAll(fd, toBytes("t"));
    this.started(1);
    const took = performance.now() - begin;
    close(fd);
    return took;
  }

  close(): void {
    close(this.#pipe);
  }
}

/** svscan and all that supervises below it. */
function supervisors(svscan: number): number[] {
  return [svscan, ...descendants(svscan).filter((pid) => !["sleep", "sh"].includes(nameOf(pid)))];
}

function supervise(
  tools: Tools,
  argv: readonly string[],
  place: Place,
  count: number,
  idle: boolean,
): Record<string, Sample> {
  const services = new Services(place, count);
  try {
    const begin = performance.now();
    const svscan = startSmall(tools.command(argv, { directory: services.directory }));
    services.started(count);
    const up = performance.now() - begin;
    sleep(CALM);
    const restarts = Array.from({ length: Math.min(count, RESTARTS) }, (_, i) => {
      return services.restart(Math.floor(i * count / Math.min(count, RESTARTS)));
    });
    sleep(CALM);
    const pids = supervisors(svscan);
    const { pss, dirty } = memoryOf(pids);
    const samples: Record<string, Sample> = {
      up: { value: up },
      restart: { value: middle(restarts) },
      memory: { value: pss / MIB },
      dirty: { value: dirty / MIB },
    };
    if (idle) {
      const before = cpuOf(pids);
      sleep(IDLE);
      samples["idle"] = { value: cpuOf(pids) - before };
    }
    return samples;
  } finally {
    services.close();
    endEverything();
    until("all have ended", () => descendants(Deno.pid).length === 0);
  }
}

function sides(place: Place): { name: string; tools: Tools; argv: string[] }[] {
  return [
    { name: "djbox", tools: place.ours, argv: ["svscan"] },
    { name: "C", tools: place.theirs, argv: ["svscan"] },
    { name: "runsvdir", tools: place.theirs, argv: ["runsvdir", "."] },
    { name: "s6-svscan", tools: place.theirs, argv: ["s6-svscan", "-c", `${MANY}`, "."] },
  ].filter(({ tools, argv }) => tools.has(argv[0] ?? ""));
}

/** What is measured with 1000 services, and what djbox is to reach. */
const MEASURED: Record<string, Omit<Row, "name">> = {
  up: { what: "until all have started", unit: "ms", target: { value: 5000 } },
  restart: {
    what: "from t in supervise/control to the start",
    unit: "ms",
    target: { ratio: 1.3 },
  },
  memory: { what: "Pss of all supervisors", unit: "MB", target: { ratio: 0.45 } },
  dirty: { what: "Private_Dirty of all supervisors", unit: "MB" },
  idle: { what: "CPU of all supervisors in 30 s", unit: "ms", target: { value: 50 } },
};

const MANY = 1000;

function group(count: number): Group {
  const name = (key: string): string => `services-${count}-${key}`;
  const rows = Object.entries(MEASURED).filter(([key]) => count === MANY || key !== "idle")
    .map(([key, { target, ...row }]): Row => ({
      ...row,
      name: name(key),
      what: `${count} services: ${row.what}`,
      ...(count === MANY && target !== undefined ? { target } : {}),
    }));
  return {
    rows,
    sides: (place) =>
      sides(place).map((side) => ({
        name: side.name,
        run: (): Samples => {
          const got = supervise(side.tools, side.argv, place, count, count === MANY);
          return Object.fromEntries(Object.entries(got).map(([key, value]) => [name(key), value]));
        },
      })),
  };
}

export const services: readonly Group[] = [1, 10, 100, MANY].map(group);
