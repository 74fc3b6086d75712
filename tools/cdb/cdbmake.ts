// SPDX-License-Identifier: 0BSD
/**
 * cdbmake - makes a constant database
 *
 * Synopsis: cdbmake CDB CDB.TMP
 *
 * Reads records from descriptor 0, writes them into CDB.TMP and moves that over CDB when it is complete and on the
 * disk. A record is +KLEN,DLEN:KEY->DATA and a newline, and behind the last there is one more newline. Keys and
 * data hold any bytes and need not fit into memory; a database can't be larger than 4 gigabytes.
 *
 * Exit codes: 0; 100 wrong usage; 111 wrong records, or trouble with the files. CDB is then as it was.
 *
 * Differences from freecdb's cdbmake: a record that makes the database larger than 4 gigabytes is refused when
 * its lengths have been read, not when it has been.
 *
 * See https://cr.yp.to/cdb/cdbmake.html
 *
 * @module
 */
import { InputBuffer } from "../../lib/cdb/buffers.ts";
import type { ByteString } from "../../lib/os/bytes.ts";
import { read, rename } from "../../lib/os/file.ts";
import { TextError, TextReader } from "../../lib/cdb/text.ts";
import { createFile, Writer } from "../../lib/cdb/writer.ts";
import { cdbUsageError, fatal, orFatal } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: cdbmake cdb cdb.tmp";

export const cdbmake: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const { name, args } = context;
  const [file, temporary] = args;
  if (!file || !temporary || args.length > 2) throw cdbUsageError(context, USAGE);
  orFatal(name, `unable to create ${temporary}`, () => create(name, temporary));
  orFatal(name, `unable to rename ${temporary} to ${file}`, () => rename(temporary, file));
  return 0;
}

function create(name: string, file: ByteString): void {
  const fd = createFile(file);
  const complaint = (): string => `unable to read input: entry ${records.entry}`;
  const input = new InputBuffer((buffer) => orFatal(name, complaint(), () => read(0, buffer)));
  const cdb = new Writer(fd);
  const records = new TextReader(input, cdb);
  try {
    records.read();
  } catch (error) {
    if (error instanceof TextError) throw fatal(name, complaint(), error);
    throw error;
  }
  cdb.finishOnDisk();
}
