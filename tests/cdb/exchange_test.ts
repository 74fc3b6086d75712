// SPDX-License-Identifier: 0BSD
// Random records: files made by us, by freecdb's cdbmake and by tinycdb's cdb are the same bytes, and each
// program reads the others'. By hand: DJBOX_ROUNDS=5000 deno task test exchange
import { deepEqual, equal } from "node:assert/strict";
import { type CdbRecord, openCdb, writeCdb } from "../../lib/cdb/cdb.ts";
import { COMMANDS, cTool, fromLatin1, latin1 } from "../harness/harness.ts";
import { Random, roundsOf } from "../harness/random.ts";

const OURS = `${COMMANDS}/cdbmake`;
const FREECDB = cTool("cdbmake");
const TINYCDB = cTool("cdb");

function randomRecords(random: Random): CdbRecord[] {
  const size = random.pick([0, 1, 5, 50, 50, 500, 2000]);
  const bytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => random.pick([0, 10, 43, 45, 62, 97, 98, 255]));
  return Array.from({ length: size }, () => [
    bytes(random.below(random.once(50) ? 3000 : 5)),
    bytes(random.below(random.once(50) ? 100_000 : 20)),
  ]);
}

function asText(records: readonly CdbRecord[]): string {
  const texts = records.map(([key, value]) =>
    `+${key.length},${value.length}:${fromLatin1(key)}->${fromLatin1(value)}\n`
  );
  return texts.join("") + "\n";
}

function run(directory: string, script: string, ...args: string[]): string {
  const { code, stdout, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...args],
    cwd: directory,
  }).outputSync();
  equal(code, 0, `${script}: ${fromLatin1(stderr)}`);
  return fromLatin1(stdout);
}

/** Calls `body` for each seed, in a folder of its own. */
function withRandom(rounds: number, body: (random: Random, directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
  try {
    for (let seed = 0; seed < roundsOf(rounds); seed++) {
      try {
        body(new Random(seed), directory);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const MAKERS: [string, string | undefined, string][] = [
  ["our cdbmake", OURS, '"$1" made.cdb made.tmp <records'],
  ["freecdb's cdbmake", FREECDB, '"$1" made.cdb made.tmp <records'],
  ["tinycdb's cdb -c", TINYCDB, '"$1" -c -t made.tmp made.cdb <records'],
];

for (const [name, program, script] of MAKERS) {
  Deno.test({
    name: `writeCdb() writes what ${name} writes, and we read that`,
    ignore: program === undefined,
    fn(): void {
      withRandom(12, (random, directory) => {
        const records = randomRecords(random);
        Deno.writeFileSync(`${directory}/records`, latin1(asText(records)));
        run(directory, script, program ?? "");
        writeCdb(`${directory}/ours.cdb`, records);
        run(directory, "cmp ours.cdb made.cdb");
        using cdb = openCdb(`${directory}/made.cdb`);
        deepEqual([...cdb], records);
        for (const [key] of records.slice(0, 50)) {
          const values = records.filter(([other]) => fromLatin1(other) === fromLatin1(key));
          deepEqual(cdb.getAll(key), values.map(([, value]) => value));
          deepEqual(cdb.get(key), values[0]?.[1]);
        }
      });
    },
  });
}

const DUMPERS: [string, string | undefined, string][] = [
  ["our cdbdump", `${COMMANDS}/cdbdump`, '"$1" <ours.cdb'],
  ["freecdb's cdbdump", cTool("cdbdump"), '"$1" <ours.cdb'],
  ["tinycdb's cdb -d", TINYCDB, '"$1" -d ours.cdb'],
];

for (const [name, program, script] of DUMPERS) {
  Deno.test({
    name: `${name} prints the records that writeCdb() wrote`,
    ignore: program === undefined,
    fn(): void {
      withRandom(12, (random, directory) => {
        const records = randomRecords(random);
        writeCdb(`${directory}/ours.cdb`, records);
        equal(run(directory, script, program ?? ""), asText(records));
      });
    },
  });
}

Deno.test({
  name: "our cdbstats and freecdb's agree",
  ignore: cTool("cdbstats") === undefined,
  fn(): void {
    withRandom(12, (random, directory) => {
      // freecdb's passes over keys of more than 1024 bytes.
      const records = randomRecords(random).filter(([key]) => key.length <= 1024);
      writeCdb(`${directory}/ours.cdb`, records);
      const stats = (program: string): string => run(directory, '"$1" <ours.cdb', program);
      equal(stats(`${COMMANDS}/cdbstats`), stats(cTool("cdbstats") ?? ""));
    });
  },
});

Deno.test({
  name: "our cdbget, freecdb's and tinycdb's find the same",
  ignore: cTool("cdbget") === undefined || TINYCDB === undefined,
  fn(): void {
    withRandom(12, (random, directory) => {
      const records = Array.from({ length: 1 + random.below(30) }, (): CdbRecord => [
        latin1(random.text(1 + random.below(2), "ab")),
        latin1(random.text(random.below(20), "xyz")),
      ]);
      writeCdb(`${directory}/ours.cdb`, records);
      const [key, skip] = [random.text(1 + random.below(2), "ab"), random.below(4)];
      const get = (script: string, program: string, number: number): string =>
        run(directory, `"$1" ${script}; echo " $?"`, program, key, String(number));
      const wanted = get('"$2" "$3" <ours.cdb', cTool("cdbget") ?? "", skip);
      equal(get('"$2" "$3" <ours.cdb', `${COMMANDS}/cdbget`, skip), wanted);
      equal(get('-q -n "$3" ours.cdb "$2"', TINYCDB ?? "", skip + 1), wanted);
    });
  },
});
