// SPDX-License-Identifier: 0BSD
/**
 * Rows of streams: tai64n, tai64nlocal, addcr, delcr, recordio, fixcrio; and how a stream is measured.
 *
 * @module
 */
import { utf8 } from "../../lib/os/bytes.ts";
import { O_CLOEXEC, O_CREAT, O_TRUNC, O_WRONLY } from "../../lib/os/constants.ts";
import { close, open, pipe } from "../../lib/os/file.ts";
import { crLines, LARGE, lines, MEDIUM, stamped } from "./input.ts";
import type { Place, Tools } from "./place.ts";
import { startChild, startSmall, waitForAll } from "../trial/processes.ts";
import type { Group, Row, Sample, Side, Target } from "./row.ts";

/** What a tool is fed with, and where it works. */
export interface Stream {
  readonly input: string;
  readonly size: number;
  readonly directory?: string;
}

/** An empty file, to be written. */
export function outputFile(path: string): number {
  return open(utf8(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644);
}

/**
 * Runs `argv` with the file as its input, through a pipe from cat, until all that it has started has ended. What it
 * prints goes to files in memory.
 */
export function stream(tools: Tools, argv: readonly string[], place: Place, of: Stream): Sample {
  const { reader, writer } = pipe();
  const output = outputFile(`${place.memory}/output`);
  const errors = outputFile(`${place.memory}/errors`);
  const directory = of.directory ?? place.memory;
  const begin = performance.now();
  startSmall(tools.command(argv, { input: reader, output, errors, directory }));
  const feeder = startChild(place.theirs.command(["cat", of.input], { output: writer }));
  for (const fd of [reader, writer, output, errors]) close(fd);
  const { cpu, peak } = waitForAll([feeder]);
  const seconds = (performance.now() - begin) / 1e3;
  return { value: of.size / 1e6 / seconds, cpu, peak };
}

/** A group of one row: the same command on both sides. */
function filter(
  name: string,
  argv: readonly string[],
  target: Target,
  input: (place: Place) => string,
  size = LARGE,
): Group {
  const what = `${argv.join(" ")}, ${size / 1e6} MB`;
  const row: Row = { name, what, unit: "MB/s", target };
  return {
    rows: [row],
    sides: (place) =>
      [place.ours, place.theirs].map((tools) => ({
        name: tools.name,
        run: () => ({ [name]: stream(tools, argv, place, { input: input(place), size }) }),
      })).concat(floor(name, place, () => ({ input: input(place), size }))),
  };
}

/** What the pipe lets through: no filter behind it can be faster than one that only copies. */
export function floor(name: string, place: Place, of: () => Stream): Side {
  return { name: "cat", run: () => ({ [name]: stream(place.theirs, ["cat"], place, of()) }) };
}

export const streams: readonly Group[] = [
  filter("tai64n", ["tai64n"], { ratio: 6 }, (place) => lines(place, LARGE)),
  filter(
    "tai64nlocal-dense",
    ["tai64nlocal"],
    { ratio: 6 },
    (place) => stamped(place, LARGE, 100_000),
  ),
  filter(
    "tai64nlocal-sparse",
    ["tai64nlocal"],
    { ratio: 6 },
    (place) => stamped(place, LARGE, 1),
  ),
  filter("addcr", ["addcr"], { ratio: 2.3 }, (place) => lines(place, LARGE)),
  filter("delcr", ["delcr"], { ratio: 2.3 }, (place) => crLines(place, LARGE)),
  filter("recordio", ["recordio", "cat"], { ratio: 5 }, (place) => lines(place, MEDIUM), MEDIUM),
  filter("fixcrio", ["fixcrio", "cat"], { ratio: 5 }, (place) => lines(place, MEDIUM), MEDIUM),
];
