// SPDX-License-Identifier: 0BSD
/**
 * cdbdump - prints all records of a constant database
 *
 * Synopsis: cdbdump
 *
 * Reads a database from descriptor 0, which may be a pipe, and writes its records, in their order, in the form
 * that cdbmake reads.
 *
 * Exit codes: 0; 100 wrong usage; 111 the database can't be read or is damaged, or the records can't be written.
 *
 * Differences from freecdb's cdbdump: a header that can't be one is a "protocol error", and so is a record that
 * is longer than the file says.
 *
 * See https://cr.yp.to/cdb/cdbdump.html
 *
 * @module
 */
import { InputBuffer, OutputBuffer } from "../../lib/cdb/buffers.ts";
import { read, writeAll } from "../../lib/os/file.ts";
import { RecordStream } from "../../lib/cdb/record_stream.ts";
import { writeText } from "../../lib/cdb/text.ts";
import { cdbUsageError, orFatal } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: cdbdump";

export const cdbdump: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, args } = context;
  if (args.length > 0) throw cdbUsageError(context, USAGE);
  const output = new OutputBuffer((bytes) =>
    orFatal(name, "unable to flush output", () => writeAll(1, bytes))
  );
  orFatal(name, "unable to read input", () => {
    writeText(new RecordStream(new InputBuffer((buffer) => read(0, buffer))), output);
  });
  return 0;
}
