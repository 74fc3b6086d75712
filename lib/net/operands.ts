// SPDX-License-Identifier: 0BSD
/**
 * The operands `host port program` of tcpserver and tcpclient.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { type Address, interfaceNumber } from "../os/socket.ts";
import { fatal, orFatal, usageError } from "../cli/messages.ts";
import { findPort, parseIpv6 } from "./address.ts";
import type { Resolver } from "./resolver.ts";
import type { AddressForm } from "./ucspi.ts";

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

/** What options and HOST say about IPv6. */
export interface Ipv6Options {
  /** -4: no IPv6 sockets. */
  readonly ipv4Only: boolean;
  /** -6: IPv4 addresses are shown as IPv6 ones, too. */
  readonly forced: boolean;
  /** -I: the interface for link-local addresses; undefined: not given. */
  readonly interface: ByteString | undefined;
}

export const NO_IPV6_OPTIONS: Ipv6Options = {
  ipv4Only: false,
  forced: false,
  interface: undefined,
};

/** The options of ucspi-tcp-ipv6. */
export const IPV6_OPTIONS: Readonly<
  Record<string, (value: ByteString, before: Ipv6Options) => Ipv6Options>
> = {
  4: (_, before) => ({ ...before, ipv4Only: true }),
  6: (_, before) => ({ ...before, forced: true }),
  I: (value, before) => ({ ...before, interface: value }),
};

/** How addresses are shown: nobody sees anything of IPv6 who has not asked for it, by an option or by an address. */
export function addressForm(options: Ipv6Options, ...written: readonly ByteString[]): AddressForm {
  if (options.forced) return "ucspi-tcp-ipv6 -6";
  const asked = options.ipv4Only || options.interface !== undefined ||
    written.some((address) => parseIpv6(address) !== undefined);
  return asked ? "ucspi-tcp-ipv6" : "ucspi-tcp";
}

/** The number of the interface that was named; 0, as in C, where there is none of that name. */
export function scopeOption({ interface: name }: Ipv6Options): number {
  return name === undefined ? 0 : interfaceNumber(name);
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
