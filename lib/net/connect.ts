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

/** What such a tool is given. */
export interface ConnectArguments {
  /** -6: a name's IPv6 addresses count, too, and this machine is ::1. */
  readonly withIpv6: boolean;
  readonly operands: readonly ByteString[];
}

/** Takes -6 off the front. It is no option of the C tools, but no host either. */
export function connectArguments(args: readonly ByteString[]): ConnectArguments {
  const withIpv6 = args[0] === "-6";
  return { withIpv6, operands: withIpv6 ? args.slice(1) : args };
}

/** Where a connection is to lead. */
export interface Destination {
  readonly withIpv6: boolean;
  readonly host: ByteString;
  readonly port: ByteString;
}

/**
 * What `tcpclient HOST PORT PROGRAM...` comes to when it has connected: PROGRAM, with its environment, and the
 * connection as its descriptors 6 and 7.
 *
 * @throws Failure as tcpclient does
 */
export function connect(
  context: Context,
  { withIpv6, host, port }: Destination,
  program: readonly ByteString[],
): Next {
  const name = "tcpclient";
  const args = [...(withIpv6 ? ["-6"] : []), ...OPTIONS, host, port, ...program];
  const outcome = context.toolbox.tools[name]?.run({ ...context, name, args });
  if (typeof outcome !== "object") throw fatal(context.name, "unable to run tcpclient");
  return outcome;
}
