// SPDX-License-Identifier: 0BSD
/**
 * The loop of a tool that waits for many things at once: descriptors and points in time.
 *
 * @module
 */
import { GarbageCollection } from "./garbage.ts";
import { Poller } from "./poll.ts";
import { Timers } from "./timers.ts";

/** A client takes some four turns. */
const TURNS = 50_000;

/** An epoll set and timers. */
export class Loop {
  readonly #garbage = new GarbageCollection(TURNS);
  readonly poller: Poller = new Poller();
  readonly timers: Timers = new Timers();

  /** Waits for whatever comes first, and deals with all that is there. */
  turn(): void {
    this.poller.wait(this.timers.timeout());
    this.timers.run();
    this.#garbage.turn();
  }
}
