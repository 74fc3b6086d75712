// SPDX-License-Identifier: 0BSD
/**
 * The options of ucspi-tcp-ipv6, of tcpserver and tcpclient, and who sees anything of IPv6: nobody who has not asked.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { interfaceNumber } from "../os/socket.ts";
import { parseIpv6 } from "./address.ts";
import type { AddressForm } from "./ucspi.ts";

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

/** What each of them says. */
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
