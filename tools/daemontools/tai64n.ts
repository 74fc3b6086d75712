// SPDX-License-Identifier: 0BSD
/**
 * tai64n - puts a TAI64N stamp in front of each line
 *
 * Synopsis: tai64n
 *
 * Copies descriptor 0 to descriptor 1, each line behind `@`, the 24 digits of the time when its first byte was read,
 * and a space. A last line without a newline is stamped too, and ends as it is. Arguments are ignored. What has been
 * read is written before the next read. The stamps rise strictly: of lines that are read at once, each one's is
 * a nanosecond behind that of the line before.
 *
 * Exit codes: 0 at the end of the input; 111 (silently) if reading or writing fails.
 *
 * See https://cr.yp.to/daemontools/tai64n.html
 *
 * @module
 */
import type { Outcome, Tool } from "../../lib/cli/tool.ts";
import { StampFilter } from "../../lib/log/stamp_filter.ts";
import { Clock } from "../../lib/os/clock.ts";
import { runFilter } from "../../lib/stream/filter.ts";

export const tai64n: Tool = { usage: "usage: tai64n", run };

function run(): Outcome {
  return runFilter(new StampFilter(new Clock()));
}
