// SPDX-License-Identifier: 0BSD
/**
 * cdbstats - prints figures of a constant database
 *
 * Synopsis: cdbstats
 *
 * Reads a database from descriptor 0, which must be a file, and writes how many records it has, and how many of them
 * are at distance 0 from their hash (d0: the first slot that is looked at is theirs), at distance 1, and so on.
 *
 * Exit codes: 0; 100 wrong usage; 111 the database can't be read or is damaged, or the figures can't be written.
 *
 * Differences from freecdb's cdbstats: records with a key of more than 1024 bytes are counted, too.
 *
 * See https://cr.yp.to/cdb/cdbstats.html
 *
 * @module
 */
import { InputBuffer } from "../../lib/cdb/buffers.ts";
import type { ByteString } from "../../lib/os/bytes.ts";
import { read } from "../../lib/os/file.ts";
import { Reader } from "../../lib/cdb/reader.ts";
import { RecordStream } from "../../lib/cdb/record_stream.ts";
import { cdbUsageError, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: cdbstats";
/** Distances from here on are counted together. */
const FAR = 10;

export const cdbstats: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, args } = context;
  if (args.length > 0) throw cdbUsageError(context, USAGE);
  const figures = orFatal(name, "unable to read input", readFigures);
  orFatal(name, "unable to flush output", () => print(figures));
  return 0;
}

function readFigures(): ByteString {
  // Once through as it comes: a file that ends too early is told of as such.
  const records = countRecords(new RecordStream(new InputBuffer((buffer) => read(0, buffer))));
  const distances = new Array<number>(FAR + 1).fill(0);
  for (const distance of new Reader(0).distances()) {
    const index = Math.min(distance, FAR);
    distances[index] = 1 + (distances[index] as number);
  }
  return line("records", records) +
    distances.map((count, i) => line(i < FAR ? `d${i}` : ">9", count)).join("");
}

function countRecords(cdb: RecordStream): number {
  let count = 0;
  for (; cdb.next(); count++) {
    cdb.key();
    cdb.value();
  }
  return count;
}

function line(label: string, count: number): ByteString {
  return `${label.padEnd(7)}${String(count).padStart(11)}\n`;
}
