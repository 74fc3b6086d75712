// SPDX-License-Identifier: 0BSD
/**
 * Random numbers that are the same in every run, for tests that try a lot: a failure names its seed.
 *
 * @module
 */

/** Where a test counts its rounds: DJBOX_ROUNDS, for long runs by hand, else `rounds`. */
export function roundsOf(rounds: number): number {
  return Number(Deno.env.get("DJBOX_ROUNDS") ?? rounds);
}

/** A row of random numbers (mulberry32) that `seed` determines. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: ArrayLike<T>): T {
    return choices[this.below(choices.length)] as T;
  }

  /** `length` characters of `alphabet`. */
  text(length: number, alphabet: string): string {
    let text = "";
    for (let i = 0; i < length; i++) text += this.pick(alphabet);
    return text;
  }
}
