// SPDX-License-Identifier: 0BSD
/**
 * mconnect - talks to a TCP server that speaks in lines, by default an SMTP server
 *
 * Synopsis: mconnect [HOST [PORT]]
 *
 * Connects to PORT (25) of HOST (0: this machine), sends descriptor 0 with a CR before each LF, and writes what comes
 * to descriptor 1 as it is. Ends when the server closes the connection.
 *
 * Exit codes: 0; 111 no connection.
 *
 * See https://cr.yp.to/ucspi-tcp/mconnect.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { connect } from "../../lib/net/connect.ts";

export const mconnect: Tool = { usage: "usage: mconnect [ host [ port ] ]", run };

function run(context: Context): Outcome {
  const [host = "0", port = "25"] = context.args;
  return { ...connect(context, host, port, ["mconnect-io"]), file: context.toolbox.file };
}
