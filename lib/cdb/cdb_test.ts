// SPDX-License-Identifier: 0BSD
// Not tested: files of more than 4 GB (the limit itself is, in tests/cdb/cdbmake_test.ts).
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { EISDIR, ENOENT } from "../os/errno.ts";
import { type CdbRecord, FormatError, openCdb, SystemError, writeCdb } from "./cdb.ts";
import { hash } from "./format.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const record = (key: string, value: string): CdbRecord => [bytes(key), bytes(value)];
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

function inDirectory(body: (directory: string) => void): () => void {
  return () => {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    try {
      body(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

Deno.test("hash() is the one of the format", () => {
  equal(hash(bytes("")), 5381);
  equal(hash(bytes("a")), (5381 * 33) ^ 97);
  equal(hash(bytes("a longer key, so that it wraps")), 614322157);
  equal(hash(bytes("c"), hash(bytes("ab"))), hash(bytes("abc")));
});

Deno.test(
  "get() finds what writeCdb() wrote, and nothing else",
  inDirectory((directory) => {
    const records = Array.from({ length: 5000 }, (_, i) => record(`key ${i}`, `value ${i * i}`));
    writeCdb(`${directory}/a.cdb`, records);
    using cdb = openCdb(`${directory}/a.cdb`);
    for (let i = 0; i < 5000; i += 7) equal(text(cdb.get(bytes(`key ${i}`))), `value ${i * i}`);
    for (let i = 5000; i < 6000; i++) equal(cdb.get(bytes(`key ${i}`)), undefined);
    deepEqual([...cdb].map(([key]) => text(key)), records.map(([key]) => text(key)));
  }),
);

Deno.test(
  "who has looked up a lot needs the file no more, and may do with values what he likes",
  inDirectory((directory) => {
    const path = `${directory}/a.cdb`;
    const long = "x".repeat(3000);
    writeCdb(path, [record("a", "b"), record(long, "long"), record("a", long)]);
    using cdb = openCdb(path);
    for (let i = 0; i < 100; i++) cdb.get(bytes("a"))?.fill(0);
    Deno.truncateSync(path);
    equal(text(cdb.get(bytes("a"))), "b");
    equal(text(cdb.get(bytes(long))), "long");
    deepEqual(cdb.getAll(bytes("a")).map(text), ["b", long]);
    equal(cdb.get(bytes("c")), undefined);
    equal(cdb.get(bytes(long + "x")), undefined);
  }),
);

Deno.test(
  "each value is one's own, however many are kept",
  inDirectory((directory) => {
    const records = Array.from({ length: 3000 }, (_, i) => record(`${i}`, "x".repeat(i % 300)));
    writeCdb(`${directory}/a.cdb`, records);
    using cdb = openCdb(`${directory}/a.cdb`);
    const values = records.map(([key]) => cdb.get(key) ?? bytes("none"));
    values.forEach((value, i) => i % 2 === 0 && value.fill(0));
    for (let i = 1; i < values.length; i += 2) deepEqual(values[i], records[i]?.[1]);
  }),
);

Deno.test(
  "empty keys and values, any bytes and long ones come back as they were",
  inDirectory((directory) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const long = new Uint8Array(1_000_000).map((_, i) => i * 7);
    const records: CdbRecord[] = [
      [new Uint8Array(0), all],
      [all, new Uint8Array(0)],
      [long, all],
      [bytes("long"), long],
      [bytes("last"), long.subarray(1)],
    ];
    writeCdb(`${directory}/a.cdb`, records);
    using cdb = openCdb(`${directory}/a.cdb`);
    for (const [key, value] of records) deepEqual(cdb.get(key), value);
    deepEqual([...cdb], records);
  }),
);

Deno.test(
  "getAll() gives all values of a key in their order, get() the first",
  inDirectory((directory) => {
    const values = Array.from({ length: 1000 }, (_, i) => String(i));
    writeCdb(
      `${directory}/a.cdb`,
      values.flatMap((value) => [record("many", value), record(value, "x")]),
    );
    using cdb = openCdb(`${directory}/a.cdb`);
    deepEqual(cdb.getAll(bytes("many")).map(text), values);
    equal(text(cdb.get(bytes("many"))), "0");
    deepEqual(cdb.getAll(bytes("none")), []);
  }),
);

Deno.test(
  "a cdb without records is a header",
  inDirectory((directory) => {
    writeCdb(`${directory}/a.cdb`, []);
    equal(Deno.statSync(`${directory}/a.cdb`).size, 2048);
    using cdb = openCdb(`${directory}/a.cdb`);
    equal(cdb.get(bytes("")), undefined);
    deepEqual([...cdb], []);
  }),
);

Deno.test(
  "keys with the same hash are told apart",
  inDirectory((directory) => {
    const [first, second] = collision();
    equal(hash(first), hash(second));
    writeCdb(`${directory}/a.cdb`, [[first, bytes("1")], [second, bytes("2")]]);
    using cdb = openCdb(`${directory}/a.cdb`);
    // From the file, and then from memory.
    for (let i = 0; i < 100; i++) {
      equal(text(cdb.get(first)), "1");
      equal(text(cdb.get(second)), "2");
      deepEqual(cdb.getAll(second).map(text), ["2"]);
    }
  }),
);

/** Two keys with one hash: what the first byte adds, the second takes back. */
function collision(): [Uint8Array, Uint8Array] {
  const first = Uint8Array.of(1, 0);
  for (let byte = 0; byte < 256; byte++) {
    const second = Uint8Array.of(0, byte);
    if (hash(first) === hash(second)) return [first, second];
  }
  throw new Error("there are no two such keys");
}

Deno.test(
  "a file replaced while it is open is read on as it was",
  inDirectory((directory) => {
    writeCdb(`${directory}/a.cdb`, [record("a", "old")]);
    using cdb = openCdb(`${directory}/a.cdb`);
    writeCdb(`${directory}/a.cdb`, [record("a", "new")]);
    equal(text(cdb.get(bytes("a"))), "old");
    using other = openCdb(`${directory}/a.cdb`);
    equal(text(other.get(bytes("a"))), "new");
  }),
);

Deno.test(
  "writeCdb() that fails leaves the old file, and nothing else",
  inDirectory((directory) => {
    writeCdb(`${directory}/a.cdb`, [record("a", "old")]);
    function* broken(): Generator<CdbRecord> {
      yield record("a", "new");
      throw new Error("no more");
    }
    throws(() => writeCdb(`${directory}/a.cdb`, broken()), /no more/);
    throws(
      () => writeCdb(`${directory}/none/a.cdb`, []),
      (error) => error instanceof SystemError && error.errno === ENOENT,
    );
    Deno.mkdirSync(`${directory}/folder`);
    throws(
      () => writeCdb(`${directory}/folder`, [], { temporary: `${directory}/tmp` }),
      (error) => error instanceof SystemError && error.errno === EISDIR,
    );
    deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), ["a.cdb", "folder"]);
    using cdb = openCdb(`${directory}/a.cdb`);
    equal(text(cdb.get(bytes("a"))), "old");
  }),
);

Deno.test(
  "writeCdb() takes another name and other permissions",
  inDirectory((directory) => {
    const temporary = `${directory}/dän-tmp`;
    writeCdb(`${directory}/dän.cdb`, [record("a", "b")], { temporary, mode: 0o600 });
    const { mode, size } = Deno.statSync(`${directory}/dän.cdb`);
    deepEqual([(mode ?? 0) & 0o777, size], [0o600, 2048 + 10 + 16]);
  }),
);

Deno.test(
  "what is not there, empty, a folder or no cdb is refused",
  inDirectory((directory) => {
    const file = `${directory}/a.cdb`;
    const refusal = (content: string): unknown => {
      Deno.writeTextFileSync(file, content);
      try {
        openCdb(file).close();
        return undefined;
      } catch (error) {
        return error;
      }
    };
    throws(() => openCdb(file), (error) => error instanceof SystemError && error.errno === ENOENT);
    throws(() => openCdb(directory), (e) => e instanceof SystemError && e.errno === EISDIR);
    equal(refusal("") instanceof FormatError, true);
    equal(refusal("this is no cdb") instanceof FormatError, true);
    equal(refusal("x".repeat(5000)) instanceof FormatError, true);
    // The header is written last: a file without one is not complete, and not an empty cdb.
    equal(refusal("\0".repeat(5000)) instanceof FormatError, true);
  }),
);

Deno.test(
  "a closed cdb answers no more",
  inDirectory((directory) => {
    writeCdb(`${directory}/a.cdb`, [record("a", "1"), record("b", "2")]);
    const cdb = openCdb(`${directory}/a.cdb`);
    const records = cdb[Symbol.iterator]();
    records.next();
    cdb.close();
    cdb.close();
    throws(() => cdb.get(bytes("a")), /closed/);
    throws(() => cdb.getAll(bytes("a")), /closed/);
    throws(() => records.next(), /closed/);
  }),
);

Deno.test(
  "fifty thousand records with one key take no time",
  inDirectory((directory) => {
    const begun = performance.now();
    const records = Array.from({ length: 50_000 }, (_, i) => record("key", String(i)));
    writeCdb(`${directory}/a.cdb`, records);
    using cdb = openCdb(`${directory}/a.cdb`);
    deepEqual(cdb.getAll(bytes("key")), records.map(([, value]) => value));
    // Where each one looks for its slot from the beginning it takes long.
    ok(performance.now() - begun < 10_000);
  }),
);
