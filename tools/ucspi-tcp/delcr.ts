// SPDX-License-Identifier: 0BSD
/**
 * delcr - removes a CR before each LF
 *
 * Synopsis: delcr
 *
 * Copies descriptor 0 to descriptor 1 without the CR (\015) that stands directly before an LF (\012). Other CRs stay:
 * of several before an LF one is removed, and one at the end of a last line without an LF is left as it is.
 * Arguments are ignored. What has been read is written before the next read, but for a CR at its end.
 *
 * Exit codes: 0 at the end of the input; 111 (silently) if reading or writing fails.
 *
 * See https://cr.yp.to/ucspi-tcp/delcr.html
 *
 * @module
 */
import type { Outcome, Tool } from "../../lib/cli/tool.ts";
import { runFilter } from "../../lib/stream/filter.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";

export const delcr: Tool = { usage: "usage: delcr", run };

function run(): Outcome {
  return runFilter(removeCrs());
}
