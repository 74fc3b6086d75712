// SPDX-License-Identifier: 0BSD
/**
 * What the loops have in common: copying 64 bytes at a time while looking for one byte.
 *
 * @module
 */
import {
  atLeast,
  bitmask,
  branch,
  type Code,
  equalBytes,
  extend,
  i32,
  i64,
  i64ctz,
  i64eqz,
  i64or,
  i64shl,
  load128,
  type Local,
  loop,
  or,
  ret,
  type Routine,
  routine,
  shl,
  splat,
  store128,
  sub,
  type Type,
  when,
} from "../wasm/assemble.ts";

/** How much is looked at in one step. */
const STEP = 64;

/** The variables of a loop that copies. */
export interface Copying {
  readonly from: Local;
  readonly end: Local;
  readonly to: Local;
  /** Full of the byte that is looked for. */
  readonly wanted: Local;
  readonly found: Local;
  readonly chunk: Local;
}

const COPYING_PARAMETERS: readonly Type[] = ["i32", "i32", "i32"];
const COPYING_LOCALS: readonly Type[] = ["v128", "i64", "v128"];

/**
 * A routine with the parameters `from`, `end`, `to` and those of the types `parameters`, which copies while it looks
 * for the byte `wanted`. `body` is given its further parameters, then `locals`.
 */
export function copyingRoutine(
  wanted: number,
  parameters: readonly Type[],
  locals: readonly Type[],
  body: (copying: Copying, ...variables: Local[]) => Code[],
): Routine {
  return routine(
    [...COPYING_PARAMETERS, ...parameters],
    [...COPYING_LOCALS, ...locals],
    (from, end, to, ...others) => {
      const own = others.splice(parameters.length, COPYING_LOCALS.length);
      const [sought, found, chunk] = own as [Local, Local, Local];
      const copying = { from, end, to, wanted: sought, found, chunk };
      return [sought.set(splat(i32(wanted))), ...body(copying, ...others)];
    },
  );
}

/** Copies a step and sets bit i of `found` where byte i is the wanted one. */
function copyStep({ from, to, wanted, found, chunk }: Copying): Code {
  const sixteen = (offset: number): Code => [
    ...store128(to.get, chunk.tee(load128(from.get, offset)), offset),
    ...bitmask(equalBytes(chunk.get, wanted.get)),
  ];
  const half = (offset: number): Code =>
    extend(or(sixteen(offset), shl(sixteen(offset + 16), i32(16))));
  return found.set(i64or(half(0), i64shl(half(32), i64(32))));
}

/** Moves `from` and `to` by `amount`. */
export function advance({ from, to }: Copying, amount: Code): Code[] {
  return [from.increase(amount), to.increase(amount)];
}

/**
 * Copies up to the next wanted byte at or behind `from`; `from` and `to` stand at it then, and it has been copied
 * too. Where `end` comes first the function returns `result`; `from` has run up to a step past `end` then, and `to`
 * as far.
 */
export function copyToNext(copying: Copying, result: Code): Code[] {
  const { from, end, found } = copying;
  return [
    loop(
      when(atLeast(from.get, end.get), ret(result)),
      copyStep(copying),
      when(i64eqz(found.get), ...advance(copying, i32(STEP)), branch(1)),
    ),
    ...advance(copying, i64ctz(found.get)),
    when(atLeast(from.get, end.get), ret(result)),
  ];
}

/** Where the output ends when `from` has come to `end` or past it. */
export function outputEnd({ from, end, to }: Copying): Code {
  return sub(to.get, sub(from.get, end.get));
}
