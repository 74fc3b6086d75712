// SPDX-License-Identifier: 0BSD
/**
 * Rows of starts: what it costs to start a tool that has little to do.
 *
 * @module
 */
import { utf8 } from "../../lib/os/bytes.ts";
import { O_CLOEXEC, O_RDWR } from "../../lib/os/constants.ts";
import { close, mkfifo, open } from "../../lib/os/file.ts";
import type { Place, Tools } from "./place.ts";
import { startChild, startSmall, waitFor, waitForAll } from "../trial/processes.ts";
import type { Group, Row, Sample, Target } from "./row.ts";
import { middle } from "../trial/figures.ts";

/** How many starts make one run; its value is their median. */
const STARTS = 15;

/** What all of them work in. */
function scene(place: Place): string {
  return place.file("starts", (directory) => {
    Deno.mkdirSync(`${directory}/env`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/env/NAME`, "value\n");
    Deno.mkdirSync(`${directory}/service/supervise`, { recursive: true });
    mkfifo(utf8(`${directory}/service/supervise/ok`), 0o600);
  });
}

function starts(tools: Tools, place: Place, argv: readonly string[]): Sample {
  const directory = scene(place);
  // For svok: who has `ok` open is a supervise.
  const ok = open(utf8(`${directory}/service/supervise/ok`), O_RDWR | O_CLOEXEC);
  try {
    const walls: number[] = [];
    let cpu = 0;
    for (let i = 0; i < STARTS; i++) {
      const begin = performance.now();
      cpu += waitFor(startChild(tools.command(argv, { directory }))).cpu;
      walls.push(performance.now() - begin);
    }
    startSmall(tools.command(argv, { directory }));
    const { peak } = waitForAll([]);
    const value = middle(walls);
    return { value, cpu: cpu / STARTS, peak };
  } finally {
    close(ok);
  }
}

/** The runtime that has nothing to do: no tool can start faster. */
function bare(place: Place): string[] {
  const script = place.file("exit.js", (path) => Deno.writeTextFileSync(path, "Deno.exit(0);\n"));
  return [Deno.execPath(), "run", "-A", "--no-config", script];
}

const START = { value: 20 } as const;

function start(name: string, argv: readonly string[], target: Target): Group {
  const row: Row = { name, what: argv.join(" "), unit: "ms", target };
  return {
    rows: [row],
    sides: (place) => [
      ...[place.ours, place.theirs].map((tools) => ({
        name: tools.name,
        run: () => ({ [name]: starts(tools, place, argv) }),
      })),
      { name: "bare deno", run: () => ({ [name]: starts(place.theirs, place, bare(place)) }) },
    ],
  };
}

const ONE = ["setuidgid", "nobody", "true"];
const FOUR = ["setlock", "-n", "lock", "envdir", "env", "softlimit", "-o", "200", ...ONE];
const chain: Row = {
  name: "start-chain",
  what: `${FOUR.join(" ")}, to setuidgid alone`,
  unit: "ms",
  target: { ratio: 1.3 },
};

export const startRows: readonly Group[] = [
  start("start-svok", ["svok", "service"], START),
  start("start-envdir", ["envdir", "env", "true"], START),
  start("start-setuidgid", ONE, START),
  {
    rows: [chain],
    sides: (place) => [
      { name: "djbox", run: () => ({ [chain.name]: starts(place.ours, place, FOUR) }) },
      { name: "one tool", run: () => ({ [chain.name]: starts(place.ours, place, ONE) }) },
      { name: "C", run: () => ({ [chain.name]: starts(place.theirs, place, FOUR) }) },
    ],
  },
];
