// SPDX-License-Identifier: 0BSD
/**
 * The TCP connections that somebody has open: /proc/net/tcp and /proc/net/tcp6, proc(5).
 *
 * @module
 */
import { type ByteString, fromBytes } from "./bytes.ts";
import { O_RDONLY } from "./constants.ts";
import { unlessRefused } from "./errno.ts";
import { close, open, read } from "./file.ts";
import type { Address, Endpoint } from "./socket.ts";

export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** The socket's inode: no other socket has it for as long as this one is open. */
  readonly inode: number;
}

/* sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode */
const LINE =
  /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ +(\d+) /;
const LISTENING = "0A";

/**
 * The connections whose local port is `port` and that a process has open: not those that nobody has accepted, or that
 * are closed on our side.
 */
export function openConnections(port: number): Connection[] {
  const found: Connection[] = [];
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    // A kernel without IPv6 has no such file; where /proc is not mounted there is neither.
    unlessRefused(() => readLines(file, (text) => found.push(...parseConnections(text, port))));
  }
  return found;
}

/** Ten thousands of connections, closed long ago, may be listed: a piece of 50 lines at a time. */
const PIECE = 8192;

function readLines(file: ByteString, take: (lines: ByteString) => void): void {
  const fd = open(file, O_RDONLY);
  try {
    const buffer = new Uint8Array(PIECE);
    let rest = "";
    for (let got = read(fd, buffer); got > 0; got = read(fd, buffer)) {
      const text = rest + fromBytes(buffer.subarray(0, got));
      const end = text.lastIndexOf("\n") + 1;
      take(text.slice(0, end));
      rest = text.slice(end);
    }
  } finally {
    close(fd);
  }
}

/** What `text`, whole lines of such a file, says of the connections with the local port `port`. */
export function parseConnections(text: ByteString, port: number): Connection[] {
  const found: Connection[] = [];
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const line = text.slice(text.lastIndexOf("\n", at) + 1, text.indexOf("\n", at));
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, address = "", local, peer = "", peerPort = "", state, inode] = match;
    if (parseInt(local ?? "", 16) !== port || state === LISTENING || inode === "0") continue;
    found.push({
      local: { address: addressIn(address), port },
      remote: { address: addressIn(peer), port: parseInt(peerPort, 16) },
      inode: Number(inode),
    });
  }
  return found;
}

/** Words of 32 bits, each as a little-endian number. */
function addressIn(hex: string): Address {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => word.match(/../g)?.toReversed() ?? []);
  return bytes.map((byte) => String.fromCharCode(parseInt(byte, 16))).join("");
}
