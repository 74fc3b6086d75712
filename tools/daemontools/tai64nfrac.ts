// SPDX-License-Identifier: 0BSD
/**
 * tai64nfrac - shows the TAI64N stamps of a log as decimal seconds
 *
 * Synopsis: tai64nfrac
 *
 * Copies descriptor 0 to descriptor 1. Where a line begins with a stamp (`@` and 24 digits, as tai64n and multilog
 * write it), it is replaced by the seconds since 1970-01-01 00:00:00 UTC with nine digits of fraction and a
 * blank, as qmailanalog reads it: `@4000000037c219bf2ef02e94 mark` becomes `935467445.787492500  mark`, with
 * the blank that was there. Everything else is copied. Arguments are ignored. What has been read is written before the next read, but for a stamp whose end has
 * not come.
 *
 * Exit codes: 0 at the end of the input; 111 (silently) if reading or writing fails.
 *
 * This is Russ Allbery's tool, which belongs to neither of D. J. Bernstein's packages. Differences: his leaves out
 * the leading zeros of the fraction; and what is copied here, times before 1970 and what is no stamp, becomes some number
 * there.
 *
 * See https://www.eyrie.org/~eagle/software/tai64nfrac/
 *
 * @module
 */
import type { Outcome, Tool } from "../../lib/cli/tool.ts";
import { type Form, Restamper } from "../../lib/log/restamp.ts";
import { runFilter } from "../../lib/stream/filter.ts";

export const tai64nfrac: Tool = { usage: "usage: tai64nfrac", run };

function run(): Outcome {
  return runFilter(new Restamper(decimalForm, " "));
}

function decimalForm(seconds: bigint): Form | undefined {
  return seconds < 0n ? undefined : { text: String(seconds) };
}
