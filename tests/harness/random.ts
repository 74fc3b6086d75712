// SPDX-License-Identifier: 0BSD

/** Random numbers that are the same in every run with the same `seed` (not 0): xorshift. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 on and below `limit`. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** Whether one of `times` it happens. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of `choices`. */
  choice<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** A text of `length` of the `chars`. */
  text(length: number, chars: string): string {
    let text = "";
    while (text.length < length) text += chars.charAt(this.below(chars.length));
    return text;
  }
}
