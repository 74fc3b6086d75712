// SPDX-License-Identifier: 0BSD
/**
 * tcpcat - prints what a TCP server sends
 *
 * Synopsis: tcpcat [-6] [HOST [PORT]]
 *
 * Connects to PORT (17, the quote of the day) of HOST (0: this machine) and copies what comes to descriptor 1, byte
 * by byte as it is, until the server closes the connection.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0; 111 no connection; else that of cat(1), which does the copying.
 *
 * See https://cr.yp.to/ucspi-tcp/tcpcat.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { connect, connectArguments } from "../../lib/net/connect.ts";
import { programOn } from "../../lib/net/tcp_client.ts";

export const tcpcat: Tool = { usage: "usage: tcpcat [ host [ port ] ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0", port = "17"] = operands;
  const connection = connect(context, { withIpv6, host, port });
  // It is tcpclient that runs it in the C package.
  const complaint = "tcpclient: fatal: unable to run sh";
  return { ...programOn(connection, ["sh", "-c", "exec cat <&6"]), complaint };
}
