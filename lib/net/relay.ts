// SPDX-License-Identifier: 0BSD
/**
 * Copies between descriptors in several directions at once: the work of recordio(1), fixcrio(1) and mconnect-io(1).
 *
 * Each direction reads only when all that it has read before is written. So no more is held here than a read, and what a
 * direction does is told in order: read, passed on, read, ..., end.
 *
 * @module
 */
import { SystemError } from "../os/errno.ts";
import { close } from "../os/file.ts";
import { POLLIN, POLLOUT, PollSet } from "../os/poll.ts";
import type { Sink } from "../os/sink.ts";
import type { Filter } from "../stream/filter.ts";
import { Source } from "../stream/source.ts";

/** What comes of it when a direction has nothing more to read, or cannot write. */
export type Fate =
  /** The relay ends: what other directions still hold is dropped. */
  | "stop"
  /** This direction ends, and closes what it writes to. */
  | "close"
  /** At the end of input: this direction is over. When writing fails: what is read is dropped. */
  | "goOn";

/** A direction. */
export interface Flow {
  readonly from: number;
  readonly to: Sink;
  /** Holds nothing back; `finish` is told that the end has come. */
  readonly filter: Filter;
  readonly atEnd: Fate;
  readonly whenBroken: Fate;
}

/** Copies until a direction stops the relay, or all are over. */
export function relay(flows: readonly Flow[]): void {
  const pumps = flows.map((flow) => new Pump(flow));
  const set = new PollSet(flows.length);
  for (;;) {
    pumps.forEach((pump, i) => pump.await(set, i));
    if (pumps.every((pump) => pump.isOver)) return;
    if (set.wait() === 0) continue;
    for (const [i, pump] of pumps.entries()) {
      if (set.happened(i) !== 0) pump.turn();
      if (pump.stops) return;
    }
  }
}

/** One direction at work. */
class Pump {
  readonly #flow: Flow;
  readonly #source: Source;
  /** What is to be written, and how much of it has been. */
  #count = 0;
  #done = 0;
  #broken = false;
  isOver = false;
  stops = false;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#source = new Source(flow.from);
  }

  /** Puts what it waits for into place `i` of `set`. */
  await(set: PollSet, i: number): void {
    const { from, to } = this.#flow;
    if (this.isOver) set.set(i, -1);
    else if (this.#done < this.#count) set.set(i, to.fd, POLLOUT);
    else set.set(i, from, POLLIN);
  }

  /** Does what it has waited for. */
  turn(): void {
    if (this.#done < this.#count) this.#write("ready");
    else this.#read();
  }

  #read(): void {
    const { filter, atEnd } = this.#flow;
    const got = this.#source.readOrEnd(filter.input);
    if (got === 0) {
      filter.finish?.();
      this.#end(atEnd);
      return;
    }
    this.#count = filter.take(got);
    this.#done = 0;
    this.#write("unknown");
  }

  #write(state: "ready" | "unknown"): void {
    const { to, filter: { output }, whenBroken } = this.#flow;
    const rest = this.#done === 0 ? output : output.subarray(this.#done);
    try {
      if (this.#broken) this.#done = this.#count;
      else this.#done += to.put(rest, this.#count - this.#done, state === "ready");
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#broken = true;
      this.#done = this.#count;
      if (whenBroken !== "goOn") this.#end(whenBroken);
    }
  }

  #end(fate: Fate): void {
    this.isOver = true;
    if (fate === "stop") this.stops = true;
    if (fate === "close") close(this.#flow.to.fd);
  }
}
