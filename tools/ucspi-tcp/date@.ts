// SPDX-License-Identifier: 0BSD
/**
 * date@ - shows the time of another machine
 *
 * Synopsis: date@ [-6] [HOST]
 *
 * Connects to port 13 (daytime) of HOST (0: this machine) and prints what comes: without the CR before an LF, and with
 * all bytes that are not printable made visible as `cat -v` does.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0, even without a connection; 111 if the output can't be written.
 *
 * See https://cr.yp.to/ucspi-tcp/date.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ask } from "../../lib/net/ask.ts";
import { connectArguments } from "../../lib/net/connect.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";
import { visible } from "../../lib/stream/visible.ts";

export const dateAt: Tool = { usage: "usage: date@ [ host ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0"] = operands;
  return ask(context, { withIpv6, host, port: "13", request: "" }, [removeCrs(), visible()]);
}
