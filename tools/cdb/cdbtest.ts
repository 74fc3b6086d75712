// SPDX-License-Identifier: 0BSD
/**
 * cdbtest - looks up each record of a constant database
 *
 * Synopsis: cdbtest
 *
 * Reads a database from descriptor 0, which must be a file, looks each record up by its key, and writes how many
 *
 *   found             were found
 *   different record  were not, because there is another record with that key before it
 *   bad length        were found with data of another length, which never happens
 *   not found         were not found, which never happens
 *   untested          have a key of more than 1024 bytes and were not looked up
 *
 * Exit codes: 0; 100 wrong usage; 111 the database can't be read or is damaged, or the counts can't be written.
 *
 * See https://cr.yp.to/cdb/cdbtest.html
 *
 * @module
 */
import { InputBuffer } from "../../lib/cdb/buffers.ts";
import { type ByteString, copyBytes } from "../../lib/os/bytes.ts";
import { read } from "../../lib/os/file.ts";
import { Reader } from "../../lib/cdb/reader.ts";
import { RecordStream } from "../../lib/cdb/record_stream.ts";
import { cdbUsageError, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: cdbtest";
const LONGEST_KEY = 1024;

export const cdbtest: Tool = { usage: USAGE, run };

type Result = "found" | "different record" | "bad length" | "not found" | "untested";

function run(context: Context): Outcome {
  const { name, args } = context;
  if (args.length > 0) throw cdbUsageError(context, USAGE);
  const counts = orFatal(name, "unable to read input", lookUpAll);
  orFatal(name, "unable to flush output", () => print(counts));
  return 0;
}

function lookUpAll(): ByteString {
  const counts: Record<Result, number> = {
    "found": 0,
    "different record": 0,
    "bad length": 0,
    "not found": 0,
    "untested": 0,
  };
  const records = new RecordStream(new InputBuffer((buffer) => read(0, buffer)));
  const cdb = new Reader(0);
  const key = new Uint8Array(LONGEST_KEY);
  while (records.next()) {
    counts[lookUp(records, cdb, key)]++;
    records.value();
  }
  return Object.entries(counts).map(([result, count]) => `${result}: ${count}\n`).join("");
}

/** Looks up the record at which `records` are; `buffer` is for its key. */
function lookUp(records: RecordStream, cdb: Reader, buffer: Uint8Array): Result {
  if (records.keyLength > LONGEST_KEY) {
    records.key();
    return "untested";
  }
  let length = 0;
  records.key((bytes, from, to) => {
    copyBytes(buffer, length, bytes, from, to);
    length += to - from;
  });
  const [place] = cdb.find(buffer.subarray(0, length));
  if (place === undefined) return "not found";
  if (place.valueAt !== records.valueAt) return "different record";
  return place.valueLength === records.valueLength ? "found" : "bad length";
}
