// SPDX-License-Identifier: 0BSD
/**
 * Sockets of the Internet: section 2 of the manual and ip(7). All are close-on-exec. Every function throws
 * SystemError unless its comment says otherwise.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import {
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_NONBLOCK,
  SO_ERROR,
  SO_REUSEADDR,
  SOL_SOCKET,
} from "./constants.ts";
import { fromBytes } from "./bytes.ts";
import { cString } from "./c_string.ts";
import { unlessRefused } from "./errno.ts";
import { check, errno, libc, pad } from "./libc.ts";

/** An IP address as it travels, in network order: 4 bytes, or 16 of IPv6. */
export type Address = ByteString;
export const IPV4_SIZE = 4;
export const IPV6_SIZE = 16;

/** Where one side of a connection is. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
  /** The number of the interface through which a link-local IPv6 address is reached; 0: none. */
  readonly scope?: number;
}

/** The first bytes of an IPv6 address that stands for an IPv4 one, RFC 4291. */
const MAPPED: ByteString = "\0".repeat(10) + "\xff\xff";

/** The IPv4 address that an IPv6 one stands for, or itself. */
export function unmapped(address: Address): Address {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}

export const AF_INET = 2;
export const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

/*
 * struct sockaddr_in: family u16 in the machine's order, port u16 and address in the network's, 16 bytes;
 * struct sockaddr_in6: family, port, flow u32, address at 8, scope u32 in the machine's order, 28 bytes
 */
const SOCKADDR_SIZE = 16;
const SOCKADDR6_SIZE = 28;
const sockaddr = new Uint8Array(SOCKADDR6_SIZE);
const sockaddrView = new DataView(sockaddr.buffer);
const sockaddrLength = new Uint8Array(4);
const lengthView = new DataView(sockaddrLength.buffer);

/** Puts the endpoint there; returns its length. */
function put({ address, port, scope = 0 }: Endpoint): number {
  const isIpv6 = address.length === IPV6_SIZE;
  sockaddr.fill(0);
  sockaddrView.setUint16(0, isIpv6 ? AF_INET6 : AF_INET, true);
  sockaddrView.setUint16(2, port);
  const at = isIpv6 ? 8 : 4;
  for (let i = 0; i < address.length; i++) sockaddr[at + i] = address.charCodeAt(i);
  if (isIpv6) sockaddrView.setUint32(24, scope, true);
  return isIpv6 ? SOCKADDR6_SIZE : SOCKADDR_SIZE;
}

function taken(): Endpoint {
  const port = sockaddrView.getUint16(2);
  if (sockaddrView.getUint16(0, true) === AF_INET6) {
    return {
      address: unmapped(fromBytes(sockaddr.subarray(8, 24))),
      port,
      scope: sockaddrView.getUint32(24, true),
    };
  }
  return {
    address: String.fromCharCode(
      sockaddr[4] as number,
      sockaddr[5] as number,
      sockaddr[6] as number,
      sockaddr[7] as number,
    ),
    port,
  };
}

function expectSockaddr(): void {
  lengthView.setUint32(0, SOCKADDR6_SIZE, true);
}

/** socket(2), nonblocking, for addresses of the same kind as `address`: by default IPv4's. */
export function socket(type: "stream" | "datagram", address: Address = ""): number {
  const family = address.length === IPV6_SIZE ? AF_INET6 : AF_INET;
  const kind = type === "stream" ? SOCK_STREAM : SOCK_DGRAM;
  return check(libc().socket(family, kind | O_CLOEXEC | O_NONBLOCK, 0, pad), "socket");
}

/** An IPv6 socket is for IPv4 clients, too, whatever the system's default. */
export function takeBothKinds(fd: number): void {
  setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

/** bind(2). */
export function bind(fd: number, where: Endpoint): void {
  const size = put(where);
  check(libc().bind(fd, sockaddr, size, pad), "bind");
}

/** bind(2) to an address that a socket of before may still be known for: SO_REUSEADDR, where the system knows that. */
export function bindReused(fd: number, where: Endpoint): void {
  unlessRefused(() => setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  bind(fd, where);
}

/** listen(2). */
export function listen(fd: number, backlog: number): void {
  check(libc().listen(fd, backlog, pad), "listen");
}

/** A connection that was accepted; its socket is a blocking one. */
export interface Accepted extends Endpoint {
  readonly fd: number;
}

/** accept4(2): the connection, or the error number. Never throws. */
export function accept(fd: number): Accepted | number {
  expectSockaddr();
  const accepted = libc().accept4(fd, sockaddr, sockaddrLength, O_CLOEXEC, pad);
  return accepted < 0 ? errno() : { fd: accepted, ...taken() };
}

/** connect(2): 0 or the error number; EINPROGRESS where it goes on without us. Never throws. */
export function connect(fd: number, to: Endpoint): number {
  const size = put(to);
  return libc().connect(fd, sockaddr, size, pad) < 0 ? errno() : 0;
}

/** getsockname(2): our side of the connection. */
export function localEnd(fd: number): Endpoint {
  expectSockaddr();
  check(libc().getsockname(fd, sockaddr, sockaddrLength, pad), "getsockname");
  return taken();
}

/** getpeername(2): the other side of the connection. */
export function remoteEnd(fd: number): Endpoint {
  expectSockaddr();
  check(libc().getpeername(fd, sockaddr, sockaddrLength, pad), "getpeername");
  return taken();
}

const option = new Uint8Array(4);
const optionView = new DataView(option.buffer);

/** setsockopt(2) of an option that is a number. */
export function setOption(fd: number, level: number, name: number, value: number): void {
  optionView.setInt32(0, value, true);
  check(libc().setsockopt(fd, level, name, option, 4, pad), "setsockopt");
}

/** SO_ERROR: how a connect that went on without us has ended; 0: well. */
export function pendingError(fd: number): number {
  lengthView.setUint32(0, 4, true);
  check(libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, option, sockaddrLength, pad), "getsockopt");
  return optionView.getInt32(0, true);
}

/** send(2), without waiting and without SIGPIPE: how many bytes went, or the negative error number. Never throws. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  const sent = libc().send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, pad);
  return sent < 0 ? -errno() : sent;
}

/** recv(2): how many bytes came, 0 at the end, or the negative error number. Never throws. */
export function receive(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const got = libc().recv(fd, buffer, buffer.length, 0, pad);
  return got < 0 ? -errno() : got;
}

/** IF_NAMESIZE: an interface's name, with its NUL. */
const NAME_SIZE = 16;

/** if_nametoindex(3): the number of an interface; 0: there is none of that name. Never throws. */
export function interfaceNumber(name: ByteString): number {
  return libc().if_nametoindex(cString(name), pad);
}

/** if_indextoname(3): the name of an interface; undefined: there is none of that number. Never throws. */
export function interfaceName(number: number): ByteString | undefined {
  const name = new Uint8Array(NAME_SIZE);
  if (libc().if_indextoname(number, name, pad) === null) return undefined;
  return fromBytes(name.subarray(0, name.indexOf(0)));
}
