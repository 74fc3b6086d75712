// SPDX-License-Identifier: 0BSD
/**
 * tcpcat - prints what a TCP server sends
 *
 * Synopsis: tcpcat [HOST [PORT]]
 *
 * Connects to PORT (17, the quote of the day) of HOST (0: this machine) and copies what comes to descriptor 1, byte
 * by byte as it is, until the server closes the connection.
 *
 * Exit codes: 0; 111 no connection; else that of cat(1), which does the copying.
 *
 * See https://cr.yp.to/ucspi-tcp/tcpcat.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { connect } from "../../lib/net/connect.ts";

export const tcpcat: Tool = { usage: "usage: tcpcat [ host [ port ] ]", run };

function run(context: Context): Outcome {
  const [host = "0", port = "17"] = context.args;
  return connect(context, host, port, ["sh", "-c", "exec cat <&6"]);
}
