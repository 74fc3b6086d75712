// SPDX-License-Identifier: 0BSD
/**
 * Connections of the tools that are shell scripts around tcpclient in the C package: each has the toolbox's own
 * tcpclient make its connection, in the same process.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { fatal } from "../cli/messages.ts";
import type { Context, Next } from "../cli/tool.ts";

/** IDENT and host names are left alone, and our own name is not looked up. */
const OPTIONS = ["-RHl0", "--"];

/**
 * What `tcpclient HOST PORT PROGRAM...` comes to when it has connected: PROGRAM, with its environment, and the
 * connection as its descriptors 6 and 7.
 *
 * @throws Failure as tcpclient does
 */
export function connect(
  context: Context,
  host: ByteString,
  port: ByteString,
  program: readonly ByteString[],
): Next {
  const name = "tcpclient";
  const args = [...OPTIONS, host, port, ...program];
  const outcome = context.toolbox.tools[name]?.run({ ...context, name, args });
  if (typeof outcome !== "object") throw fatal(context.name, "unable to run tcpclient");
  return outcome;
}
