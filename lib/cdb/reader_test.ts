// SPDX-License-Identifier: 0BSD
// What the reader does by itself with look-ups: from the file, from memory, and from the file again.
import { deepEqual, equal, throws } from "node:assert/strict";
import { O_RDONLY } from "../os/constants.ts";
import { close, open } from "../os/file.ts";
import { type CdbRecord, FormatError, writeCdb } from "./cdb.ts";
import { Reader } from "./reader.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const RECORDS: readonly CdbRecord[] = Array.from(
  { length: 1000 },
  (_, i) => [bytes("k".repeat(i % 300) + i), bytes("v".repeat(i % 270) + i)],
);

/** Runs `body` with a reader of a file of RECORDS. */
function withReader(
  body: (reader: Reader, path: string) => void,
  options: { loads?: boolean } = {},
): () => void {
  return () => {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    const path = `${directory}/a.cdb`;
    writeCdb(path, RECORDS);
    const fd = open(path, O_RDONLY);
    try {
      body(new Reader(fd, options), path);
    } finally {
      close(fd);
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

function lookAllUp(reader: Reader): void {
  for (const [key, value] of RECORDS) {
    deepEqual(reader.get(key), value);
    deepEqual([...reader.getAll(key)], [value]);
    equal(reader.get(bytes(`no ${key}`)), undefined);
  }
}

Deno.test(
  "a reader that loads nothing reads from the file, however much is looked up",
  withReader((reader, path) => {
    for (let round = 0; round < 3; round++) lookAllUp(reader);
    Deno.truncateSync(path);
    throws(() => reader.get(bytes("0")), FormatError);
  }, { loads: false }),
);

Deno.test(
  "the header that was checked counts, whatever stands in the file when it is read into memory",
  withReader((reader, path) => {
    const file = Deno.readFileSync(path);
    Deno.writeFileSync(path, file.fill(255, 0, 2048));
    lookAllUp(reader);
  }),
);
