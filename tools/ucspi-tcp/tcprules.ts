// SPDX-License-Identifier: 0BSD
/**
 * tcprules - compiles rules for tcpserver
 *
 * Synopsis: tcprules RULES.CDB RULES.TMP
 *
 * Reads rules, one ADDRESS:INSTRUCTIONS a line, from descriptor 0, writes them into RULES.TMP and moves that
 * over RULES.CDB when it is complete and on the disk. INSTRUCTIONS are allow or deny, then any number of
 * ,NAME="VALUE"; any other byte can take the place of the quotes. 1.2.3.37-53 is short for a rule a number.
 *
 * ADDRESS may be an IPv6 address (2001:db8::7), the start of one up to a colon (2001:db8:), or a network of either kind
 * (10.0.0.0/8, 2001:db8::/32); of several that fit the longest counts.
 *
 * Exit codes: 0; 100 wrong usage, or a line that is no rule; 111 trouble with the files. RULES.CDB is then as it was.
 *
 * Differences from the C tool: it knows neither IPv6 nor networks; a rule for 10.0.0.0/8 counts for nobody there.
 *
 * See https://cr.yp.to/ucspi-tcp/tcprules.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { read, rename } from "../../lib/os/file.ts";
import { createFile, Writer } from "../../lib/cdb/writer.ts";
import { EXIT_USAGE, Failure, orFatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { compileRules, RuleError } from "../../lib/net/rule_compiler.ts";

const USAGE = "usage: tcprules rules.cdb rules.tmp";

export const tcprules: Tool = { usage: USAGE, run };

function run({ name, args: [file, temporary] }: Context): Outcome {
  if (file === undefined || temporary === undefined) throw usageError(name, USAGE);
  const fd = orFatal(name, `unable to create ${temporary}`, () => createFile(temporary));
  orFatal(name, `unable to write to ${temporary}`, () => compileInto(fd, name));
  orFatal(name, `unable to move ${temporary} to ${file}`, () => rename(temporary, file));
  return 0;
}

function compileInto(fd: number, name: ByteString): void {
  const cdb = new Writer(fd);
  try {
    compileRules(
      (buffer) => orFatal(name, "unable to read input", () => read(0, buffer)),
      cdb,
    );
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new Failure(EXIT_USAGE, `${name}: fatal: ${error.message}`);
  }
  cdb.finishOnDisk();
}
