// SPDX-License-Identifier: 0BSD
/**
 * The runtime's garbage. V8 collects what has lived for a while only when its heap has grown by half, which takes a process
 * that does little for each event days and megabytes; somebody who watches it sees memory that grows and grows. So
 * those that live for months have it collected now and then. That takes 4 ms.
 *
 * @module
 */

/** Collects it now. (V8's flag --expose-gc: start.ts) */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

/** Has it collected now and then. */
export class GarbageCollection {
  #turns = 0;

  /** @param every after how many turns of a loop */
  constructor(private readonly every: number) {}

  /** The loop has turned once. */
  turn(): void {
    if (++this.#turns < this.every) return;
    this.#turns = 0;
    collectGarbage();
  }
}
