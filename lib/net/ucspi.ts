// SPDX-License-Identifier: 0BSD
/**
 * UCSPI over TCP: what a program is told of its connection, and how a connection is written into a log. See
 * https://cr.yp.to/ucspi-tcp/environment.html
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { EnvironLayout, type Position } from "../os/environ.ts";
import { type Address, type Endpoint, interfaceName } from "../os/socket.ts";
import { Environment } from "../cli/environment.ts";
import { formatAddress, formatIpv6, isIpv6 } from "./address.ts";

/** A variable to be set, or, where there is no value, removed. */
export type Change = readonly [name: ByteString, value: ByteString | undefined];

/** A connection: our end and theirs. */
export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** A connection and what was found out about it; undefined: not known. */
export interface Peers extends Connection {
  readonly localHost: ByteString | undefined;
  readonly remoteHost: ByteString | undefined;
  readonly remoteInfo: ByteString | undefined;
}

/**
 * How programs, rules and logs are told of addresses: as by ucspi-tcp; or as by ucspi-tcp-ipv6, whose option -6 gives
 * IPv4 addresses the form of IPv6.
 */
export type AddressForm = "ucspi-tcp" | "ucspi-tcp-ipv6" | "ucspi-tcp-ipv6 -6";

/** The address as PROTO, TCPLOCALIP and TCPREMOTEIP have it. */
export function shownAddress(address: Address, form: AddressForm): ByteString {
  return form === "ucspi-tcp-ipv6 -6" ? formatIpv6(address) : formatAddress(address);
}

/** PROTO of a connection with that address. */
export function protocolOf(address: Address, form: AddressForm): ByteString {
  return isIpv6(address) || form === "ucspi-tcp-ipv6 -6" ? "TCP6" : "TCP";
}

/** The variables of a connection, in the order in which tcpserver.c sets them (tcpclient.c has another: tcp_client.ts). */
export function connectionVariables(peers: Peers, form: AddressForm): Change[] {
  const { local, remote } = peers;
  const variables: Change[] = [
    ["PROTO", protocolOf(remote.address, form)],
    ["TCPLOCALIP", shownAddress(local.address, form)],
    ["TCPLOCALPORT", String(local.port)],
    ["TCPLOCALHOST", peers.localHost],
    ["TCPREMOTEIP", shownAddress(remote.address, form)],
    ["TCPREMOTEPORT", String(remote.port)],
    ["TCPREMOTEHOST", peers.remoteHost],
    ["TCPREMOTEINFO", peers.remoteInfo],
  ];
  return form === "ucspi-tcp" ? variables : variables.flatMap((change) => withTcp6(change, peers));
}

/** A variable, and what ucspi-tcp-ipv6 sets with it: each has a twin, in which addresses have the form of IPv6. */
function withTcp6(change: Change, { local, remote }: Peers): Change[] {
  const [name, value] = change;
  switch (name) {
    case "PROTO":
      return [change];
    case "TCPLOCALIP":
      return [change, ["TCP6LOCALIP", formatIpv6(local.address)]];
    case "TCPREMOTEIP":
      return [change, ["TCP6REMOTEIP", formatIpv6(remote.address)]];
    case "TCPLOCALHOST":
      return [change, ["TCP6LOCALHOST", value], ["TCP6INTERFACE", interfaceOf(local.scope)]];
    default:
      return [change, ["TCP6" + name.slice("TCP".length), value]];
  }
}

function interfaceOf(scope = 0): ByteString | undefined {
  return scope === 0 ? undefined : interfaceName(scope) ?? "[unknown]";
}

/** `base` with the changes made. */
export function changed(base: Environment, changes: readonly Change[]): Environment {
  const env = base.copy();
  for (const [name, value] of changes) {
    if (value === undefined) env.unset(name);
    else env.set(name, value);
  }
  return env;
}

/** How many orders of entries are remembered: with rules that set variables there may be many. */
const MAX_LAYOUTS = 64;

/** The orders of entries that an environment gets by changes; equal ones for equal names. */
export class EnvironLayouts {
  readonly #base: Environment;
  readonly #known = new Map<string, EnvironLayout>();

  constructor(base: Environment) {
    this.#base = base;
  }

  /** The order of entries after `changes`. */
  after(changes: readonly Change[]): EnvironLayout {
    let key = "";
    for (const [name, value] of changes) key += (value === undefined ? "-" : "+") + name + "\0";
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const layout = new EnvironLayout(this.#positions(changes));
    if (this.#known.size === MAX_LAYOUTS) this.#known.clear();
    this.#known.set(key, layout);
    return layout;
  }

  /** Makes the changes with their numbers for values: no entry of a real environment holds a NUL. */
  #positions(changes: readonly Change[]): Position[] {
    const marked = changes.map(([name, value], i): Change => [
      name,
      value === undefined ? undefined : "\0" + i,
    ]);
    return changed(this.#base, marked).entries().map((entry) => {
      const mark = entry.indexOf("\0");
      return mark < 0 ? entry : Number(entry.slice(mark + 1));
    });
  }
}

const MAX_FIELD = 100;

/** A field of a log line: at most 100 bytes, none that could be taken for something else, nor `%`, by syslog(3). */
export function safeField(text: ByteString): ByteString {
  const shown = text.slice(0, MAX_FIELD).replace(/[^!-~]|[:%]/g, "?");
  return text.length < MAX_FIELD ? shown : shown + "...";
}

/** `LOCALHOST:LOCALIP:LOCALPORT REMOTEHOST:REMOTEIP:REMOTEINFO:REMOTEPORT`. */
export function logFields(
  { local, remote, localHost, remoteHost, remoteInfo }: Peers,
  form: AddressForm,
): ByteString {
  const format = form === "ucspi-tcp" ? formatAddress : formatIpv6;
  return `${safeField(localHost ?? "")}:${format(local.address)}:${local.port} ${
    safeField(remoteHost ?? "")
  }:${format(remote.address)}:${safeField(remoteInfo ?? "")}:${remote.port}`;
}
