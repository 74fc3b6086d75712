// SPDX-License-Identifier: 0BSD
/**
 * finger@ - shows what another machine tells of a user
 *
 * Synopsis: finger@ [-6] [HOST [USER]]
 *
 * Connects to port 79 (finger) of HOST (0: this machine), sends USER and CR LF (only those without a USER), and prints
 * what comes: without the CR before an LF, and with all bytes that are not printable made visible as `cat -v` does.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0, even without a connection; 111 if the output can't be written.
 *
 * Differences from the C package's script: a backslash in USER is sent as it is; there it is up to the shell's echo.
 *
 * See https://cr.yp.to/ucspi-tcp/finger.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ask } from "../../lib/net/ask.ts";
import { connectArguments } from "../../lib/net/connect.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";
import { visible } from "../../lib/stream/visible.ts";

export const fingerAt: Tool = { usage: "usage: finger@ [ host [ user ] ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0", user = ""] = operands;
  const request = user + "\n";
  return ask(context, { withIpv6, host, port: "79", request }, [removeCrs(), visible()]);
}
