// SPDX-License-Identifier: 0BSD
/**
 * Properties: sentences that hold for whatever input, tried with many (fast-check). The inputs are the same in every
 * run; where one breaks the sentence, the smallest of its kind that does is shown, with the seed.
 *
 *   DJBOX_ROUNDS=100000   so many inputs, for long runs by hand
 *   DJBOX_SEED=7          other inputs
 *
 * @module
 */
import fc from "npm:fast-check@4.10.2";
import { roundsOf } from "./random.ts";

export { fc };

/** More than a property takes on a busy machine; what has held until then has held. */
const LIMIT = 30_000;

/** Tries `sentence` with `runs` inputs made by `inputs`; it throws where it does not hold. */
export function holds<Inputs extends [unknown, ...unknown[]]>(
  runs: number,
  inputs: { readonly [K in keyof Inputs]: fc.Arbitrary<Inputs[K]> },
  sentence: (...inputs: Inputs) => void,
): void {
  fc.assert(fc.property(...inputs, sentence), parameters(runs));
}

/** The same for a sentence about what takes its time. */
export async function holdsSlowly<Inputs extends [unknown, ...unknown[]]>(
  runs: number,
  inputs: { readonly [K in keyof Inputs]: fc.Arbitrary<Inputs[K]> },
  sentence: (...inputs: Inputs) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(...inputs, sentence), parameters(runs));
}

function parameters(runs: number): fc.Parameters<unknown> {
  return {
    seed: Number(Deno.env.get("DJBOX_SEED") ?? 1),
    numRuns: roundsOf(runs),
    ...(Deno.env.has("DJBOX_ROUNDS") ? {} : { interruptAfterTimeLimit: LIMIT }),
  };
}

/** Any bytes. */
export function bytes(maxLength: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ maxLength, size: "max" }).map((array) => Uint8Array.from(array));
}

/** Any byte string, or one of the characters of `alphabet`: those that mean something to who reads it. */
export function byteString(maxLength: number, alphabet?: string): fc.Arbitrary<string> {
  const unit = alphabet === undefined
    ? fc.nat(255).map((byte) => String.fromCharCode(byte))
    : fc.constantFrom(...alphabet);
  return fc.string({ unit, maxLength, size: "max" });
}

/** `whole` with up to `most` of its bytes changed, cut out or put in: nearly right, which is what takes parsers in. */
export function damaged(
  whole: fc.Arbitrary<string>,
  most = 4,
  alphabet?: string,
): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(),
    cut: fc.nat(3),
    put: byteString(3, alphabet),
  });
  return fc.tuple(whole, fc.array(change, { maxLength: most })).map(([text, changes]) =>
    changes.reduce((text, { at, cut, put }) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + put + text.slice(from + cut);
    }, text)
  );
}
