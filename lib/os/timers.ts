// SPDX-License-Identifier: 0BSD
/**
 * Things to be done later, by the monotonic clock: the timeout of a wait (poll.ts) is the time until the first.
 *
 * @module
 */
import { monotonic } from "./clock.ts";

/** A thing to be done; `cancel` it and it is not. */
export interface Timer {
  readonly due: number;
  cancel(): void;
}

interface Entry extends Timer {
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
      cancel(): void {
        entry.action = undefined;
      },
    };
    // Most timers are as long as the one before, so the place is near the end.
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1] as Entry).due > entry.due) at--;
    this.#entries.splice(at, 0, entry);
    return entry;
  }

  /** Milliseconds until the first timer is due: 0 where one is, -1 where there is none. */
  timeout(): number {
    while (this.#entries.length > 0 && this.#entries[0]?.action === undefined) {
      this.#entries.shift();
    }
    const first = this.#entries[0];
    return first === undefined ? -1 : Math.max(0, first.due - this.clock());
  }

  /** Does what is due. What an action sets anew waits for the next call, even if it is due at once. */
  run(): void {
    if (this.timeout() !== 0) return;
    const time = this.clock();
    let count = 0;
    while (count < this.#entries.length && (this.#entries[count] as Entry).due <= time) count++;
    for (const entry of this.#entries.splice(0, count)) {
      const action = entry.action;
      entry.action = undefined;
      action?.();
    }
  }
}
