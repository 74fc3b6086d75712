// SPDX-License-Identifier: 0BSD
/**
 * The loop of a tool that waits for many things at once: descriptors and points in time.
 *
 * @module
 */
import { monotonic } from "./clock.ts";
import { Poller } from "./poll.ts";

/** Something that is to happen; see `Loop.after`. */
export interface Timer {
  readonly due: number;
  readonly action: () => void;
}

/** An epoll set and timers. */
export class Loop {
  readonly poller: Poller = new Poller();
  /** Few at any time: one for each look-up under way. */
  readonly #timers = new Set<Timer>();

  /** Calls `action` once, `milliseconds` from now, in a later turn. */
  after(milliseconds: number, action: () => void): Timer {
    const timer = { due: monotonic() + milliseconds, action };
    this.#timers.add(timer);
    return timer;
  }

  /** The timer's action is not to be called. One that was called already is no mistake. */
  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer);
  }

  /** Waits for whatever comes first, and deals with all that is there. */
  turn(): void {
    this.poller.wait(this.#patience());
    if (this.#timers.size === 0) return;
    const now = monotonic();
    for (const timer of this.#timers) {
      if (timer.due <= now && this.#timers.delete(timer)) timer.action();
    }
  }

  #patience(): number {
    if (this.#timers.size === 0) return -1;
    let due = Infinity;
    for (const timer of this.#timers) due = Math.min(due, timer.due);
    return Math.max(0, due - monotonic());
  }
}
