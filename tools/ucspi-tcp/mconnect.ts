// SPDX-License-Identifier: 0BSD
/**
 * mconnect - talks to a TCP server that speaks in lines, by default an SMTP server
 *
 * Synopsis: mconnect [-6] [HOST [PORT]]
 *
 * Connects to PORT (25) of HOST (0: this machine), sends descriptor 0 with a CR before each LF, and writes what comes
 * to descriptor 1 as it is. Ends when the server closes the connection.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0; 111 no connection.
 *
 * See https://cr.yp.to/ucspi-tcp/mconnect.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { connect, connectArguments } from "../../lib/net/connect.ts";
import { programOn } from "../../lib/net/tcp_client.ts";

export const mconnect: Tool = { usage: "usage: mconnect [ host [ port ] ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0", port = "25"] = operands;
  const connection = connect(context, { withIpv6, host, port });
  return { ...programOn(connection, ["mconnect-io"]), file: context.toolbox.file };
}
