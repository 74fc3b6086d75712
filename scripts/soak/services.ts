// SPDX-License-Identifier: 0BSD
/**
 * The services of a soak, and the books that are kept of them: what each run of a service has written and how it has
 * ended, what is in the logs, what runs.
 *
 * @module
 */
import { allProcesses, processFacts } from "../../lib/os/proc.ts";
import { isAlive, nameOf, until } from "../trial/processes.ts";

/**
 * A run writes a numbered line each 10 ms, notes how many are written, and, when it ends by itself (after some seconds
 * at random) or is told to, that it has.
 */
const RUN = `use Time::HiRes qw(time sleep);
my $run = sprintf "%d-%d", $$, time * 1000;
$SIG{TERM} = sub { $end = 1 };
$SIG{PIPE} = "IGNORE";
open my $written, ">", "WORK/written/NAME/$run" or die;
my $until = time + 2 + rand 60;
for (my $i = 1; !$end && time < $until; $i++) {
  my $line = "$run $i\\n";
  for (;;) {
    my $done = syswrite STDOUT, $line;
    last if defined $done;
    next if $!{EINTR};
    undef $line;
    last;
  }
  last unless defined $line;
  sysseek $written, 0, 0;
  syswrite $written, sprintf "%09d", $i;
  sleep 0.01;
}
open my $ended, ">", "WORK/ended/$run";
`;

/** The balance: all but `starts` and `lines` are 0 where nothing is wrong. */
export interface Balance {
  readonly starts: number;
  readonly lines: number;
  /** Lines that were written and are in no log. */
  readonly lost: number;
  /** Lines that are in a log more than once. */
  readonly twice: number;
  /** Starts less ends less what runs. */
  readonly unaccounted: number;
  /** Services that do not run exactly once. */
  readonly notOnce: number;
}

export class Services {
  readonly names: readonly string[];
  /** The runs that were killed. */
  readonly #killed = new Set<string>();

  constructor(readonly work: string, count: number) {
    this.names = Array.from({ length: count }, (_, i) => `s${i}`);
    Deno.mkdirSync(`${work}/ended`);
    for (const name of this.names) {
      const service = `${work}/sv/${name}`;
      Deno.mkdirSync(`${service}/log`, { recursive: true });
      Deno.mkdirSync(`${work}/written/${name}`, { recursive: true });
      const run = `#!/usr/bin/perl\n${RUN.replaceAll("WORK", work).replace("NAME", name)}`;
      Deno.writeTextFileSync(`${service}/run`, run, { mode: 0o755 });
      const log = "#!/bin/sh\nexec multilog s1000000 n1000 ./main\n";
      Deno.writeTextFileSync(`${service}/log/run`, log, { mode: 0o755 });
    }
  }

  /** The processes called `called` that stand in a service's directory (or its log). */
  processes(folder: string, called: string): number[] {
    return allProcesses().filter((pid) => {
      try {
        return nameOf(pid) === called && Deno.readLinkSync(`/proc/${pid}/cwd`) === folder &&
          isAlive(pid);
      } catch {
        return false;
      }
    });
  }

  running(name: string): number[] {
    return this.processes(`${this.work}/sv/${name}`, "run");
  }

  logger(name: string): number[] {
    return this.processes(`${this.work}/sv/${name}/log`, "multilog");
  }

  /** Whether a run of the service is neither ended nor stopped. */
  goesOn(name: string): boolean {
    return this.running(name).some((pid) => !"TX".includes(processFacts(pid)?.state ?? "X"));
  }

  /** Kills the run of a service. */
  kill(name: string): void {
    for (const pid of this.running(name)) {
      Deno.kill(pid, "SIGKILL");
      // Up to its end it may begin to write; and another run may have had the same pid before.
      until("it is dead", () => !isAlive(pid));
      const runs = [...this.#written(name).keys()].filter((run) => run.startsWith(`${pid}-`));
      const last = runs.sort().at(-1);
      if (last !== undefined) this.#killed.add(last);
    }
  }

  #written(name: string): Map<string, number> {
    const folder = `${this.work}/written/${name}`;
    return new Map(
      [...Deno.readDirSync(folder)].map(({ name: run }) => [
        run,
        Number(Deno.readTextFileSync(`${folder}/${run}`)),
      ]),
    );
  }

  /** How often each line is in the service's logs. */
  #logged(name: string): Map<string, number> {
    const folder = `${this.work}/sv/${name}/log/main`;
    const counts = new Map<string, number>();
    for (const { name: file } of Deno.readDirSync(folder)) {
      if (file !== "current" && !file.startsWith("@")) continue;
      for (const line of Deno.readTextFileSync(`${folder}/${file}`).split("\n").slice(0, -1)) {
        counts.set(line, (counts.get(line) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Whether all that a service has written is logged: its logger has nothing in hand. */
  isCaughtUp(name: string): boolean {
    const logged = this.#logged(name);
    return [...this.#written(name)].every(([run, count]) => {
      return count === 0 || logged.has(`${run} ${count}`);
    });
  }

  balance(): Balance {
    let [starts, lines, lost, twice, ends, running, notOnce] = [0, 0, 0, 0, 0, 0, 0];
    const ended = new Set([...Deno.readDirSync(`${this.work}/ended`)].map(({ name }) => name));
    for (const name of this.names) {
      const logged = this.#logged(name);
      const runs = this.running(name);
      running += runs.length;
      if (runs.length !== 1) notOnce++;
      for (const [run, count] of this.#written(name)) {
        starts++;
        lines += count;
        if (ended.has(run) || this.#killed.has(run)) ends++;
        for (let i = 1; i <= count; i++) {
          if (logged.has(`${run} ${i}`)) continue;
          lost++;
          console.error(`lost: ${name}: ${run} ${i} of ${count}`);
        }
      }
      for (const count of logged.values()) if (count > 1) twice += count - 1;
    }
    return { starts, lines, lost, twice, unaccounted: starts - ends - running, notOnce };
  }
}
