// SPDX-License-Identifier: 0BSD
/**
 * addcr - adds a CR before each LF
 *
 * Synopsis: addcr
 *
 * Copies descriptor 0 to descriptor 1 with a CR (\015) before each LF (\012), one that has a CR already too. A last
 * line without an LF is left as it is. Arguments are ignored. What has been read is written before the next read.
 *
 * Exit codes: 0 at the end of the input; 111 (silently) if reading or writing fails.
 *
 * See https://cr.yp.to/ucspi-tcp/addcr.html
 *
 * @module
 */
import type { Outcome, Tool } from "../../lib/cli/tool.ts";
import { runFilter } from "../../lib/stream/filter.ts";
import { addCrs } from "../../lib/stream/line_ends.ts";

export const addcr: Tool = { usage: "usage: addcr", run };

function run(): Outcome {
  return runFilter(addCrs());
}
