// SPDX-License-Identifier: 0BSD
/**
 * The TCP connections that somebody has open: sock_diag(7), or, where the kernel does not answer that, /proc/net/tcp
 * and /proc/net/tcp6, proc(5).
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "./bytes.ts";
import { O_RDONLY } from "./constants.ts";
import { unlessRefused } from "./errno.ts";
import { close, open, read } from "./file.ts";
import { type Connection, diagnose } from "./sock_diag.ts";
import { type Address, AF_INET, AF_INET6 } from "./socket.ts";

/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode */
const LINE =
  /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ +(\d+) /;
const LISTENING = "0A";

/**
 * The connections whose local port is `port` and that a process has open: not those that nobody has accepted, or that
 * are closed on our side.
 */
export function openConnections(port: number): Connection[] {
  return unlessRefused(() => [...diagnose(port, AF_INET), ...diagnose(port, AF_INET6)]) ??
    listedConnections(port);
}

/** The same from /proc. */
export function listedConnections(port: number): Connection[] {
  const found: Connection[] = [];
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    // A kernel without IPv6 has no such file; where /proc is not mounted there is neither.
    unlessRefused(() => visitLines(file, port, (line) => found.push(...parseConnection(line))));
  }
  return found.filter(({ local }) => local.port === port);
}

/** Tens of thousands of connections, closed long ago, may be listed: a piece of 50 lines at a time. */
const PIECE = 8192;
const NEWLINE = 10;
const COLON = 58;

/** Reads the lines of `file` that have `port` in them; the others, mostly all, leave no garbage. */
function visitLines(file: ByteString, port: number, visit: (line: ByteString) => void): void {
  const wanted = toBytes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `);
  const buffer = new Uint8Array(PIECE);
  const fd = open(file, O_RDONLY);
  try {
    for (let kept = 0;;) {
      const got = read(fd, buffer.subarray(kept));
      if (got === 0) return;
      const filled = kept + got;
      let start = 0;
      for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < filled;) {
        if (holds(buffer, start, end, wanted)) visit(fromBytes(buffer.subarray(start, end)));
        start = end + 1;
        end = buffer.indexOf(NEWLINE, start);
      }
      buffer.copyWithin(0, start, filled);
      kept = filled - start;
    }
  } finally {
    close(fd);
  }
}

/** Whether `wanted`, which begins with a colon, stands somewhere in `bytes` from `start` to `end`. */
function holds(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  for (let at = bytes.indexOf(COLON, start); at >= 0 && at < end;) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return true;
    at = bytes.indexOf(COLON, at + 1);
  }
  return false;
}

/** What a line of such a file says, where it is of an open connection. */
export function parseConnection(line: ByteString): Connection[] {
  const match = LINE.exec(line);
  if (match === null) return [];
  const [, address = "", port = "", peer = "", peerPort = "", state, inode] = match;
  if (state === LISTENING || inode === "0") return [];
  return [{
    local: { address: addressIn(address), port: parseInt(port, 16) },
    remote: { address: addressIn(peer), port: parseInt(peerPort, 16) },
    inode: Number(inode),
  }];
}

/** Words of 32 bits, each as a little-endian number. */
function addressIn(hex: string): Address {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => word.match(/../g)?.toReversed() ?? []);
  return bytes.map((byte) => String.fromCharCode(parseInt(byte, 16))).join("");
}
