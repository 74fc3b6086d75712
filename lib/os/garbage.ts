// SPDX-License-Identifier: 0BSD
/**
 * The runtime's garbage. V8 lets what has lived for a while lie until its heap has grown by megabytes; in a process that
 * does little for each event that takes days, and whoever watches it sees memory that grows and grows. So those that
 * live for months have it collected now and then.
 *
 * @module
 */

/** What V8's flag --expose-gc (start.ts) puts there, and what it can be asked for. */
interface Collector {
  readonly gc?: (options?: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;
}

/** Collects it now, which takes 3 or 4 ms. */
export function collectGarbage(): void {
  (globalThis as Collector).gc?.();
}

/** Collects all of it, as if memory had run out, and gives the system back what is free then. Takes 6 to 10 ms. */
export function collectAllGarbage(): void {
  (globalThis as Collector).gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
