// SPDX-License-Identifier: 0BSD
/**
 * deno task drill [--runs N] [--commands DIR] [--systems NAME,...] [--said] [--list] [NAME ...]: what djbox, and
 * daemontools, runit, s6 and supervisord where they are installed, do when something dies or is lacking.
 *
 * All faults, or those whose names hold one of the NAMEs, N times (1 unless it is said otherwise). In each cell one
 * service writes lines to its logger, the fault happens, and then it is looked at: how many copies of the service ran at
 * one time, how many lines were lost, how often the service was restarted without need, and how many seconds it took
 * until one copy ran, its status was right and its lines were logged; the worst of the runs. The table is Markdown, on
 * standard output; --said shows what the systems said, on standard error.
 *
 * A cell runs in processes of its own and, for root, in namespaces of its own (mounts, pids); for others rows that need
 * root are skipped, which the table says. The wall clock belongs to the whole machine: no row moves it.
 *
 * Exit codes: 0; 1 djbox has lost a line, run two copies, restarted without need or was not right again; 100 wrong
 * usage; 111 something did not work.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { installed } from "./trial/installed.ts";
import { markdown } from "./trial/figures.ts";
import { type Outcome, PATIENCE } from "./drill/cell.ts";
import { type Fault, FAULTS } from "./drill/faults.ts";
import { type System, systems } from "./drill/systems.ts";
import { ROOT } from "./root.ts";

const USAGE =
  "drill: usage: drill [ --runs n ] [ --commands dir ] [ --systems name,... ] [ --said ] [ --list ] [ name ... ]";
const CELL = ROOT + "scripts/drill/cell.ts";

interface Options {
  readonly runs: number;
  readonly commands: string | undefined;
  readonly systems: readonly string[];
  readonly said: boolean;
  readonly list: boolean;
  readonly names: readonly string[];
}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  const faults = FAULTS.filter(({ name }) => isWanted(name, options?.names ?? []));
  if (options === undefined || faults.length === 0) {
    console.error(USAGE);
    return 100;
  }
  if (options.list) {
    for (const { name, what } of faults) console.log(`${name}: ${what}`);
    return 0;
  }
  try {
    const commands = options.commands === undefined
      ? `${await installed()}/command`
      : Deno.realPathSync(options.commands);
    const columns = systems(commands).filter(({ name }) => isWanted(name, options.systems));
    const rows: string[][] = [];
    let good = true;
    for (const fault of faults) {
      const outcomes = columns.map((system) => drill(fault, system, commands, options));
      rows.push([fault.what, ...outcomes.map((runs) => cellOf(fault, runs))]);
      good &&= columns.every(({ name }, at) => {
        return name !== "djbox" || (outcomes[at] ?? []).every((run) => isGood(fault, run));
      });
    }
    const head = ["what happens", ...columns.map(({ name }) => name)];
    for (const line of markdown(head, rows)) console.log(line);
    return good ? 0 : 1;
  } catch (error) {
    console.error(`drill: fatal: ${error instanceof Error ? error.message : error}`);
    return 111;
  }
}

function parse(args: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        runs: { type: "string" },
        commands: { type: "string" },
        systems: { type: "string" },
        said: { type: "boolean" },
        list: { type: "boolean" },
      },
      allowPositionals: true,
    });
    const runs = Number(values.runs ?? 1);
    if (!Number.isInteger(runs) || runs < 1) return undefined;
    return {
      runs,
      commands: values.commands,
      systems: values.systems?.split(",") ?? [],
      said: values.said ?? false,
      list: values.list ?? false,
      names: positionals,
    };
  } catch {
    return undefined;
  }
}

function isWanted(name: string, parts: readonly string[]): boolean {
  return parts.length === 0 || parts.some((part) => name.includes(part));
}

/** The outcomes of all runs of a cell; none, where it has to be skipped. */
function drill(fault: Fault, system: System, commands: string, options: Options): Outcome[] {
  if (fault.root === true && Deno.uid() !== 0) return [];
  return Array.from({ length: options.runs }, (_, run) => {
    const outcome = drillOnce(fault, system, commands);
    console.error(
      `${fault.name} ${run + 1}/${options.runs} ${system.name}: ${cellOf(fault, [outcome])}`,
    );
    if (options.said && outcome.said !== "") console.error(outcome.said);
    return outcome;
  });
}

function drillOnce(fault: Fault, system: System, commands: string): Outcome {
  const namespaces = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const cell = [Deno.execPath(), "run", "-A", "--no-check", CELL];
  const argv = [
    ...["timeout", "--signal=KILL", "120"],
    ...(Deno.uid() === 0 ? namespaces : []),
    ...cell,
    fault.name,
    system.name,
    commands,
  ];
  const { success, stdout, stderr } = new Deno.Command(argv[0] ?? "", {
    args: argv.slice(1),
    stdin: "null",
  }).outputSync();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`${fault.name}, ${system.name}: ${decoder.decode(stderr)}`);
  }
  return JSON.parse(decoder.decode(stdout)) as Outcome;
}

/** How often the service was started without need. */
function needless(fault: Fault, { starts }: Outcome): number {
  return Math.max(0, starts - 1 - fault.restarts);
}

function isGood(fault: Fault, outcome: Outcome): boolean {
  const { copies, lost, seconds } = outcome;
  return copies <= 1 && lost === 0 && seconds !== null && needless(fault, outcome) === 0;
}

/** What all runs of a cell say together: the worst of each. */
function cellOf(fault: Fault, runs: readonly Outcome[]): string {
  if (runs.length === 0) return "skipped: needs root";
  if (runs.some(({ applies }) => !applies)) return "no such thing";
  const worst = (of: (run: Outcome) => number): number => Math.max(...runs.map(of));
  const copies = worst((run) => run.copies);
  const lost = worst((run) => run.lost);
  const restarts = worst((run) => needless(fault, run));
  const late = runs.filter(({ seconds }) => seconds === null).length;
  const parts = [
    copies === 1 ? "" : `**${copies} copies**`,
    lost === 0 ? "" : `**${lost} lines lost**`,
    restarts === 0 ? "" : copies > 1 ? "" : `**${restarts} needless restarts**`,
    late > 0 ? `**not right in ${PATIENCE} s**` : `${worst((r) => r.seconds ?? 0).toFixed(1)} s`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
