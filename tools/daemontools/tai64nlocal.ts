// SPDX-License-Identifier: 0BSD
/**
 * tai64nlocal - shows the TAI64N stamps of a log as local time
 *
 * Synopsis: tai64nlocal
 *
 * Copies descriptor 0 to descriptor 1. Where a line begins with a stamp (`@` and 24 digits, as tai64n and multilog
 * write it), it is replaced by the local time: `YYYY-MM-DD HH:MM:SS.NNNNNNNNN`. Everything else is copied: other
 * lines, and stamps elsewhere in a line. Arguments are ignored. What has been read is written before the next
 * read, but for a stamp whose end has not come; it is dropped where the input ends there.
 *
 * Environment: TZ says which zone is local, as in localtime(3).
 *
 * Exit codes: 0 at the end of the input; 111 (silently) if reading or writing fails.
 *
 * Differences from the C tool: that crashes where `@` begins a line and no stamp follows (fewer than 24 digits,
 * or a year beyond 2^31); here such a line is copied. A run of more than 4095 digits is
 * copied, too, where not all of it comes with one read.
 *
 * See https://cr.yp.to/daemontools/tai64nlocal.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { type LocalTime, localTime, setZone } from "../../lib/os/zone.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { type Form, Restamper } from "../../lib/log/restamp.ts";
import { runFilter } from "../../lib/stream/filter.ts";

export const tai64nlocal: Tool = { usage: "usage: tai64nlocal", run };

function run(context: Context): Outcome {
  setZone((name) => context.env.get(name));
  const restamper = new Restamper(localForm);
  const { input, output } = restamper;
  // Without `finish`: the C tool drops a stamp that ends with the input.
  return runFilter({ input, output, take: (count) => restamper.take(count) });
}

/**
 * `YYYY-MM-DD HH:MM:SS`. The C library is asked once an hour of the log: where its answer for the last second of that
 * hour is 59:59 there is no change of the clock and no leap second in between.
 */
function localForm(seconds: bigint): Form | undefined {
  const time = localTime(seconds);
  if (time === undefined) return undefined;
  const text = show(time);
  const start = seconds - BigInt(time.minute * 60 + time.second);
  const last = start + 3599n;
  const end = localTime(last);
  // A leap second is none of the seconds that follow from `start`.
  const regular = time.second < 60 && end !== undefined &&
    show(end) === show({ ...time, minute: 59, second: 59 });
  return regular ? { text, clock: { start, last } } : { text };
}

function show(time: LocalTime): ByteString {
  const two = (number: number): string => String(number).padStart(2, "0");
  const { year, month, day, hour, minute, second } = time;
  return `${showYear(year)}-${two(month + 1)}-${two(day)} ${two(hour)}:${two(minute)}:${
    two(second)
  }`;
}

/** As the C tool has it: an int, shown as an unsigned long. */
function showYear(since1900: number): string {
  return String(BigInt.asUintN(64, BigInt(since1900 + 1900 | 0)));
}
