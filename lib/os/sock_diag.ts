// SPDX-License-Identifier: 0BSD
/**
 * What the kernel tells of TCP sockets when it is asked for some: sock_diag(7). /proc/net/tcp has all of them, and those
 * that were closed a minute ago (TIME_WAIT), of which a busy server leaves tens of thousands: 90 ms to be read through.
 *
 * @module
 */
import { fromBytes } from "./bytes.ts";
import { IPPROTO_TCP, O_CLOEXEC } from "./constants.ts";
import { EPROTO, SystemError } from "./errno.ts";
import { close, read, writeAll } from "./file.ts";
import { check, libc, pad } from "./libc.ts";
import { AF_INET, AF_INET6, type Endpoint } from "./socket.ts";

/** A TCP connection that a process has open. */
export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** The socket's inode: no other socket has it for as long as this one is open. */
  readonly inode: number;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
/* NLM_F_REQUEST and NLM_F_DUMP, netlink(7) */
const REQUEST_FOR_ALL = 0x301;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/* Bit N is state N of the kernel's tcp_states.h: all of 1 to 11 but TIME_WAIT (6) and LISTEN (10). */
const STATES = 0b1011_1011_1110;
/** How many bytes an address has. */
const LENGTHS = { [AF_INET]: 4, [AF_INET6]: 16 } as const;
type Family = keyof typeof LENGTHS;

/* struct nlmsghdr: length u32, type u16, flags u16, sequence u32, port u32. */
const HEADER = 16;
/* Behind it, struct inet_diag_req_v2: family u8, protocol u8, 2 more, states u32, then struct inet_diag_sockid: source and
 * destination port (u16, big-endian), their addresses of 16 bytes each, 12 more. */
const REQUEST = HEADER + 56;
const SOURCE_PORT = HEADER + 8;
/* An answer is struct inet_diag_msg: 4 bytes, struct inet_diag_sockid, 16 bytes, inode u32. */
const SOCKET = HEADER + 4;
const INODE = HEADER + 68;
const LARGEST_ANSWER = 65536;

/**
 * The TCP connections of `family` whose local port is `port` and that a process has open.
 *
 * @throws SystemError: the kernel may have been built without that, or not let us ask
 */
export function diagnose(port: number, family: Family): Connection[] {
  const fd = check(
    libc().socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_SOCK_DIAG, pad),
    "socket",
  );
  try {
    writeAll(fd, request(port, family));
    const found: Connection[] = [];
    const buffer = new Uint8Array(LARGEST_ANSWER);
    for (;;) {
      const got = read(fd, buffer);
      if (takeAnswers(new DataView(buffer.buffer, 0, got), LENGTHS[family], found)) return found;
    }
  } finally {
    close(fd);
  }
}

function request(port: number, family: Family): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(REQUEST));
  view.setUint32(0, REQUEST, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, REQUEST_FOR_ALL, true);
  view.setUint8(HEADER, family);
  view.setUint8(HEADER + 1, IPPROTO_TCP);
  view.setUint32(HEADER + 4, STATES, true);
  view.setUint16(SOURCE_PORT, port);
  return new Uint8Array(view.buffer);
}

/** Adds the connections in a piece of the answer to `found`; whether it was the last piece. */
function takeAnswers(piece: DataView, length: number, found: Connection[]): boolean {
  for (let at = 0; at + HEADER <= piece.byteLength;) {
    const size = piece.getUint32(at, true);
    const type = piece.getUint16(at + 4, true);
    if (type === NLMSG_DONE) return true;
    if (type === NLMSG_ERROR) {
      throw new SystemError(-piece.getInt32(at + HEADER, true), "sock_diag");
    }
    if (size < INODE + 4 || at + size > piece.byteLength) break;
    const end = (port: number, address: number): Endpoint => ({
      port: piece.getUint16(at + SOCKET + port),
      address: fromBytes(new Uint8Array(piece.buffer, at + SOCKET + address, length)),
    });
    const inode = piece.getUint32(at + INODE, true);
    // A connection that nobody has accepted, or that our side has closed, has no inode.
    if (inode !== 0) found.push({ local: end(0, 4), remote: end(2, 20), inode });
    at += (size + 3) & ~3;
    if (at === piece.byteLength) return false;
  }
  throw new SystemError(EPROTO, "sock_diag");
}
