// SPDX-License-Identifier: 0BSD
/**
 * What questions to name servers and IDENT servers are while there is no answer: each has a socket, and waits for it, but
 * not for ever.
 *
 * @module
 */
import { close } from "../os/file.ts";
import type { Loop } from "../os/loop.ts";
import type { Timer } from "../os/timers.ts";

/** iopause.c waits so many milliseconds longer than it is told to. */
export const IOPAUSE_GRACE = 20;

/** Something under way that can be given up. */
export interface Task {
  /** Gives it up: nobody is told anything any more. */
  cancel(): void;
}

/** A socket, and what is to happen when it is ready, or is not in time. */
export class AwaitedSocket {
  /** -1: there is none. It is for its owner to open it. */
  fd = -1;
  #timer: Timer | undefined;

  constructor(private readonly loop: Loop) {}

  /**
   * Waits until it is ready for `events`, up to `patience` milliseconds, and no longer for anything else. Only the first
   * wait for a socket can throw a SystemError: its user may not be allowed another one in an epoll set.
   */
  await(events: number, patience: number, ready: () => void, late: () => void): void {
    this.#timer?.cancel();
    const { poller } = this.loop;
    if (poller.has(this.fd)) poller.change(this.fd, ready, events);
    else poller.add(this.fd, ready, events);
    this.#timer = this.loop.timers.after(patience, late);
  }

  /** Closes it, if it is open: neither `ready` nor `late` is called any more. */
  close(): void {
    this.#timer?.cancel();
    this.loop.poller.remove(this.fd);
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}
