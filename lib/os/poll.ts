// SPDX-License-Identifier: 0BSD
/**
 * Waiting for descriptors: epoll(7) for many, poll(2) for a few. Both block the main thread, on
 * purpose: there is no event loop to keep alive, and a blocking wait is five times cheaper an event.
 *
 * @module
 */
import { monotonic } from "./clock.ts";
import { ARCH, EPOLLIN, O_CLOEXEC } from "./constants.ts";
import { EINTR, ENOENT, SystemError } from "./errno.ts";
import { check, errno, hot, libc, pad } from "./libc.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EVENTS = 256;
/** The longest wait that an int can say, 24 days: whoever waits for more waits again. */
const LONGEST = 0x7fffffff;

/** Told what happened to the descriptor it was added with: a set of EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. */
export type Listener = (events: number) => void;

/** An epoll set; each descriptor in it has a listener. */
export class Poller {
  readonly #fd = check(libc().epoll_create1(O_CLOEXEC, pad), "epoll_create1");
  readonly #listeners = new Map<number, Listener>();
  readonly #events = new Uint8Array(EVENTS * ARCH.epollEvent);
  readonly #view = new DataView(this.#events.buffer);
  readonly #one = new Uint8Array(ARCH.epollEvent);
  readonly #oneView = new DataView(this.#one.buffer);
  #first = -1;

  /** Watches `fd` for `events`. */
  add(fd: number, listener: Listener, events = EPOLLIN): void {
    this.#control(EPOLL_CTL_ADD, fd, events);
    this.#listeners.set(fd, listener);
  }

  /**
   * Watches `fd`, already in the set, for other `events`. That takes no memory, so that it cannot fail as `add` can:
   * a user has only so many places in epoll sets (epoll(7), max_user_watches).
   */
  change(fd: number, listener: Listener, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events);
    this.#listeners.set(fd, listener);
  }

  /** What happens to `fd`, already in the set, is told before all else that has happened by then. */
  first(fd: number): void {
    this.#first = fd;
  }

  /** No longer watches `fd`: to be called before it is closed. One that is not in the set is no mistake. */
  remove(fd: number): void {
    if (this.#listeners.delete(fd)) this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** Whether `fd` is being watched. */
  has(fd: number): boolean {
    return this.#listeners.has(fd);
  }

  #control(operation: number, fd: number, events: number): void {
    // struct epoll_event: events u32, data u64 (we keep the descriptor in its lower half)
    this.#oneView.setUint32(0, events, true);
    this.#oneView.setInt32(ARCH.epollData, fd, true);
    const result = libc().epoll_ctl(this.#fd, operation, fd, this.#one, pad);
    if (result < 0 && !(operation === EPOLL_CTL_DEL && errno() === ENOENT)) {
      throw new SystemError(errno(), "epoll_ctl");
    }
  }

  /**
   * Waits up to `timeout` milliseconds (-1: for ever) and calls the listeners of what is ready. A listener that
   * an earlier one of the same round removed is not called; a descriptor that was closed and opened anew in a round is told
   * of what happened to the old one. Returns early, with nothing done, on EINTR.
   */
  wait(timeout: number): void {
    const count = hot("epoll_wait")(this.#fd, this.#events, EVENTS, Math.min(timeout, LONGEST));
    if (count < 0) {
      if (errno() === EINTR) return;
      throw new SystemError(errno(), "epoll_wait");
    }
    for (let i = 0; this.#first >= 0 && i < count; i++) {
      if (this.#fdAt(i) === this.#first) this.#tell(i);
    }
    for (let i = 0; i < count; i++) {
      if (this.#fdAt(i) !== this.#first) this.#tell(i);
    }
  }

  #fdAt(i: number): number {
    return this.#view.getInt32(i * ARCH.epollEvent + ARCH.epollData, true);
  }

  #tell(i: number): void {
    this.#listeners.get(this.#fdAt(i))?.(this.#view.getUint32(i * ARCH.epollEvent, true));
  }
}

/** poll(2) flags: the same numbers as epoll's for what is used here. */
export const POLLIN = 1;
export const POLLOUT = 4;

/** A set for poll(2): struct pollfd is fd i32, events i16, revents i16. */
export class PollSet {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #fds: Int32Array;
  readonly #flags: Int16Array;

  constructor(readonly size: number) {
    this.#bytes = new Uint8Array(size * 8);
    this.#fds = new Int32Array(this.#bytes.buffer);
    this.#flags = new Int16Array(this.#bytes.buffer);
    this.#fds.fill(-1);
  }

  /** Puts `fd` into place `i`; -1 leaves the place out. */
  set(i: number, fd: number, events = POLLIN): void {
    this.#fds[i * 2] = fd;
    this.#flags[i * 4 + 2] = events;
    this.#flags[i * 4 + 3] = 0;
  }

  /** What happened in place `i` in the last wait; 0: nothing. */
  happened(i: number): number {
    return this.#flags[i * 4 + 3] ?? 0;
  }

  /** poll(2): how many places have something, 0 after `timeout` milliseconds or on EINTR. */
  wait(timeout = -1): number {
    const count = hot("poll")(this.#bytes, this.size, Math.min(timeout, LONGEST));
    if (count >= 0) return count;
    if (errno() !== EINTR) throw new SystemError(errno(), "poll");
    this.#flags.forEach((_, i) => {
      if (i % 4 === 3) this.#flags[i] = 0;
    });
    return 0;
  }
}

/** Waits until `fd` is ready for `events`; false: it was not until `due`, by the monotonic clock in milliseconds. */
export function awaitReady(fd: number, events: number, due: number): boolean {
  const set = new PollSet(1);
  for (let rest = due - monotonic(); rest > 0; rest = due - monotonic()) {
    set.set(0, fd, events);
    if (set.wait(rest) > 0) return true;
  }
  return false;
}

/** Sleeps `milliseconds`; a signal may cut it short. */
export function sleep(milliseconds: number): void {
  hot("poll")(new Uint8Array(0), 0, milliseconds);
}

/** How often `until` looks, in milliseconds, where nothing else is said. */
const PAUSE = 20;

/** Waits until `condition` holds, and looks every `pause`; false: it does not within `patience`. In milliseconds. */
export function until(condition: () => boolean, patience: number, pause = PAUSE): boolean {
  for (const end = monotonic() + patience; !condition(); sleep(pause)) {
    if (monotonic() > end) return false;
  }
  return true;
}
