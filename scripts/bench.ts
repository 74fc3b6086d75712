// SPDX-License-Identifier: 0BSD
/**
 * deno task bench [--runs N] [--commands DIR] [--list] [NAME ...]: measures djbox against the C tools, and against
 * svlogd, s6-log, runsvdir, s6-svscan and tcpsvd where they are installed.
 *
 * All rows, or those whose names hold one of the NAMEs. The sides of a row take turns, N runs each (7 unless it is
 * said otherwise); the values are medians, the ratio is the median of the ratios of neighbouring runs. The table is
 * Markdown, on standard output; what goes on meanwhile is said on standard error. djbox is built and installed in a
 * scratch folder, unless its commands are in DIR.
 *
 * Exit codes: 0; 100 wrong usage; 111 something did not work; 130 interrupted.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { idle } from "./bench/idle.ts";
import { logs } from "./bench/logs.ts";
import { databases } from "./bench/databases.ts";
import { installed } from "./trial/installed.ts";
import { Place } from "./bench/place.ts";
import { becomeSubreaper, endEverything } from "./trial/processes.ts";
import type { Group, Samples } from "./bench/row.ts";
import { servers } from "./bench/servers.ts";
import { services } from "./bench/services.ts";
import { startRows } from "./bench/starts.ts";
import { streams } from "./bench/streams.ts";
import { type Result, table, warnings } from "./bench/table.ts";

const USAGE = "bench: usage: bench [ --runs n ] [ --commands dir ] [ --list ] [ name ... ]";
const RUNS = 7;

const GROUPS: readonly Group[] = [
  ...logs,
  ...streams,
  ...databases,
  ...servers,
  ...services,
  ...startRows,
  ...idle,
];

interface Options {
  readonly runs: number;
  readonly commands: string | undefined;
  readonly list: boolean;
  readonly names: readonly string[];
}

/** Ctrl-C: everything that runs has got it too. */
class Interrupted extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  const groups = GROUPS.filter(({ rows }) => rows.some(({ name }) => isWanted(name, options)));
  if (options === undefined || groups.length === 0) {
    console.error(USAGE);
    return 100;
  }
  if (options.list) {
    for (const { name, what } of groups.flatMap(({ rows }) => rows)) {
      console.log(`${name}: ${what}`);
    }
    return 0;
  }
  let interrupted = false;
  Deno.addSignalListener("SIGINT", () => interrupted = true);
  Deno.addSignalListener("SIGTERM", () => interrupted = true);
  const pause = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 10)); // lets the listeners run
    if (interrupted) throw new Interrupted();
  };
  let place: Place | undefined;
  const results: Result[] = [];
  try {
    const commands = options.commands === undefined
      ? await installAlone()
      : Deno.realPathSync(options.commands);
    place = new Place(commands);
    becomeSubreaper();
    console.log(machine(commands, options.runs) + "\n");
    for (const group of groups) {
      const measured = await measure(group, place, options.runs, pause);
      results.push(...measured.filter(({ row }) => isWanted(row.name, options)));
    }
    return 0;
  } catch (error) {
    console.error(
      error instanceof Interrupted
        ? "bench: interrupted"
        : `bench: fatal: ${error instanceof Error ? error.stack : error}`,
    );
    return error instanceof Interrupted ? 130 : 111;
  } finally {
    endEverything();
    place?.clear();
    // What has been measured until then is good, whatever came after it.
    for (const line of results.length > 0 ? table(results) : []) console.log(line);
    for (const line of warnings(results)) console.log(`\nWARNING ${line}`);
  }
}

function parse(args: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        runs: { type: "string" },
        commands: { type: "string" },
        list: { type: "boolean" },
      },
      allowPositionals: true,
    });
    const runs = Number(values.runs ?? RUNS);
    if (!Number.isInteger(runs) || runs < 1) return undefined;
    const { commands, list = false } = values;
    return { runs, commands, list, names: positionals };
  } catch {
    return undefined;
  }
}

function isWanted(name: string, options: Options | undefined): boolean {
  if (options === undefined) return false;
  return options.names.length === 0 || options.names.some((part) => name.includes(part));
}

/** Installs djbox for the bench alone. */
async function installAlone(): Promise<string> {
  const root = await installed();
  separate(`${root}/package/admin/djbox/runtime/deno`);
  return `${root}/command`;
}

/**
 * Makes a file of its own of what may be a link to the very runtime that the bench runs on: they would share pages,
 * and a page that two have counts half in the Pss of each. It is written to the disk at once: pages that are
 * still to be written count in the Private_Dirty of whoever runs it.
 */
function separate(runtime: string): void {
  try {
    Deno.copyFileSync(runtime, `${runtime}.new`);
    using copy = Deno.openSync(`${runtime}.new`);
    copy.syncSync();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // the compiled form
    throw error;
  }
  Deno.renameSync(`${runtime}.new`, runtime);
}

/** What it is measured on. */
function machine(commands: string, runs: number): string {
  const { stdout } = new Deno.Command(`${commands}/djbox`, { args: ["--version"] }).outputSync();
  const processor = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return [
    new TextDecoder().decode(stdout).trim(),
    `${navigator.hardwareConcurrency} x ${processor ?? Deno.build.arch}`,
    `Linux ${Deno.osRelease()}`,
    `load ${Deno.loadavg().map((load) => load.toFixed(1)).join(" ")}`,
    `${runs} runs a side`,
  ].join("; ");
}

/** Lets the sides of a group take turns. */
async function measure(
  group: Group,
  place: Place,
  runs: number,
  pause: () => Promise<void>,
): Promise<Result[]> {
  const sides = group.sides(place);
  const taken = sides.map((): Samples[] => []);
  for (let run = 1; run <= runs; run++) {
    for (const [at, side] of sides.entries()) {
      await pause();
      const samples = side.run();
      taken[at]?.push(samples);
      for (const [name, { value }] of Object.entries(samples)) {
        console.error(`${name} ${run}/${runs} ${side.name}: ${value.toFixed(2)}`);
      }
    }
  }
  return group.rows.map((row) => ({
    row,
    columns: sides.map(({ name }, at) => ({
      name,
      samples: (taken[at] ?? []).map((samples) => samples[row.name])
        .filter((sample) => sample !== undefined),
    })).filter(({ samples }) => samples.length > 0),
  }));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
