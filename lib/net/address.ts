// SPDX-License-Identifier: 0BSD
/**
 * Addresses and ports as people write them. An IPv4-mapped address (RFC 4291, 2.5.5.2) is always kept as the 4 bytes
 * that it stands for.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { findTcpService } from "../os/services.ts";
import { type Address, IPV4_SIZE, IPV6_SIZE, unmapped } from "../os/socket.ts";

/** 0.0.0.0, for a socket: any address of ours. */
export const ANY_ADDRESS: Address = "\0".repeat(IPV4_SIZE);
/** ::, for a socket: any address of ours, IPv4 ones too. */
export const ANY_IPV6_ADDRESS: Address = "\0".repeat(IPV6_SIZE);
/** 127.0.0.1. */
export const LOOPBACK: Address = "\x7f\0\0\x01";

/** Whether it is one of IPv6 alone. */
export function isIpv6(address: Address): boolean {
  return address.length === IPV6_SIZE;
}

/** The address in text: dotted, or groups with colons. */
export function formatAddress(address: Address): ByteString {
  if (isIpv6(address)) return formatGroups(address);
  return `${address.charCodeAt(0)}.${address.charCodeAt(1)}.${address.charCodeAt(2)}.${
    address.charCodeAt(3)
  }`;
}

/** The address in the text form of IPv6; an IPv4 one as `::ffff:1.2.3.4`. */
export function formatIpv6(address: Address): ByteString {
  return isIpv6(address) ? formatGroups(address) : `::ffff:${formatAddress(address)}`;
}

/**
 * Groups in lower case, the first of the longest rows of zero groups as `::`. As ucspi-tcp-ipv6's ip6_fmt.c, and against
 * RFC 5952, a single zero group becomes `::`, too: programs compare what they find in their environment.
 */
function formatGroups(address: Address): ByteString {
  const groups = Array.from(
    { length: 8 },
    (_, i) => (address.charCodeAt(2 * i) * 256 + address.charCodeAt(2 * i + 1)).toString(16),
  );
  let begin = 0;
  let end = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (groups[to] === "0") to++;
    if (to - from > end - begin) [begin, end] = [from, to];
  }
  if (end === begin) return groups.join(":");
  return `${groups.slice(0, begin).join(":")}::${groups.slice(end).join(":")}`;
}

/**
 * The dotted address at the start of `text` (ip4_scan.c: four numbers, each counted modulo 256), and how long it is
 * there; undefined: there is none.
 */
export function scanAddress(
  text: ByteString,
): { readonly address: Address; readonly length: number } | undefined {
  const found = /^([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(text);
  if (found === null) return undefined;
  const [all, ...parts] = found;
  return {
    address: parts.map((part) => String.fromCharCode(Number(BigInt(part) & 0xffn))).join(""),
    length: all.length,
  };
}

/**
 * The address that `text`, with a colon in it, is in the text form of IPv6 (RFC 4291, 2.2); the last two groups may be
 * dotted. undefined: it is none.
 */
export function parseIpv6(text: ByteString): Address | undefined {
  if (!/^[0-9a-f:.]*$/i.test(text)) return undefined;
  const [left, right, ...more] = text.split("::");
  if (left === undefined || more.length > 0) return undefined;
  const before = groupBytes(left, right === undefined);
  const behind = groupBytes(right ?? "", true);
  if (before === undefined || behind === undefined) return undefined;
  const missing = IPV6_SIZE - before.length - behind.length;
  if (right === undefined ? missing !== 0 : missing < 2) return undefined;
  return unmapped(before + "\0".repeat(missing) + behind);
}

/** As inet_pton(3) has it: a zero in front would be octal for some, and for others not. */
const NUMBER = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const DOTTED = new RegExp(`^${NUMBER}(?:\\.${NUMBER}){3}$`);

/** The bytes of groups with colons between them; undefined: they are none. */
function groupBytes(text: ByteString, mayEndDotted: boolean): ByteString | undefined {
  if (text === "") return "";
  let bytes = "";
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes += String.fromCharCode(value >> 8, value & 255);
      continue;
    }
    const isLast = mayEndDotted && i === groups.length - 1;
    if (!isLast || !DOTTED.test(group)) return undefined;
    bytes += scanAddress(group)?.address;
  }
  return bytes;
}

/** The network of an address: all bits behind the first `length` are 0. */
export function networkOf(address: Address, length: number): Address {
  return Array.from(address, (char, i) => {
    const kept = Math.max(0, Math.min(8, length - 8 * i));
    return String.fromCharCode(char.charCodeAt(0) & (0xff00 >> kept));
  }).join("");
}

/**
 * The port that `text` means, a number (modulo 65536; no text at all is 0) or the name of a TCP service;
 * undefined: there is none.
 */
export function findPort(text: ByteString): number | undefined {
  if (/^[0-9]*$/.test(text)) return Number(BigInt(text) & 0xffffn);
  return findTcpService(text);
}
