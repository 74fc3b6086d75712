// SPDX-License-Identifier: 0BSD
/**
 * Whom to ask in the domain name system, and what a short name means: environment, /etc/resolv.conf and
 * /etc/dnsrewrite. See https://cr.yp.to/djbdns/qualification.html
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { ENOENT, unlessErrno } from "../os/errno.ts";
import { readFile } from "../os/file.ts";
import { type Endpoint, interfaceNumber } from "../os/socket.ts";
import type { Environment } from "../cli/environment.ts";
import { isIpv6, LOOPBACK, parseIpv6, scanAddress } from "./address.ts";
import { lower } from "./dns_packet.ts";

const RESOLV_CONF = "/etc/resolv.conf";
const DNSREWRITE = "/etc/dnsrewrite";
const MAX_SERVERS = 16;

/** Where a server is: an address, and the interface through which a link-local one is reached. */
export type Server = Omit<Endpoint, "port">;

/** The content of a file; undefined if there is none. Throws SystemError where it is there and can't be read. */
function contentOf(file: ByteString): ByteString | undefined {
  return unlessErrno([ENOENT], () => fromBytes(readFile(file)));
}

/** The servers to ask, in order: $DNSCACHEIP, else /etc/resolv.conf, else 127.0.0.1. Throws SystemError. */
export function servers(env: Environment): readonly Server[] {
  const fromEnvironment = preferred(parseServers(env.get("DNSCACHEIP") ?? ""));
  if (fromEnvironment.length > 0) return fromEnvironment;
  const fromFile = preferred(parseResolvConf(contentOf(RESOLV_CONF) ?? "").servers);
  return fromFile.length > 0 ? fromFile : [{ address: LOOPBACK }];
}

/** ucspi-tcp does not see servers with IPv6 addresses: they count where there are no others. */
export function preferred(found: readonly Server[]): readonly Server[] {
  const ipv4 = found.filter(({ address }) => !isIpv6(address));
  return (ipv4.length > 0 ? ipv4 : found).slice(0, MAX_SERVERS);
}

/** Addresses joined by dots, one or more. */
export function parseServers(text: ByteString): Server[] {
  const found: Server[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^\.+/, "");
    const next = scanServer(rest, /^%([^.]+)/);
    if (next === undefined) return found;
    found.push(next.server);
    rest = rest.slice(next.length);
  }
}

/**
 * The address at the start of `text`, and how long it is there.
 *
 * @param zone matches what may stand behind an IPv6 address: a per cent sign and an interface, by name or number
 */
function scanServer(
  text: ByteString,
  zone: RegExp,
): { readonly server: Server; readonly length: number } | undefined {
  // A dot may also stand between two addresses, so only an IPv4-mapped one is taken for dotted.
  const groups = /^(?:::|(?:0{1,4}:){5})ffff:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|^[0-9a-f]*:[0-9a-f:]*/i
    .exec(text)?.[0];
  if (groups === undefined) {
    const found = scanAddress(text);
    return found && { server: { address: found.address }, length: found.length };
  }
  const address = parseIpv6(groups);
  if (address === undefined) return undefined;
  const [sign = "", name] = zone.exec(text.slice(groups.length)) ?? [];
  const length = groups.length + sign.length;
  if (name === undefined) return { server: { address }, length };
  const scope = /^[0-9]{1,9}$/.test(name) ? Number(name) : interfaceNumber(name);
  return { server: { address, scope }, length };
}

/** resolv.conf(5), as far as it counts here. */
export function parseResolvConf(
  content: ByteString,
): { readonly servers: readonly Server[]; readonly search: readonly ByteString[] | undefined } {
  const found: Server[] = [];
  let search: ByteString[] | undefined;
  for (const line of content.split("\n")) {
    const written = /^nameserver[ \t]+(.*)/s.exec(line)?.[1];
    const server = written === undefined ? undefined : scanServer(written, /^%([^ \t\r]+)/)?.server;
    if (server !== undefined) found.push(server);
    const domains = /^(?:search|domain)[ \t](.*)/s.exec(line)?.[1];
    if (domains !== undefined) search ??= domains.split(/[ \t]+/).filter((word) => word !== "");
  }
  return { servers: found, search };
}

/** The rules of rewriting that hold here. Throws SystemError. */
export function rewriteRules(env: Environment): readonly ByteString[] {
  const file = contentOf(env.get("DNSREWRITEFILE") ?? DNSREWRITE);
  // An empty file is one, too: nothing is rewritten. A NUL ends a rule, as the end of the line does (dns_rcrw.c).
  if (file !== undefined) {
    return file.split("\n").flatMap((line) => line.replace(/[ \t\r]+$/, "").split("\0"));
  }
  const local = env.get("LOCALDOMAIN");
  if (local !== undefined) return searchRules(local.split(" "));
  const { search } = parseResolvConf(contentOf(RESOLV_CONF) ?? "");
  if (search !== undefined) return searchRules(search);
  const host = (contentOf("/proc/sys/kernel/hostname") ?? "").trimEnd();
  const dot = host.indexOf(".");
  return [...(dot < 0 ? [] : ["?:" + host.slice(dot)]), "*.:"];
}

function searchRules(domains: readonly ByteString[]): ByteString[] {
  return ["?:" + domains.map((domain) => "+." + domain).join(""), "*.:"];
}

/**
 * The names that `name` may mean, in the order in which they are to be tried: the rules are applied one after the
 * other, and in what comes out `base+x+y` means basex, then basey.
 */
export function qualify(name: ByteString, rules: readonly ByteString[]): ByteString[] {
  const whole = rules.reduce(rewrite, name);
  const [base = "", ...endings] = whole.split("+");
  return endings.length === 0 ? [base] : endings.map((ending) => base + ending);
}

/** `=FROM:TO` whole name, `*FROM:TO` suffix, `?FROM:TO` suffix unless a dot or bracket stands before, `-FROM:TO`. */
function rewrite(name: ByteString, rule: ByteString): ByteString {
  const [, kind, from = "", to = ""] = /^([?=*-])([^:]*):(.*)/s.exec(rule) ?? [];
  if (kind === undefined || !lower(name).endsWith(lower(from))) return name;
  const before = name.slice(0, name.length - from.length);
  if (kind === "=" && before !== "") return name;
  if (kind === "?" && /[.[\]]/.test(before)) return name;
  return (kind === "-" ? "" : before) + to;
}
