// SPDX-License-Identifier: 0BSD
/**
 * What is asked and answered in the domain name system: names and packets, RFC 1035. Pure, and made for answers
 * from anybody: nothing is read outside the packet, and every loop ends.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { type Address, IPV4_SIZE, IPV6_SIZE, unmapped } from "../os/socket.ts";
import { isIpv6 } from "./address.ts";

/** A name as it travels: each label with its length in front, an empty label at the end. */
export type WireName = ByteString;

export const TYPE_A = 1;
export const TYPE_PTR = 12;
export const TYPE_TXT = 16;
export const TYPE_AAAA = 28;
const CLASS_IN = 1;

/** The types of records that hold addresses: of IPv4, and of IPv6. */
export type AddressType = typeof TYPE_A | typeof TYPE_AAAA;
const SIZES: Readonly<Record<AddressType, number>> = {
  [TYPE_A]: IPV4_SIZE,
  [TYPE_AAAA]: IPV6_SIZE,
};

const HEADER = 12;
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** A name that points about more often than this is a loop. */
const MAX_POINTERS = 100;

/** The answer is not what the protocol says it should be. */
export class PacketError extends Error {}

/**
 * The name that `text` means: labels joined by dots, `\ooo` for any byte, `\c` for a `c` that is no dot. Empty
 * labels are passed over (dns_dfd.c). undefined: a label or the whole is too long.
 */
export function parseName(text: ByteString): WireName | undefined {
  const labels: ByteString[] = [""];
  for (let i = 0; i < text.length; i++) {
    let char = text.charAt(i);
    if (char === ".") {
      labels.push("");
      continue;
    }
    if (char === "\\") {
      const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1, i + 4))?.[0];
      char = octal === undefined
        ? text.charAt(i + 1)
        : String.fromCharCode(parseInt(octal, 8) & 0xff);
      i += octal?.length ?? 1;
    }
    labels[labels.length - 1] += char;
  }
  if (labels.some((label) => label.length > MAX_LABEL)) return undefined;
  const name =
    labels.filter((label) => label !== "").map((label) => String.fromCharCode(label.length) + label)
      .join("") + "\0";
  return name.length <= MAX_NAME ? name : undefined;
}

/** The name in text, lower-case; a byte that is not a letter, a digit, `-` or `_` becomes `\ooo`. */
export function formatName(name: WireName): ByteString {
  const labels: ByteString[] = [];
  for (let at = 0; at < name.length - 1;) {
    const size = name.charCodeAt(at);
    labels.push(name.slice(at + 1, at + 1 + size));
    at += 1 + size;
  }
  if (labels.length === 0) return ".";
  return labels.map((label) =>
    lower(label).replace(
      /[^a-z0-9_-]/g,
      (char) => "\\" + char.charCodeAt(0).toString(8).padStart(3, "0"),
    )
  ).join(".");
}

/** A to Z in lower case: a byte string has no other letters. */
export function lower(text: ByteString): ByteString {
  return text.replace(/[A-Z]/g, (char) => char.toLowerCase());
}

/** The name under which the host of an address is found: in-addr.arpa, or by hexadecimal digits ip6.arpa. */
export function reverseName(address: Address): WireName {
  if (isIpv6(address)) return parseName(reverseDigits(address) + ".ip6.arpa") as WireName;
  const parts = Array.from(address, (char) => String(char.charCodeAt(0)));
  return parseName(parts.toReversed().join(".") + ".in-addr.arpa") as WireName;
}

/** The hexadecimal digits of an IPv6 address, the last one first, with dots between them. */
export function reverseDigits(address: Address): ByteString {
  const digits = Array.from(
    address,
    (char) => char.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
  return Array.from(digits).reverse().join(".");
}

/** A question for a server that looks further itself. */
export function question(id: number, name: WireName, type: number): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(HEADER + name.length + 4);
  const view = new DataView(packet.buffer);
  view.setUint16(0, id);
  packet[2] = 1; // RD: recursion desired
  view.setUint16(4, 1);
  packet.set(toBytes(name), HEADER);
  view.setUint16(HEADER + name.length, type);
  view.setUint16(HEADER + name.length + 2, CLASS_IN);
  return packet;
}

/** Whether `packet` answers the question `asked`: the same number, and the same question once. */
export function answers(packet: Uint8Array, asked: Uint8Array): boolean {
  if (packet.length < HEADER || packet[0] !== asked[0] || packet[1] !== asked[1]) return false;
  if (packet[4] !== 0 || packet[5] !== 1) return false;
  try {
    const { name, end } = readName(packet, HEADER);
    const wanted = readName(asked, HEADER);
    return lower(name) === lower(wanted.name) && end + 4 <= packet.length &&
      packet.subarray(end, end + 4).every((byte, i) => byte === asked[wanted.end + i]);
  } catch (error) {
    if (error instanceof PacketError) return false;
    throw error;
  }
}

/** TC: the answer was too long for the packet. */
export function isTruncated(packet: Uint8Array): boolean {
  return ((packet[2] ?? 0) & 2) !== 0;
}

/** The server could not find out; that a name does not exist is no failure. */
export function isFailure(packet: Uint8Array): boolean {
  const code = (packet[3] ?? 0) & 15;
  return code !== 0 && code !== 3;
}

/** The name at `at` in the packet, with its pointers followed, and where it ends there. */
function readName(packet: Uint8Array, at: number): { name: WireName; end: number } {
  let name = "";
  let end = -1;
  for (let pointers = 0; pointers <= MAX_POINTERS;) {
    const size = packet[at];
    if (size === undefined) break;
    if (size >= 192) {
      const low = packet[at + 1];
      if (low === undefined) break;
      if (end < 0) end = at + 2;
      at = (size - 192) * 256 + low;
      pointers++;
      continue;
    }
    if (size > MAX_LABEL || at + 1 + size > packet.length) break;
    name += fromBytes(packet.subarray(at, at + 1 + size));
    if (name.length > MAX_NAME) break;
    at += 1 + size;
    if (size === 0) return { name, end: end < 0 ? at : end };
  }
  throw new PacketError("a name in the answer is wrong");
}

/**
 * Where the name at `at` ends there. Its pointers are not followed: what an answer's records are called does not count,
 * and there may be thousands that all point to a long name.
 */
function skipName(packet: Uint8Array, at: number): number {
  for (;;) {
    const size = packet[at];
    if (size === undefined) break;
    if (size >= 192) return at + 2;
    if (size > MAX_LABEL) break;
    at += 1 + size;
    if (size === 0) return at;
  }
  throw new PacketError("a name in the answer is wrong");
}

/** A record of the answer. */
interface Answer {
  readonly type: number;
  /** Where its data begins in the packet. */
  readonly at: number;
  /** How long its data is said to be. */
  readonly size: number;
}

/**
 * The Internet records in the answer, whatever their names: the cache has followed the aliases. As in C the last one may be
 * cut off, where nobody wants its data.
 */
function* records(packet: Uint8Array): Generator<Answer, void, undefined> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (packet.length < HEADER) throw new PacketError("the answer is too short");
  let at = skipName(packet, HEADER) + 4;
  for (let count = view.getUint16(6); count > 0; count--) {
    at = skipName(packet, at);
    if (at + 10 > packet.length) throw new PacketError("a record is cut off");
    const size = view.getUint16(at + 8);
    const type = view.getUint16(at);
    if (view.getUint16(at + 2) === CLASS_IN) yield { type, at: at + 10, size };
    at += 10 + size;
  }
}

function dataOf(packet: Uint8Array, { at, size }: Answer): Uint8Array {
  if (at + size > packet.length) throw new PacketError("a record is cut off");
  return packet.subarray(at, at + size);
}

/** The first name that an address is said to have, in text; "" if there is none. Throws PacketError. */
export function firstName(packet: Uint8Array): ByteString {
  for (const { type, at } of records(packet)) {
    if (type === TYPE_PTR) return formatName(readName(packet, at).name);
  }
  return "";
}

/** The addresses in the answer that are in records of the type that was asked for. Throws PacketError. */
export function addresses(packet: Uint8Array, asked: AddressType): Address[] {
  const found: Address[] = [];
  for (const record of records(packet)) {
    if (record.type !== asked || record.size !== SIZES[asked]) continue;
    found.push(unmapped(fromBytes(dataOf(packet, record))));
  }
  return found;
}

/** All text in the answer, in one; what cannot be shown is `?` (dns_txt.c). Throws PacketError. */
export function text(packet: Uint8Array): ByteString {
  let found = "";
  for (const record of records(packet)) {
    if (record.type !== TYPE_TXT) continue;
    const data = dataOf(packet, record);
    for (let at = 0; at < data.length;) {
      const size = data[at] as number;
      found += fromBytes(data.subarray(at + 1, at + 1 + size));
      at += 1 + size;
    }
  }
  return found.replace(/[^ -~]/g, "?");
}
