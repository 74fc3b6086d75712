// SPDX-License-Identifier: 0BSD
/**
 * Clients of a TCP server on this machine, many in one process.
 *
 * @module
 */
import { toBytes } from "../../lib/os/bytes.ts";
import { EAGAIN, EINPROGRESS } from "../../lib/os/errno.ts";
import { close, setNonblocking } from "../../lib/os/file.ts";
import { Poller } from "../../lib/os/poll.ts";
import { connect, receive, send, socket } from "../../lib/os/socket.ts";

const LOCALHOST = "\x7f\0\0\x01";
const PATIENCE = 30_000;

function begin(port: number): number {
  const fd = socket("stream");
  const errno = connect(fd, { address: LOCALHOST, port });
  if (errno === 0 || errno === EINPROGRESS) return fd;
  close(fd);
  throw new Error(`connect: error ${errno}`);
}

/** Whether somebody listens. */
export function answers(port: number): boolean {
  try {
    const fd = socket("stream");
    setNonblocking(fd, false);
    const errno = connect(fd, { address: LOCALHOST, port });
    close(fd);
    return errno === 0;
  } catch {
    return false;
  }
}

const buffer = new Uint8Array(4096);

/** Waits for events until `done`. */
function turnUntil(poller: Poller, done: () => boolean): void {
  for (const end = performance.now() + PATIENCE; !done();) {
    poller.wait(1000);
    if (performance.now() > end) throw new Error("the server does not answer");
  }
}

/** `clients` at a time connect and read until the end, `total` times in all: the milliseconds that took. */
export function visit(port: number, clients: number, total: number): number {
  const poller = new Poller();
  let [begun, ended] = [0, 0];
  const next = (): void => {
    if (begun === total) return;
    begun++;
    const fd = begin(port);
    poller.add(fd, () => {
      const got = receive(fd, buffer);
      if (got > 0 || got === -EAGAIN) return;
      if (got < 0) throw new Error(`recv: error ${-got}`);
      poller.remove(fd);
      close(fd);
      ended++;
      next();
    });
  };
  const start = performance.now();
  for (let i = 0; i < clients; i++) next();
  turnUntil(poller, () => ended === total);
  return performance.now() - start;
}

/** Connections that stay open, each to a server that sends back what it gets. */
export class Held {
  readonly #fds: number[] = [];
  /** How long it took until each of them had an answer, in milliseconds. */
  readonly took: number;

  constructor(port: number, count: number) {
    const poller = new Poller();
    let answered = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const fd = begin(port);
      this.#fds.push(fd);
      poller.add(fd, () => {
        const got = receive(fd, buffer);
        if (got === -EAGAIN) return;
        if (got <= 0) throw new Error(`recv: ${got}`);
        poller.remove(fd);
        answered++;
      });
      send(fd, toBytes("x"));
    }
    turnUntil(poller, () => answered === count);
    this.took = performance.now() - start;
  }

  close(): void {
    this.#fds.forEach(close);
  }
}
