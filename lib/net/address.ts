// SPDX-License-Identifier: 0BSD
/**
 * Addresses and ports as people write them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { findTcpService } from "../os/services.ts";
import type { Address } from "../os/socket.ts";

/** 0.0.0.0, for a socket: any address of ours. */
export const ANY_ADDRESS: Address = "\0\0\0\0";
/** 127.0.0.1. */
export const LOOPBACK: Address = "\x7f\0\0\x01";

/** The address in dotted form. */
export function formatAddress(address: Address): ByteString {
  return `${address.charCodeAt(0)}.${address.charCodeAt(1)}.${address.charCodeAt(2)}.${
    address.charCodeAt(3)
  }`;
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
 * The port that `text` means, a number (modulo 65536; no text at all is 0) or the name of a TCP service;
 * undefined: there is none.
 */
export function findPort(text: ByteString): number | undefined {
  if (/^[0-9]*$/.test(text)) return Number(BigInt(text) & 0xffffn);
  return findTcpService(text);
}
