// SPDX-License-Identifier: 0BSD
/**
 * Networks and IPv6 addresses in access rules, which ucspi-tcp-0.88 does not know.
 *
 * A rule's address may be an IPv6 address, `2001:db8::7`; the start of its text, up to a colon, as in ucspi-tcp-ipv6,
 * `2001:db8:`; or a network of either kind, `2001:db8::/32`, `10.0.0.0/8`. Keys in the cdb have one form
 * (formatAddress), however the rule was written. So that a look-up needs no more than a few keys, the cdb
 * has under the key `\n` and `4` or `16` (bytes) the lengths of the networks that there are, each with a NUL behind it.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { type Address, IPV4_SIZE } from "../os/socket.ts";
import { formatAddress, formatIpv6, networkOf, parseIpv6, scanAddress } from "./address.ts";

/** A network of addresses of as many bytes as `address` has. */
interface Network {
  readonly address: Address;
  readonly length: number;
}

/** Bits that an IPv4-mapped address has in front of the IPv4 one. */
const MAPPED_BITS = 96;
/** As scan_ip.c reads it, 010 for ten: a rule that was not understood would match nobody, and nobody would be told. */
const SCANNED_NUMBER = "0*(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
const SCANNED = new RegExp(`^${SCANNED_NUMBER}(?:\\.${SCANNED_NUMBER}){3}$`);

/**
 * The network that `text` is, `ADDRESS/LENGTH`; undefined: it is none. An address whose key would be taken for the start
 * of others, as that of 2001:db8:0:0:0:0:0:0, is one, too, of a single address.
 */
export function parseNetwork(text: ByteString): Network | undefined {
  const whole = text.endsWith("::") ? undefined : parseIpv6(text);
  if (whole !== undefined && formatIpv6(whole).endsWith("::")) {
    return { address: whole, length: 8 * whole.length };
  }
  const [, written = "", digits = ""] = /^([^/]*)\/([0-9]{1,3})$/.exec(text) ?? [];
  const address = SCANNED.test(written) ? scanAddress(written)?.address : parseIpv6(written);
  if (address === undefined) return undefined;
  const mapped = written.includes(":") && address.length === 4;
  const length = Number(digits) - (mapped ? MAPPED_BITS : 0);
  if (length < 0 || length > 8 * address.length) return undefined;
  return { address: networkOf(address, length), length };
}

/** The key of a network's rule. */
export function networkKey({ address, length }: Network): ByteString {
  return `${formatAddress(address)}/${length}`;
}

/**
 * The key of a rule with an IPv6 address, or with the start of one; undefined: that is none. An IPv4-mapped one has the key
 * of the IPv4 address: that is looked for whatever form tcpserver shows.
 */
export function ipv6Key(text: ByteString): ByteString | undefined {
  const at = text.lastIndexOf("@") + 1;
  const address = parseIpv6(text.slice(at));
  if (address !== undefined) return text.slice(0, at) + formatAddress(address);
  // Only whole addresses are looked for together with IDENT's information.
  return at === 0 && isStart(text) ? plainGroups(text) : undefined;
}

/**
 * Whether an address may begin so: up to a colon, or, IPv4-mapped, to a dot. Not nothing at all, nor a number as an IPv4
 * address has it: no IPv6 address in use begins so, but `::deny` and `10::deny` are `:deny` and `10.:deny` mistyped.
 */
function isStart(text: ByteString): boolean {
  if (/:::|::.*::|^[0-9]{0,3}:$/.test(text)) return false;
  return /^(?:[0-9a-f]{0,4}:){1,8}$/i.test(text) || /^::ffff:(?:[0-9]{1,3}\.){1,3}$/i.test(text);
}

/** The groups in lower case, without zeros in front; IPv4's numbers alone. */
function plainGroups(text: ByteString): ByteString {
  return text.replace(/^::ffff:(?=.*\.)/i, "").replace(/\b0+(?=[0-9a-f])/gi, "").replace(
    /[A-F]/g,
    (char) => char.toLowerCase(),
  );
}

/** Under which key the lengths of the networks stand whose addresses have `size` bytes. */
export function lengthsKey(size: number): ByteString {
  return `\n${size}`;
}

/** The lengths as they stand there. */
export function formatLengths(lengths: Iterable<number>): ByteString {
  return [...lengths].map((length) => `${length}\0`).join("");
}

/** The lengths that stand there; undefined: tcprules has not written that. */
export function parseLengths(value: ByteString): readonly number[] | undefined {
  return /^(?:[0-9]{1,3}\0)*$/.test(value) ? value.split("\0").slice(0, -1).map(Number) : undefined;
}

/**
 * The texts that `ip` may have in a rule: an IPv4 address in the form of IPv6, as -6 gives it, has its own as well. What is
 * no IPv6 address is taken as it is.
 */
export function textsOf(ip: ByteString): readonly ByteString[] {
  const address = ip.includes(":") ? parseIpv6(ip) : undefined;
  if (address === undefined) return [ip];
  return [...new Set([formatIpv6(address), formatAddress(address)])];
}

/** Rules for many addresses of which `texts` are one: networks and starts of the text, the longest first. */
export function prefixKeys(
  texts: readonly ByteString[],
  lengthsOf: (size: number) => readonly number[],
): readonly ByteString[] {
  const last = texts.at(-1) ?? "";
  const address = last.includes(":") ? parseIpv6(last) : undefined;
  const size = address?.length ?? (SCANNED.test(last) ? IPV4_SIZE : 0);
  const lengths = size === 0 ? [] : lengthsOf(size);
  // As they are for almost every client: the longest first.
  if (lengths.length === 0 && texts.length === 1) return startsOf(last);
  const whole = address ?? scanAddress(last)?.address ?? "";
  const found = lengths.map((length) => ({
    bits: length,
    key: networkKey({ address: networkOf(whole, length), length }),
  }));
  for (const text of texts) {
    const before = text !== last ? MAPPED_BITS : 0;
    for (const key of startsOf(text)) found.push({ bits: bitsIn(key) - before, key });
  }
  return found.sort((a, b) => b.bits - a.bits).map(({ key }) => key);
}

/** The starts of an address's text, up to a dot or a colon, the longest first. */
function startsOf(text: ByteString): readonly ByteString[] {
  const starts: ByteString[] = [];
  for (let end = text.length; end > 0; end--) {
    const char = text[end - 1];
    if (char === "." || char === ":") starts.push(text.slice(0, end));
  }
  return starts;
}

/** How many bits all addresses have in common whose texts begin with `start`. */
function bitsIn(start: ByteString): number {
  const dots = start.split(".").length - 1;
  if (!start.includes(":")) return 8 * dots;
  if (dots > 0) return MAPPED_BITS + 8 * dots;
  const groups = start.split(":").filter((group) => group !== "").length;
  // `::` stands for one group, or for more.
  return 16 * (start.includes("::") ? groups + 1 : groups);
}
