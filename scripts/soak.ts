// SPDX-License-Identifier: 0BSD
/**
 * deno task soak --minutes N [--services N] [--commands DIR]: svscan and services that nothing is spared.
 *
 * The services (20 unless it is said otherwise) end by themselves at random; all the time one or the other is killed, is
 * told something by svc (-t, -d and -u, -p and -c), has its logger killed or restarted. In the first half svscan is
 * killed and started again, and upgraded in place; in the second half it is left alone, so that it shows whether its
 * descriptors and its memory (Pss) grow. Then the books are balanced: each line that was written is in a log, once;
 * each start has its end, or runs; each service runs once.
 *
 * A logger is killed (-9) when it has written all that it has read: what it has in hand, nobody could save.
 *
 * Exit codes: 0 all is in balance; 1 it is not; 100 wrong usage; 111 something did not work; 130 interrupted.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { installed, SYSTEM_PATH } from "./trial/installed.ts";
import { becomeSubreaper, endEverything, memoryOf, reap, startChild } from "./trial/processes.ts";
import { utf8 } from "../lib/os/bytes.ts";
import { O_APPEND, O_CREAT, O_WRONLY } from "../lib/os/constants.ts";
import { open } from "../lib/os/file.ts";
import { middle } from "./trial/figures.ts";
import { Services } from "./soak/services.ts";

const USAGE = "soak: usage: soak --minutes n [ --services n ] [ --commands dir ]";
const SERVICES = 20;
/** How much the Pss of svscan may have grown in half of the time, in kilobytes: what a garbage collector lets lie. */
const GROWTH = 4096;
const PATIENCE = 30_000;

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const below = (n: number): number => Math.floor(Math.random() * n);

/** What svscan has. */
interface Size {
  readonly descriptors: number;
  readonly pss: number;
}

class Soak {
  readonly services: Services;
  readonly counts: Record<string, number> = {};
  #svscan = 0;
  /** Services to be left alone now: they are down, or paused, or lose their logger. */
  readonly #busy = new Set<string>();

  constructor(readonly work: string, private readonly commands: string, count: number) {
    this.services = new Services(work, count);
  }

  start(): void {
    const errors = open(utf8(`${this.work}/said`), O_WRONLY | O_APPEND | O_CREAT, 0o644);
    const path = `${this.commands}:${SYSTEM_PATH}`;
    const argv = [`${this.commands}/svscan`, `${this.work}/sv`];
    this.#svscan = startChild({ argv, path, errors, directory: this.work });
  }

  /** Not with promises: those would wait for a child that `reap` may have seen already. */
  run(argv: readonly string[]): void {
    new Deno.Command(`${this.commands}/${argv[0]}`, {
      args: argv.slice(1),
      cwd: `${this.work}/sv`,
      stdin: "null",
    }).outputSync();
  }

  /** What svscan has, the middle of some looks: at one moment a file may be open that is closed at the next. */
  async size(): Promise<Size> {
    const looks: Size[] = [];
    for (let i = 0; i < 15; i++) {
      const descriptors = this.#descriptors();
      looks.push({ descriptors, pss: memoryOf([this.#svscan]).pss });
      await delay(200);
    }
    return {
      descriptors: middle(looks.map(({ descriptors }) => descriptors)),
      pss: middle(looks.map(({ pss }) => pss)),
    };
  }

  /** Without pidfds, of which each service has one from the second after its start until its end. */
  #descriptors(): number {
    const folder = `/proc/${this.#svscan}/fd`;
    return [...Deno.readDirSync(folder)].filter(({ name }) => {
      try {
        return !Deno.readLinkSync(`${folder}/${name}`).includes("pidfd");
      } catch {
        return false;
      }
    }).length;
  }

  async killSvscan(): Promise<void> {
    Deno.kill(this.#svscan, "SIGKILL");
    await delay(below(300));
    this.start();
  }

  /**
   * svc, with what undoes it some time later: again and again, since a letter that svscan has not read is lost when it
   * is killed, as supervise's is.
   */
  async #tell(name: string, first: string, then: string): Promise<void> {
    this.#busy.add(name);
    this.run(["svc", first, name]);
    await delay(below(2000));
    await this.until(() => {
      this.run(["svc", then, name]);
      return this.services.goesOn(name);
    });
    this.#busy.delete(name);
  }

  async #killLogger(name: string): Promise<void> {
    this.#busy.add(name);
    const runs = this.services.running(name);
    for (const pid of runs) Deno.kill(pid, "SIGSTOP");
    const caughtUp = await this.until(() => this.services.isCaughtUp(name));
    // One that was started meanwhile does not stand still.
    const still = this.services.running(name).every((pid) => runs.includes(pid));
    if (caughtUp && still && runs.length > 0) {
      for (const pid of this.services.logger(name)) Deno.kill(pid, "SIGKILL");
    }
    for (const pid of runs) Deno.kill(pid, "SIGCONT");
    this.#busy.delete(name);
  }

  /** One misfortune. */
  async strike(severe: boolean): Promise<void> {
    const name = this.services.names[below(this.services.names.length)] ?? "";
    if (this.#busy.has(name)) return;
    const all: Record<string, () => Promise<void> | void> = {
      "service killed": () => this.services.kill(name),
      "svc -t": () => this.run(["svc", "-t", name]),
      "svc -t log": () => this.run(["svc", "-t", `${name}/log`]),
      "svc -d, -u": () => void this.#tell(name, "-d", "-u"),
      "svc -p, -c": () => void this.#tell(name, "-p", "-c"),
      "logger killed": () => this.#killLogger(name),
    };
    const usual = Object.keys(all);
    if (severe && below(8) === 0) all["svscan killed"] = () => this.killSvscan();
    if (severe && below(8) === 0) all["upgrade"] = () => this.run(["djbox", "upgrade", "."]);
    const rare = Object.keys(all).slice(usual.length).at(-1);
    const kind = rare ?? usual[below(usual.length)] ?? "";
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    try {
      await all[kind]?.();
    } catch (error) {
      // It has ended by itself just now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async until(condition: () => boolean): Promise<boolean> {
    const end = performance.now() + PATIENCE;
    while (!condition()) {
      if (performance.now() > end) return false;
      await delay(50);
    }
    return true;
  }

  /** Everything runs, and has run for a while. */
  async rest(): Promise<boolean> {
    await this.until(() => this.#busy.size === 0);
    const { names } = this.services;
    const good = await this.until(() =>
      names.every((name) =>
        this.services.running(name).length === 1 && this.services.logger(name).length === 1
      )
    );
    await delay(2500);
    return good;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    console.error(USAGE);
    return 100;
  }
  const { minutes, services } = options;
  let interrupted = false;
  Deno.addSignalListener("SIGINT", () => interrupted = true);
  Deno.addSignalListener("SIGTERM", () => interrupted = true);
  const work = Deno.makeTempDirSync({ dir: "/tmp", prefix: "djbox-soak." });
  try {
    const commands = options.commands === undefined
      ? `${await installed()}/command`
      : Deno.realPathSync(options.commands);
    becomeSubreaper();
    const soak = new Soak(work, commands, services);
    soak.start();
    await soak.rest();
    const half = async (severe: boolean): Promise<void> => {
      const end = performance.now() + minutes * 30_000;
      while (performance.now() < end && !interrupted) {
        await soak.strike(severe);
        await delay(below(2 * 4000 / services));
        reap();
      }
    };
    await half(true);
    await soak.rest();
    const first = await soak.size();
    await half(false);
    const good = await soak.rest();
    const last = await soak.size();
    if (interrupted) return 130;
    return report(soak, good, first, last);
  } catch (error) {
    console.error(`soak: fatal: ${error instanceof Error ? error.stack : error}`);
    return 111;
  } finally {
    endEverything();
    Deno.removeSync(work, { recursive: true });
  }
}

function parse(
  args: readonly string[],
): { minutes: number; services: number; commands: string | undefined } | undefined {
  try {
    const { minutes, services, commands } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string" },
        services: { type: "string" },
        commands: { type: "string" },
      },
    }).values;
    const [time, count] = [Number(minutes), Number(services ?? SERVICES)];
    if (!(time > 0) || !Number.isInteger(count) || count < 1) return undefined;
    return { minutes: time, services: count, commands };
  } catch {
    return undefined;
  }
}

/** Balances the books. */
function report({ services, counts }: Soak, good: boolean, first: Size, last: Size): number {
  for (const name of services.names) for (const pid of services.running(name)) stop(pid);
  const caughtUp = performance.now() + PATIENCE;
  while (!services.names.every((name) => services.isCaughtUp(name))) {
    if (performance.now() > caughtUp) break;
  }
  const { starts, lines, lost, twice, unaccounted, notOnce } = services.balance();
  const strikes = Object.entries(counts).map(([kind, count]) => `${count} x ${kind}`).join(", ");
  console.log(`${services.names.length} services; ${strikes}`);
  console.log(`${lines} lines written, ${lost} lost, ${twice} logged twice`);
  console.log(`${starts} starts, ${unaccounted} without end, ${notOnce} services not running once`);
  console.log(
    `svscan: ${first.descriptors} descriptors, then ${last.descriptors}; ` +
      `${(first.pss / 1024).toFixed(1)} MB, then ${(last.pss / 1024).toFixed(1)}`,
  );
  const balanced = good && [lost, twice, unaccounted, notOnce].every((count) => count === 0) &&
    last.descriptors <= first.descriptors && last.pss <= first.pss + GROWTH;
  console.log(balanced ? "the books balance" : "THE BOOKS DO NOT BALANCE");
  return balanced ? 0 : 1;
}

/** A run that stands still has written what it has written. */
function stop(pid: number): void {
  try {
    Deno.kill(pid, "SIGSTOP");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
