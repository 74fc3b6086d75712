// SPDX-License-Identifier: 0BSD
/**
 * http@ - prints a page of a web server
 *
 * Synopsis: http@ [-6] [HOST [PAGE [PORT]]]
 *
 * Connects to PORT (80) of HOST (0: this machine), asks for /PAGE (/) in HTTP/1.0, and prints what comes behind the
 * first empty line: without the CR before an LF, without empty lines, and with an LF at the end.
 *
 * With -6 the IPv6 addresses of HOST count, too, and come first; an IPv6 address as HOST needs no option.
 *
 * Exit codes: 0, even without a connection; 111 if the output can't be written.
 *
 * Differences from the C package's script: a backslash in HOST or PAGE is sent as it is; there it is up to the
 * shell's echo.
 *
 * See https://cr.yp.to/ucspi-tcp/http.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ask } from "../../lib/net/ask.ts";
import { connectArguments } from "../../lib/net/connect.ts";
import { body } from "../../lib/net/body.ts";
import { removeCrs } from "../../lib/stream/line_ends.ts";

export const httpAt: Tool = { usage: "usage: http@ [ host [ page [ port ] ] ]", run };

function run(context: Context): Outcome {
  const { withIpv6, operands } = connectArguments(context.args);
  const [host = "0", page = "", port = "80"] = operands;
  const name = host.includes(":") ? `[${host}]` : host; // RFC 3986, 3.2.2
  const request = `GET /${page} HTTP/1.0\nHost: ${name}:${port}\n\n`;
  return ask(context, { withIpv6, host, port, request }, [removeCrs(), body()]);
}
