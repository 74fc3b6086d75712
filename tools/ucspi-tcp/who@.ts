// SPDX-License-Identifier: 0BSD
/**
 * who@ - shows who is logged in on another machine
 *
 * Synopsis: who@ [-6] [HOST]
 *
 * Connects to port 11 (systat) of HOST (0: this machine) and prints what comes: without the CR before an LF, and with
 * all bytes that are not printable made visible as `cat -v` does.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0, even without a connection; 111 if the output can't be written.
 *
 * See https://cr.yp.to/ucspi-tcp/who.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ask } from "../../lib/net/ask.ts";
import { connectArguments } from "../../lib/net/connect.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";
import { visible } from "../../lib/stream/visible.ts";

export const whoAt: Tool = { usage: "usage: who@ [ host ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0"] = operands;
  return ask(context, { withIpv6, host, port: "11", request: "" }, [removeCrs(), visible()]);
}
