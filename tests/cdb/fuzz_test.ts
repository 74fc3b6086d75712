// SPDX-License-Identifier: 0BSD
// Damaged cdb files: whatever is wrong with them, reading ends in answers or in a SystemError, and soon.
// By hand: DJBOX_ROUNDS=100000 deno task test fuzz
// What can't be seen in a file of this format, which has no checksum, is not tested: changed values, for one.
import { deepEqual, ok } from "node:assert/strict";
import { type CdbRecord, openCdb, SystemError, writeCdb } from "../../lib/cdb/cdb.ts";
import { Reader } from "../../lib/cdb/reader.ts";
import { RecordStream } from "../../lib/cdb/record_stream.ts";
import { writeText } from "../../lib/cdb/text.ts";
import { InputBuffer, OutputBuffer } from "../../lib/cdb/buffers.ts";
import { toBytes } from "../../lib/os/bytes.ts";
import { O_RDONLY } from "../../lib/os/constants.ts";
import { close, open } from "../../lib/os/file.ts";
import { RuleFile } from "../../lib/net/rules.ts";
import { Random, roundsOf } from "../harness/random.ts";

const HEADER = 2048;

function randomRecords(random: Random): CdbRecord[] {
  return Array.from({ length: random.below(60) }, () => [
    toBytes(random.text(random.below(random.once(10) ? 2000 : 6), "1.2=@")),
    toBytes(
      random.pick(["", "D\0", "+A=b\0", "+A=b\0+C=\0", random.text(random.below(900), "x\0")]),
    ),
  ]);
}

/** Numbers that a program may trip over. */
function oddNumber(random: Random, size: number): number {
  return random.pick([
    0,
    1,
    7,
    8,
    HEADER - 1,
    HEADER,
    size - 8,
    size - 1,
    size,
    size + 1,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0xfffffff8,
    random.below(size),
    random.below(2 ** 32),
  ]);
}

/** What was done, and the damaged file. */
function damage(random: Random, whole: Uint8Array): [string, Uint8Array<ArrayBuffer>] {
  const file = whole.slice();
  const view = new DataView(file.buffer);
  const size = file.length;
  // Damage to the header is seen at once; most is to be found later.
  const at = (): number => {
    const from = random.once(4) || size < HEADER + 4 ? 0 : HEADER;
    return from + random.below(size - 3 - from);
  };
  const kind = random.below(6);
  switch (kind) {
    case 0: {
      const length = random.below(size);
      return [`cut to ${length}`, file.slice(0, length)];
    }
    case 1:
      file.fill(0, 0, HEADER);
      return ["header zeroed", file];
    case 2: {
      const begin = random.below(size);
      file.fill(random.pick([0, 255]), begin, begin + random.below(600));
      return ["filled", file];
    }
    case 3: {
      const begin = random.below(size);
      file.copyWithin(random.below(size), begin, begin + random.below(600));
      return ["copied", file];
    }
    default:
      for (let i = 0; i <= random.below(4); i++) {
        if (random.once(2)) view.setUint32(at() & ~3, oddNumber(random, size), true);
        else file[at()] = random.below(256);
      }
      return ["numbers", file];
  }
}

/** Whether `action` failed with a SystemError; another error fails the test. */
function fails(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof SystemError) return true;
    throw error;
  }
}

function readAll(path: string, keys: readonly Uint8Array[]): void {
  using cdb = openCdb(path);
  for (const key of keys) fails(() => cdb.get(key));
  fails(() => cdb.getAll(keys[0] ?? new Uint8Array(0)));
  let bytes = 0;
  for (const [key, value] of cdb) bytes += 8 + key.length + value.length;
  ok(bytes <= 2 ** 32, "records without end");
}

/** Enough for the file to be read into memory. */
const MANY_LOOKUPS = 100;

/** From the file and from memory, a key has the same value, or the same is wrong. */
function lookUpTwice(path: string, keys: readonly Uint8Array[]): void {
  using cdb = openCdb(path);
  const answers = (): unknown[] =>
    keys.map((key) => {
      try {
        return cdb.get(key);
      } catch (error) {
        if (error instanceof SystemError) return error.message;
        throw error;
      }
    });
  const fromFile = answers();
  for (let i = 0; i < MANY_LOOKUPS; i++) fails(() => cdb.get(new Uint8Array(0)));
  deepEqual(answers(), fromFile);
}

/** What cdbdump and cdbstats do. */
function scanAll(file: Uint8Array<ArrayBuffer>, path: string): void {
  let at = 0;
  const input = new InputBuffer((buffer) => {
    const piece = file.subarray(at, at + buffer.length);
    buffer.set(piece);
    at += piece.length;
    return piece.length;
  });
  let written = 0;
  fails(() =>
    writeText(new RecordStream(input), new OutputBuffer((bytes) => written += bytes.length))
  );
  // A record of 8 bytes becomes `+0,0:->` and a newline; only numbers grow.
  ok(written <= 3 * file.length, "more written than there is");
  const fd = open(path, O_RDONLY);
  try {
    fails(() => ok([...new Reader(fd).distances()].length <= file.length / 8));
  } finally {
    close(fd);
  }
}

Deno.test("a damaged cdb gives answers or a SystemError, and soon", () => {
  const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
  const path = `${directory}/a.cdb`;
  let records: CdbRecord[] = [];
  let whole = new Uint8Array(0);
  try {
    const rules = new RuleFile(path);
    for (let seed = 0; seed < roundsOf(3000); seed++) {
      const random = new Random(seed);
      if (seed % 20 === 0) {
        records = randomRecords(random);
        writeCdb(path, records);
        whole = Deno.readFileSync(path);
      }
      const [what, damaged] = damage(random, whole);
      Deno.writeFileSync(path, damaged);
      const begun = performance.now();
      const keys = records.slice(0, 8).map(([key]) => key);
      const unreadable = fails(() => readAll(path, [...keys, toBytes("no such key")]));
      fails(() => lookUpTwice(path, [...keys, toBytes("no such key")]));
      scanAll(damaged, path);
      const undecided = fails(() => {
        rules.lookUp({ ip: "1.2.2.1", host: "1.2", info: "2" });
      });
      ok(performance.now() - begun < 5000, `seed ${seed}, ${what}: too slow`);
      if (what.startsWith("cut") || what.startsWith("header")) {
        ok(unreadable && undecided, `seed ${seed}, ${what}: taken for a whole one`);
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
