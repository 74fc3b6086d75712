// SPDX-License-Identifier: 0BSD
/**
 * date@ - shows the time of another machine
 *
 * Synopsis: date@ [HOST]
 *
 * Connects to port 13 (daytime) of HOST (0: this machine) and prints what comes: without the CR before an LF, and with
 * all bytes that are not printable made visible as `cat -v` does.
 *
 * Exit codes: 0, even without a connection; 111 if the output can't be written.
 *
 * See https://cr.yp.to/ucspi-tcp/date.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ask } from "../../lib/net/ask.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";
import { visible } from "../../lib/stream/visible.ts";

export const dateAt: Tool = { usage: "usage: date@ [ host ]", run };

function run(context: Context): Outcome {
  const [host = "0"] = context.args;
  return ask(context, { host, port: "13", request: "" }, [removeCrs(), visible()]);
}
