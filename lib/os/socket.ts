// SPDX-License-Identifier: 0BSD
/**
 * Sockets of the Internet: section 2 of the manual and ip(7). All are close-on-exec. Every function throws
 * SystemError unless its comment says otherwise.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { O_CLOEXEC, O_NONBLOCK, SO_ERROR, SO_REUSEADDR, SOL_SOCKET } from "./constants.ts";
import { check, errno, libc, pad } from "./libc.ts";

/** An IP address as it travels, in network order: 4 bytes. */
export type Address = ByteString;

/** Where one side of a connection is. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const MSG_NOSIGNAL = 0x4000;

/* struct sockaddr_in: family u16 in the machine's order, port u16 and address in the network's, 16 bytes */
const SOCKADDR_SIZE = 16;
const sockaddr = new Uint8Array(SOCKADDR_SIZE);
const sockaddrView = new DataView(sockaddr.buffer);
const sockaddrLength = new Uint8Array(4);
const lengthView = new DataView(sockaddrLength.buffer);

function put({ address, port }: Endpoint): void {
  sockaddr.fill(0);
  sockaddrView.setUint16(0, AF_INET, true);
  sockaddrView.setUint16(2, port);
  for (let i = 0; i < 4; i++) sockaddr[4 + i] = address.charCodeAt(i);
}

function taken(): Endpoint {
  return {
    address: String.fromCharCode(
      sockaddr[4] as number,
      sockaddr[5] as number,
      sockaddr[6] as number,
      sockaddr[7] as number,
    ),
    port: sockaddrView.getUint16(2),
  };
}

function expectSockaddr(): void {
  lengthView.setUint32(0, SOCKADDR_SIZE, true);
}

/** socket(2). */
export function socket(type: "stream" | "datagram", nonblocking: boolean): number {
  const kind = type === "stream" ? SOCK_STREAM : SOCK_DGRAM;
  const flags = O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0);
  return check(libc().socket(AF_INET, kind | flags, 0, pad), "socket");
}

/** bind(2). */
export function bind(fd: number, where: Endpoint): void {
  put(where);
  check(libc().bind(fd, sockaddr, SOCKADDR_SIZE, pad), "bind");
}

/** bind(2) to an address that a socket of before may still be known for: SO_REUSEADDR. */
export function bindReused(fd: number, where: Endpoint): void {
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
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
  put(to);
  return libc().connect(fd, sockaddr, SOCKADDR_SIZE, pad) < 0 ? errno() : 0;
}

/** getsockname(2): our side of the connection. */
export function localEnd(fd: number): Endpoint {
  expectSockaddr();
  check(libc().getsockname(fd, sockaddr, sockaddrLength, pad), "getsockname");
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

/** send(2) without SIGPIPE: how many bytes went, or the negative error number. Never throws. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  const sent = libc().send(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL, pad);
  return sent < 0 ? -errno() : sent;
}

/** recv(2): how many bytes came, 0 at the end, or the negative error number. Never throws. */
export function receive(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const got = libc().recv(fd, buffer, BigInt(buffer.length), 0, pad);
  return got < 0 ? -errno() : got;
}
