// SPDX-License-Identifier: 0BSD
/**
 * What a fault happens to: a folder with one service, which writes numbered lines, and its logger, under one of the
 * systems; and what can be seen of them from outside.
 *
 * @module
 */
import { utf8 } from "../../lib/os/bytes.ts";
import { O_APPEND, O_CREAT, O_WRONLY } from "../../lib/os/constants.ts";
import { close, open } from "../../lib/os/file.ts";
import { allProcesses } from "../../lib/os/proc.ts";
import { carries, isAlive, Late, nameOf, reap, startChild, until } from "../trial/processes.ts";
import { pathOf, type System } from "./systems.ts";

/** Writes a line each 2 ms, and notes in ../../written/RUN how many of this run's are written. */
const TALKER = `use Time::HiRes qw(time sleep);
my $run = sprintf "%d-%d", $$, time * 1000;
$SIG{TERM} = sub { $end = 1 };
open my $written, ">", "WORK/written/$run" or die;
for (my $i = 1; !$end; $i++) {
  defined syswrite STDOUT, "$run $i\\n" or die;
  sysseek $written, 0, 0;
  syswrite $written, sprintf "%09d", $i;
  sleep 0.002;
}
`;

/** What has been seen so far. */
export interface Books {
  /** The most copies of the service that ran at one time. */
  readonly copies: number;
  /** How often it was started. */
  readonly starts: number;
  /** Lines that were written and are in no log. */
  readonly lost: number;
}

export class Place {
  readonly work: string;
  readonly service: string;
  /** In the environment of all that runs here: a working directory may be removed, or its mount. */
  readonly #mark: string;
  #copies = 0;
  #scanner = 0;

  constructor(readonly system: System, work: string) {
    this.work = work;
    this.#mark = `DRILL=${work}`;
    this.service = `${work}/sv/a`;
    Deno.mkdirSync(`${this.service}/log/main`, { recursive: true });
    Deno.mkdirSync(`${work}/written`);
    Deno.copyFileSync("/usr/bin/perl", `${work}/perl`);
    Deno.chmodSync(`${work}/perl`, 0o755);
    Deno.writeTextFileSync(`${work}/said`, "");
    this.writeService();
    this.must("chmod -R a+rwX .");
  }

  writeService(): void {
    const { work, service, system } = this;
    const run = `#!${work}/perl\n${TALKER.replace("WORK", work)}`;
    Deno.mkdirSync(`${service}/log/main`, { recursive: true });
    Deno.writeTextFileSync(`${service}/run`, run, { mode: 0o755 });
    if (system.configuration !== undefined) {
      const [name, content] = system.configuration;
      Deno.writeTextFileSync(`${work}/${name}`, content);
    }
    if (system.logger === undefined) return;
    const log = `#!/bin/sh\nexec ${system.logger} 2>>${work}/said\n`;
    Deno.writeTextFileSync(`${service}/log/run`, log, { mode: 0o755 });
  }

  /** Runs a shell script in the folder, may it succeed or not: what it prints. */
  sh(script: string): string {
    return new TextDecoder().decode(this.#shell(script).stdout);
  }

  /** Runs a shell script without which there is no fault: a row of faults that never happened would look good. */
  must(script: string): void {
    const { success, stderr } = this.#shell(script);
    if (!success) throw new Error(`${script}: ${new TextDecoder().decode(stderr)}`);
  }

  #shell(script: string): Deno.CommandOutput {
    return new Deno.Command("/bin/sh", {
      args: ["-c", script],
      cwd: this.work,
      clearEnv: true,
      env: { PATH: pathOf(this.system) },
      stdin: "null",
    }).outputSync();
  }

  /** Starts the system, in front of which `prefix` may stand. */
  start(prefix: readonly string[] = []): void {
    const path = pathOf(this.system);
    const errors = open(utf8(`${this.work}/said`), O_WRONLY | O_APPEND | O_CREAT, 0o666);
    const argv = ["/usr/bin/env", this.#mark, ...prefix, ...this.system.scanner];
    this.#scanner = startChild({ argv, path, errors, directory: `${this.work}/sv` });
    close(errors);
  }

  /** What the system has said on descriptor 2. */
  said(): string {
    return Deno.readTextFileSync(`${this.work}/said`);
  }

  get scanner(): number {
    return this.#scanner;
  }

  supervisors(): number[] {
    return this.#processes(this.system.supervisors);
  }

  /** All copies of the service, wherever they came from. */
  talkers(): number[] {
    // A logger is called run, too, until it has become a logger.
    const found = this.#processes(["run"]).filter((pid) => exeOf(pid) === `${this.work}/perl`);
    this.#copies = Math.max(this.#copies, found.length);
    return found;
  }

  loggers(): number[] {
    return this.#processes(["multilog", "svlogd", "s6-log"]);
  }

  /** The processes with one of these names that our scanner, or another one in its place, has started. */
  #processes(names: readonly string[]): number[] {
    return allProcesses().filter((pid) => names.includes(nameOf(pid)) && carries(pid, this.#mark));
  }

  kill(pids: readonly number[], signal: Deno.Signal = "SIGKILL"): void {
    for (const pid of pids) {
      try {
        Deno.kill(pid, signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    if (signal !== "SIGKILL") return;
    until("they are gone", () => pids.every((pid) => !isAlive(pid)));
    reap();
  }

  /** What the system's commands call the service. */
  get #name(): string {
    return this.system.service ?? this.service;
  }

  /** What the system's own status command says. */
  status(): string {
    return this.sh(`${this.system.status} ${this.#name} 2>&1`);
  }

  tell(what: "up" | "down"): void {
    this.sh(`${this.system[what].join(" ")} ${this.#name} 2>&1`);
  }

  /** One copy runs, the status command knows its pid, one logger runs, and what is written now is logged. */
  isRight(): boolean {
    const [talker, ...more] = this.talkers();
    if (talker === undefined || more.length > 0) return false;
    if (this.loggers().length !== (this.system.logger === undefined ? 0 : 1)) return false;
    if (!new RegExp(`\\bpid ${talker}\\b`).test(this.status())) return false;
    const runs = [...this.#written()].filter(([run]) => run.startsWith(`${talker}-`)).sort();
    const [run, count] = runs.at(-1) ?? ["", 0];
    if (count === 0) return false;
    try {
      until("the line is logged", () => this.#logged(run) >= count, 200);
      return true;
    } catch (error) {
      if (!(error instanceof Late)) throw error;
      return false;
    }
  }

  #written(): Map<string, number> {
    const runs = [...Deno.readDirSync(`${this.work}/written`)].map(({ name }) => name);
    return new Map(
      runs.map((run) => [run, Number(Deno.readTextFileSync(`${this.work}/written/${run}`))]),
    );
  }

  /** How many different lines of a run are logged. */
  #logged(run: string): number {
    const folder = `${this.service}/log/main`;
    const numbers = new Set<string>();
    for (const file of [`${this.work}/kept`, ...names(folder).map((name) => `${folder}/${name}`)]) {
      for (const line of read(file).split("\n").slice(0, -1)) {
        const [of, number = ""] = line.split(" ");
        if (of === run) numbers.add(number);
      }
    }
    return numbers.size;
  }

  /** Has everybody stand still, and counts. */
  balance(): Books {
    this.kill(this.talkers(), "SIGSTOP");
    const lost = (): number => {
      let sum = 0;
      for (const [run, count] of this.#written()) sum += Math.max(0, count - this.#logged(run));
      return sum;
    };
    try {
      until("all is logged", () => lost() === 0, 3000);
    } catch (error) {
      if (!(error instanceof Late)) throw error; // then some are lost
    }
    return { copies: this.#copies, starts: this.#written().size, lost: lost() };
  }
}

function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}

/** The program that a process runs; "" where that is not to be seen. */
function exeOf(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}
