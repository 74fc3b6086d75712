// SPDX-License-Identifier: 0BSD
/**
 * Things to be done later, by the monotonic clock: the timeout of a wait (poll.ts) is the time until the first.
 *
 * @module
 */
import { monotonic } from "./clock.ts";

/** A thing to be done; `cancel` it and it is not. */
export interface Timer {
  cancel(): void;
}

interface Entry extends Timer {
  /** By the clock, in milliseconds. */
  readonly due: number;
  action: (() => void) | undefined;
}

/** Timers in the order in which they fall due; those due at once in the order in which they were set. */
export class Timers {
  readonly #entries: Entry[] = [];

  /** @param clock tells milliseconds, and only ever goes forward */
  constructor(private readonly clock: () => number = monotonic) {}

  /** Calls `action` from `run`, `milliseconds` from now or later. */
  after(milliseconds: number, action: () => void): Timer {
    const entry: Entry = {
      due: this.clock() + milliseconds,
      action,
      cancel: (): void => this.#cancel(entry),
    };
    this.#entries.splice(this.#behind(entry.due), 0, entry);
    return entry;
  }

  /** How many are due at `time` or before. */
  #behind(time: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as Entry).due <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One that has had its turn, or is having it, is not among the entries any more. */
  #cancel(entry: Entry): void {
    if (entry.action === undefined) return;
    entry.action = undefined;
    const at = this.#entries.lastIndexOf(entry, this.#behind(entry.due) - 1);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Milliseconds until the first timer is due: 0 where one is, -1 where there is none. */
  timeout(): number {
    const first = this.#entries[0];
    return first === undefined ? -1 : Math.max(0, first.due - this.clock());
  }

  /** Does what is due. What an action sets anew waits for the next call, even if it is due at once. */
  run(): void {
    const count = this.#behind(this.clock());
    if (count === 0) return;
    for (const entry of this.#entries.splice(0, count)) {
      const action = entry.action;
      entry.action = undefined;
      action?.();
    }
  }
}
