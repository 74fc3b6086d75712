// SPDX-License-Identifier: 0BSD
/**
 * Rows of constant databases: tcprules, and look-ups through lib/cdb against tinycdb's library.
 *
 * @module
 */
import { fromBytes, utf8 } from "../../lib/os/bytes.ts";
import { O_CLOEXEC, O_RDONLY } from "../../lib/os/constants.ts";
import { close, open, pipe, readToEnd } from "../../lib/os/file.ts";
import { rules } from "./input.ts";
import type { Place, Tools } from "./place.ts";
import { startChild, startSmall, waitFor, waitForAll } from "../trial/processes.ts";
import type { Group, Row, Sample, Samples, Side } from "./row.ts";

const MILLION = 1_000_000;

/** Compiles `count` rules with `tools`; the cdb is `path`. */
function compile(tools: Tools, place: Place, count: number, path: string): Sample {
  const input = open(utf8(rules(place, count)), O_RDONLY | O_CLOEXEC);
  const begin = performance.now();
  startSmall(tools.command(["tcprules", path, `${path}.tmp`], { input }));
  close(input);
  const { cpu, peak } = waitForAll([]);
  return { value: count / ((performance.now() - begin) / 1e3), cpu, peak };
}

/** A cdb of `count` rules; 127. may do everything. */
export function ruleFile(place: Place, count: number): string {
  return place.file(`rules-${count}.cdb`, (path) => {
    compile(place.theirs, place, count, path);
  });
}

function sameBytes(one: string, other: string): boolean {
  const [a, b] = [Deno.readFileSync(one), Deno.readFileSync(other)];
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

const tcprules: Row = {
  name: "tcprules",
  what: "tcprules, a million rules, the same bytes",
  unit: "1/s",
  target: { ratio: 1.1 },
};

function compilers(place: Place): Side[] {
  const standard = ruleFile(place, MILLION);
  return [place.ours, place.theirs].map((tools) => ({
    name: tools.name,
    run: (): Samples => {
      const path = `${place.memory}/compiled.cdb`;
      const sample = compile(tools, place, MILLION, path);
      if (!sameBytes(path, standard)) throw new Error(`${tools.name}: tcprules: not the same cdb`);
      place.remove(path);
      return { [tcprules.name]: sample };
    },
  }));
}

const LOOKUPS = 2_000_000;
/** Before them: until the file is in memory, and the code compiled. */
const WARMING = 200_000;
const lookups: Row = {
  name: "cdb-lookups",
  what: "get() of lib/cdb to tinycdb's cdb_find(), hot, keys of a cdb of a million rules",
  unit: "1/s",
  target: { ratio: 0.3 },
};

/** Both programs look the same keys up, in the same order, and print how many look-ups a second that were. */
const OURS = `
const { openCdb } = await import(${
  JSON.stringify(new URL("../../lib/cdb/cdb.ts", import.meta.url).href)
});
const [path = "", count = ""] = Deno.args;
using cdb = openCdb(path);
const keys = Array.from({ length: 1000 }, (_, i) => {
  const n = i * 7919 % ${MILLION};
  return new TextEncoder().encode("10." + [n >> 16, n >> 8 & 255, n & 255].join("."));
});
function lookUp(times: number): void {
  for (let i = 0; i < times; i++) {
    if (cdb.get(keys[i % 1000]) === undefined) throw new Error("not there");
  }
}
lookUp(${WARMING});
const begin = performance.now();
lookUp(Number(count));
console.log(Number(count) / ((performance.now() - begin) / 1e3));
`;

/* tinycdb's header is seldom installed where its library is: struct cdb has about 40 bytes. */
const THEIRS = `
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
extern int cdb_init(void *cdb, int fd);
extern int cdb_find(void *cdb, const void *key, unsigned length);
static char keys[1000][24];
static long long cdb[64];
static int look_up(int times) {
  int i;
  for (i = 0; i < times; i++) {
    if (cdb_find(cdb, keys[i % 1000], strlen(keys[i % 1000])) != 1) return 0;
  }
  return 1;
}
int main(int argc, char **argv) {
  struct timespec a, b;
  int i, count = atoi(argv[2]);
  if (argc != 3 || cdb_init(cdb, open(argv[1], O_RDONLY)) < 0) return 111;
  for (i = 0; i < 1000; i++) {
    int n = (int) ((long long) i * 7919 % ${MILLION});
    sprintf(keys[i], "10.%d.%d.%d", n >> 16, n >> 8 & 255, n & 255);
  }
  if (!look_up(${WARMING})) return 111;
  clock_gettime(CLOCK_MONOTONIC, &a);
  if (!look_up(count)) return 111;
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%f\\n", count / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9));
  return 0;
}
`;

/** Runs a program that prints its own figure. */
function told(place: Place, argv: readonly string[]): Samples {
  const { reader, writer } = pipe();
  const program = startChild({ argv, path: place.theirs.path, output: writer });
  close(writer);
  const value = Number(fromBytes(readToEnd(reader)));
  close(reader);
  waitFor(program);
  return { [lookups.name]: { value } };
}

function searchers(place: Place): Side[] {
  const cdb = ruleFile(place, MILLION);
  const ours = place.file("lookups.ts", (path) => Deno.writeTextFileSync(path, OURS));
  const sides: Side[] = [{
    name: "djbox",
    run: () =>
      told(place, [
        Deno.execPath(),
        "run",
        "-A",
        "--no-config",
        "--no-check",
        ours,
        cdb,
        `${LOOKUPS}`,
      ]),
  }];
  const theirs = compiled(place);
  if (theirs !== undefined) {
    sides.push({ name: "C", run: () => told(place, [theirs, cdb, `${LOOKUPS}`]) });
  }
  return sides;
}

/** The C program; undefined where there is no compiler or no library. */
function compiled(place: Place): string | undefined {
  if (!place.theirs.has("cc")) return undefined;
  const [source, program] = [`${place.memory}/lookups.c`, `${place.memory}/lookups`];
  Deno.writeTextFileSync(source, THEIRS);
  const { success } = new Deno.Command("cc", {
    args: ["-O2", "-o", program, source, "-l:libcdb.so.1"],
    stderr: "null",
  }).outputSync();
  return success ? program : undefined;
}

export const databases: readonly Group[] = [
  { rows: [tcprules], sides: compilers },
  { rows: [lookups], sides: searchers },
];
