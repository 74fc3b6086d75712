// SPDX-License-Identifier: 0BSD
/**
 * The operands `host port program` of tcpserver and tcpclient.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Address } from "../os/socket.ts";
import { fatal, orFatal, usageError } from "../cli/messages.ts";
import { findPort, parseIpv6 } from "./address.ts";
import type { Resolver } from "./resolver.ts";

/** What the operands say. */
export interface HostPortProgram {
  readonly host: ByteString;
  readonly port: number;
  readonly program: readonly [ByteString, ...ByteString[]];
}

/** Takes `host port program [arg ...]` apart; a port that there is not counts before a program that is missing. */
export function hostPortProgram(
  tool: string,
  operands: readonly ByteString[],
  usage: string,
): HostPortProgram {
  const [host, portName, program, ...args] = operands;
  if (host === undefined || portName === undefined) throw usageError(tool, usage);
  const port = portOperand(tool, portName);
  if (program === undefined) throw usageError(tool, usage);
  return { host, port, program: [program, ...args] };
}

/** The number of a port that is given as a number or by its name in services(5). */
export function portOperand(tool: string, name: ByteString): number {
  const port = findPort(name);
  if (port === undefined) throw fatal(tool, `unable to figure out port number for ${name}`);
  return port;
}

/** The addresses that `host` means, at least one; for a name those of IPv6, too, where that is asked for. */
export function addressOperand(
  tool: string,
  resolver: Resolver,
  host: ByteString,
  withIpv6: boolean,
): readonly [Address, ...Address[]] {
  const literal = parseIpv6(host);
  if (literal !== undefined) return [literal];
  const [first, ...others] = orFatal(
    tool,
    `temporarily unable to figure out IP address for ${host}`,
    () => resolver.addressesNow(host, withIpv6),
  );
  if (first === undefined) throw fatal(tool, `no IP address for ${host}`);
  return [first, ...others];
}
