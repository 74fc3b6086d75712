// SPDX-License-Identifier: 0BSD
/**
 * Rows of multilog: how much it writes, and how soon a line can be read.
 *
 * @module
 */
import { toBytes, utf8 } from "../../lib/os/bytes.ts";
import { close, open, pipe, writeAll } from "../../lib/os/file.ts";
import { fstat } from "../../lib/os/stat.ts";
import { LARGE, lines } from "./input.ts";
import type { Place, Tools } from "./place.ts";
import { startSmall, until, waitForAll } from "../trial/processes.ts";
import type { Group, Row, Side, Target } from "./row.ts";
import { floor, stream } from "./streams.ts";
import { middle } from "../trial/figures.ts";

/** What logs: multilog's script, and what comes nearest to it in svlogd's configuration and s6-log's script. */
interface Script {
  readonly multilog: readonly string[];
  readonly svlogd?: { readonly options: readonly string[]; readonly config: string };
  readonly s6?: readonly string[];
}

const LARGEST = "16777215";
const STAMPED: Script = {
  multilog: ["t", `s${LARGEST}`, "./main"],
  svlogd: { options: ["-t"], config: `s${LARGEST}\n` },
  s6: ["t", `s${LARGEST}`, "./main"],
};
const PLAIN: Script = {
  multilog: [`s${LARGEST}`, "./main"],
  svlogd: { options: [], config: `s${LARGEST}\n` },
  s6: [`s${LARGEST}`, "./main"],
};
const CHOSEN: Script = {
  multilog: ["t", "-*debug*", "+*fatal*", "s1000000", "n20", "./main"],
  svlogd: { options: ["-t"], config: "s1000000\nn20\n-*debug*\n+*fatal*\n" },
  s6: ["-.*debug.*", "+.*fatal.*", "t", "s1000000", "n20", "./main"],
};
const ROTATED: Script = {
  multilog: ["./main"],
  svlogd: { options: [], config: "s99999\nn10\n" },
  s6: ["n10", "s99999", "./main"],
};

/** A logger, and the folder in which it is to be started. */
interface Logger {
  readonly tools: Tools;
  readonly name: string;
  argv(place: Place, parent: string): { argv: readonly string[]; directory: string };
}

function loggers(place: Place, script: Script): Logger[] {
  const all: (Logger | undefined)[] = [
    ...[place.ours, place.theirs].map((tools) => ({
      tools,
      name: tools.name,
      argv: (place: Place, parent: string) => ({
        argv: ["multilog", ...script.multilog],
        directory: place.fresh("log", parent),
      }),
    })),
    script.svlogd && {
      tools: place.theirs,
      name: "svlogd",
      argv: (place, parent) => {
        const directory = place.fresh("log", parent);
        Deno.mkdirSync(`${directory}/main`);
        Deno.writeTextFileSync(`${directory}/main/config`, script.svlogd?.config ?? "");
        return { argv: ["svlogd", ...script.svlogd?.options ?? [], "./main"], directory };
      },
    },
    script.s6 && {
      tools: place.theirs,
      name: "s6-log",
      argv: (place, parent) => ({
        argv: ["s6-log", "--", ...script.s6 ?? []],
        directory: place.fresh("log", parent),
      }),
    },
  ];
  return all.filter((logger) => logger !== undefined).filter(({ tools, name }) =>
    tools.has(name === tools.name ? "multilog" : name)
  );
}

function throughput(name: string, script: Script, target: Target, where: "memory" | "disk"): Group {
  const text = script.multilog.map((word) => /[*]/.test(word) ? `'${word}'` : word).join(" ");
  const what = `multilog ${text}, 300 MB, ${where === "disk" ? "on disk" : "in memory"}`;
  const row: Row = { name, what, unit: "MB/s", target };
  return {
    rows: [row],
    sides: (place) =>
      loggers(place, script).map((logger): Side => ({
        name: logger.name,
        run: () => {
          const { argv, directory } = logger.argv(place, place[where]);
          const of = { input: lines(place, LARGE), size: LARGE, directory };
          return { [name]: stream(logger.tools, argv, place, of) };
        },
      })).concat(floor(name, place, () => ({ input: lines(place, LARGE), size: LARGE }))),
  };
}

const LINES = 1000;
/** As long as a line of a log, and as its stamp makes it. */
const LINE = toBytes("x".repeat(99) + "\n");

/** From the write into the pipe to the line in `current`: the median of many, in microseconds. */
function latency(place: Place, logger: Logger): number {
  const { argv, directory } = logger.argv(place, place.memory);
  const { reader, writer } = pipe();
  startSmall(logger.tools.command(argv, { input: reader, directory }));
  close(reader);
  writeAll(writer, LINE);
  const path = `${directory}/main/current`;
  // A stamp is in front of it, which svlogd writes by itself.
  until("the first line is in the log", () => {
    try {
      return Deno.statSync(path).size > LINE.length;
    } catch {
      return false;
    }
  });
  const current = open(utf8(path), 0);
  // All lines are as long as the first. A file grows page by page: its size may show a line in part.
  const { size } = fstat(current);
  const times: number[] = [];
  for (let whole = 2 * size; whole <= (1 + LINES) * size; whole += size) {
    const begin = performance.now();
    writeAll(writer, LINE);
    while (fstat(current).size < whole);
    times.push(performance.now() - begin);
  }
  close(current);
  close(writer);
  waitForAll([]);
  return middle(times) * 1e3;
}

const latencyRow: Row = {
  name: "multilog-latency",
  what: "multilog t s16777215 ./main: from the write of a line to the line in current",
  unit: "us",
  target: { ratio: 2 },
};

export const logs: readonly Group[] = [
  throughput("multilog-t", STAMPED, { ratio: 6 }, "memory"),
  throughput("multilog-plain", PLAIN, { ratio: 10 }, "memory"),
  throughput("multilog-patterns", CHOSEN, { ratio: 4 }, "memory"),
  throughput("multilog-rotating", ROTATED, { ratio: 5 }, "memory"),
  throughput("multilog-rotating-disk", ROTATED, { ratio: 2 }, "disk"),
  {
    rows: [latencyRow],
    sides: (place) =>
      loggers(place, STAMPED).map((logger): Side => ({
        name: logger.name,
        run: () => ({ [latencyRow.name]: { value: latency(place, logger) } }),
      })),
  },
];
