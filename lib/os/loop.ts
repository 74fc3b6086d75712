// SPDX-License-Identifier: 0BSD
/**
 * The loop of a tool that waits for many things at once: descriptors and points in time.
 *
 * @module
 */
import { collectGarbage } from "./garbage.ts";
import { Poller } from "./poll.ts";
import { Timers } from "./timers.ts";

/** After how many turns garbage is collected. A client of a server takes some four. */
const TURNS = 50_000;

/** An epoll set and timers. */
export class Loop {
  #turns = 0;

  /** @param most after how many turns garbage is collected */
  constructor(
    private readonly most = TURNS,
    readonly poller: Poller = new Poller(),
    readonly timers: Timers = new Timers(),
  ) {}

  /** Waits for whatever comes first, and deals with all that is there. */
  turn(): void {
    this.poller.wait(this.timers.timeout());
    this.timers.run();
    if (++this.#turns < this.most) return;
    this.#turns = 0;
    collectGarbage();
  }
}
