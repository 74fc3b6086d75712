// SPDX-License-Identifier: 0BSD
/**
 * Connections of the tools that are shell scripts around tcpclient in the C package: what they have in common is how
 * they call it.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Context } from "../cli/tool.ts";
import { portOperand } from "./operands.ts";
import { CLIENT_DEFAULTS, connectTcp, type TcpConnection } from "./tcp_client.ts";

/** The C package's scripts have tcpclient connect, and so it is tcpclient that says what is wrong. */
const CONNECTS = "tcpclient";

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
 * The connection of `tcpclient -RHl0 HOST PORT`: IDENT and host names are left alone, and our own name is not looked up.
 *
 * @throws Failure as tcpclient does
 */
export function connect(context: Context, { withIpv6, host, port }: Destination): TcpConnection {
  const destination = { host, port: portOperand(CONNECTS, port) };
  return connectTcp(CONNECTS, context.env, destination, {
    ...CLIENT_DEFAULTS,
    askIdent: false,
    lookUpRemoteHost: false,
    localHost: "0",
    ipv6: { ...CLIENT_DEFAULTS.ipv6, forced: withIpv6 },
  });
}
