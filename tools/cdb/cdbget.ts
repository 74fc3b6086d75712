// SPDX-License-Identifier: 0BSD
/**
 * cdbget - prints the data of a record in a constant database
 *
 * Synopsis: cdbget KEY [SKIP]
 *
 * Looks KEY up in the database on descriptor 0, which must be a file, and writes the data of the first record with
 * that key; with a number SKIP, of the record behind the first SKIP ones with that key.
 *
 * Exit codes: 0; 100 there is no such record (silently), or wrong usage; 111 the database can't be read or is
 * damaged, or the data can't be written.
 *
 * Differences from freecdb's cdbget: KEY may be empty.
 *
 * See https://cr.yp.to/cdb/cdbget.html
 *
 * @module
 */
import { type ByteString, toBytes } from "../../lib/os/bytes.ts";
import { writeAll } from "../../lib/os/file.ts";
import { type Place, Reader } from "../../lib/cdb/reader.ts";
import { cdbUsageError, orFatal } from "../../lib/cli/messages.ts";
import { leadingNumber } from "../../lib/cli/number.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: cdbget key [skip]";
const EXIT_NOT_FOUND = 100;

export const cdbget: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, args } = context;
  const [key, skip = "0"] = args;
  if (key === undefined || args.length > 2 || !/^[0-9]*$/.test(skip)) {
    throw cdbUsageError(context, USAGE);
  }
  return orFatal(name, "unable to read input", () => {
    const cdb = new Reader(0);
    const place = findPlace(cdb, key, leadingNumber(skip));
    if (place === undefined) return EXIT_NOT_FOUND;
    for (const piece of cdb.valuePieces(place)) {
      orFatal(name, "unable to flush output", () => writeAll(1, piece));
    }
    return 0;
  });
}

function findPlace(cdb: Reader, key: ByteString, skip: number): Place | undefined {
  let left = skip;
  for (const place of cdb.find(toBytes(key))) {
    if (left-- === 0) return place;
  }
  return undefined;
}
