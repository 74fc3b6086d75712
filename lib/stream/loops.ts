// SPDX-License-Identifier: 0BSD
/**
 * The loops that every byte of a stream goes through, in WebAssembly: they copy 64 bytes at a time and look for the
 * one byte that matters to them on the way.
 *
 * They work in one piece of memory of fixed size (layout.ts), in which read(2) puts its bytes and from which
 * write(2) takes them: nothing is copied in between.
 *
 * Measured on 300 MB of lines of 80 to 120 bytes: 0.11 ns a byte with a stamp for each line; the best loop in
 * JavaScript takes five times as long.
 *
 * @module
 */
import { advance, COPYING_LOCALS, COPYING_PARAMETERS, copyToNext, outputEnd } from "./copying.ts";
import {
  CR,
  INPUT,
  LF,
  MEMORY_SIZE,
  OUTPUT,
  PREFIX,
  READ_SIZE,
  STAMP,
  STAMP_SIZE,
} from "./layout.ts";
import { restamp } from "./restamp_loop.ts";
import {
  and128,
  assemble,
  atLeast,
  bitselect,
  branch,
  bytes,
  type Code,
  i32,
  i32splat,
  load128,
  load8,
  type Local,
  loop,
  ne,
  ret,
  type Routine,
  routine,
  shiftRight8,
  shuffle,
  splat,
  store128,
  store16,
  storeHalf,
  sub,
  swizzle,
  UNREACHABLE,
  when,
} from "./wasm.ts";

const SPACE = 32;
const PLUS = 43;
const DIGITS = "0123456789abcdef";
/** Where the nanoseconds stand in a stamp: behind `@` and sixteen digits of seconds. */
const NANOSECONDS_AT = 17;

function addcr(): Routine {
  return routine(COPYING_PARAMETERS, COPYING_LOCALS, (from, end, to, wanted, found, chunk) => {
    const copying = { from, end, to, wanted, found, chunk };
    return [
      wanted.set(splat(i32(LF))),
      loop(
        ...copyToNext(copying, outputEnd(copying)),
        store16(to.get, i32(CR | LF << 8)),
        from.increase(i32(1)),
        to.increase(i32(2)),
        branch(0),
      ),
      UNREACHABLE,
    ];
  });
}

function delcr(): Routine {
  return routine(COPYING_PARAMETERS, COPYING_LOCALS, (from, end, to, wanted, found, chunk) => {
    const copying = { from, end, to, wanted, found, chunk };
    return [
      wanted.set(splat(i32(CR))),
      loop(
        ...copyToNext(copying, outputEnd(copying)),
        from.increase(i32(1)),
        // A CR that is kept has been copied with the rest.
        to.increase(ne(load8(from.get), i32(LF))),
        branch(0),
      ),
      UNREACHABLE,
    ];
  });
}

function fixcr(): Routine {
  return routine(COPYING_PARAMETERS, COPYING_LOCALS, (from, end, to, wanted, found, chunk) => {
    const copying = { from, end, to, wanted, found, chunk };
    return [
      wanted.set(splat(i32(LF))),
      loop(
        ...copyToNext(copying, outputEnd(copying)),
        when(
          ne(load8(sub(from.get, i32(1))), i32(CR)),
          store16(to.get, i32(CR | LF << 8)),
          to.increase(i32(1)),
        ),
        ...advance(copying, i32(1)),
        branch(0),
      ),
      UNREACHABLE,
    ];
  });
}

/** The eight digits of the i32 `value`, in the lower half of a v128. */
function eightDigits(value: Local, chunk: Local): Code {
  const everyByteTwice = shuffle(
    chunk,
    [3, 3, 2, 2, 1, 1, 0, 0, 3, 3, 2, 2, 1, 1, 0, 0],
  );
  const odd = Array.from({ length: 16 }, (_, lane) => lane % 2 * 255);
  return [
    ...chunk.set(i32splat(value.get)),
    ...chunk.set(everyByteTwice),
    ...swizzle(
      bytes([...DIGITS].map((digit) => digit.charCodeAt(0))),
      bitselect(
        and128(chunk.get, splat(i32(15))),
        shiftRight8(chunk.get, i32(4)),
        bytes(odd),
      ),
    ),
  ];
}

function stampLines(): Routine {
  return routine(
    [...COPYING_PARAMETERS, "i32"],
    [...COPYING_LOCALS, "v128", "v128"],
    (from, end, to, nanoseconds, wanted, found, chunk, front, back) => {
      const copying = { from, end, to, wanted, found, chunk };
      return [
        wanted.set(splat(i32(LF))),
        front.set(load128(i32(STAMP))),
        back.set(load128(i32(STAMP), STAMP_SIZE - 16)),
        loop(
          when(atLeast(from.get, end.get), ret(outputEnd(copying))),
          store128(to.get, front.get),
          store128(to.get, back.get, STAMP_SIZE - 16),
          storeHalf(to.get, eightDigits(nanoseconds, chunk), NANOSECONDS_AT),
          to.increase(i32(STAMP_SIZE)),
          nanoseconds.increase(i32(1)),
          ...copyToNext(copying, outputEnd(copying)),
          ...advance(copying, i32(1)),
          branch(0),
        ),
        UNREACHABLE,
      ];
    },
  );
}

function recordLines(): Routine {
  return routine(
    [...COPYING_PARAMETERS, "i32"],
    COPYING_LOCALS,
    (from, end, to, prefixSize, wanted, found, chunk) => {
      const copying = { from, end, to, wanted, found, chunk };
      const endLine = (mark: number): Code[] => [
        store16(to.get, i32(mark | LF << 8)),
        to.increase(i32(2)),
      ];
      const unfinished = [...to.set(outputEnd(copying)), ...endLine(PLUS).flat(), ...to.get];
      return [
        wanted.set(splat(i32(LF))),
        loop(
          when(atLeast(from.get, end.get), ret(to.get)),
          store128(to.get, load128(i32(PREFIX))),
          to.increase(prefixSize.get),
          ...copyToNext(copying, unfinished),
          ...endLine(SPACE),
          from.increase(i32(1)),
          branch(0),
        ),
        UNREACHABLE,
      ];
    },
  );
}

/** The loops and the memory that they work in. */
export interface Loops {
  readonly memory: Uint8Array<ArrayBuffer>;
  /** The memory from `INPUT`, as much as is read at once. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** The memory from `OUTPUT`. */
  readonly output: Uint8Array<ArrayBuffer>;

  /**
   * Copies the bytes from `from` to `end` with a CR before each LF.
   *
   * @returns where the output ends
   */
  addcr(from: number, end: number, to: number): number;

  /**
   * Copies without the CR that stands directly before an LF. The byte at `end` counts as what follows the last
   * one.
   *
   * @returns where the output ends
   */
  delcr(from: number, end: number, to: number): number;

  /**
   * Copies with a CR before each LF that has none. The byte in front of `from` counts as what precedes the
   * first one.
   *
   * @returns where the output ends
   */
  fixcr(from: number, end: number, to: number): number;

  /**
   * Copies with the stamp at `STAMP` before each line, the first one too: the nanoseconds in it are replaced by
   * `nanoseconds`, which grows by one each line and must not grow to a second.
   *
   * @returns where the output ends
   */
  stampLines(from: number, end: number, to: number, nanoseconds: number): number;

  /**
   * Copies with the first `prefixSize` bytes at `PREFIX` before each line, and a space at its end, or `+` and a
   * newline at `end` where that is in the middle of one.
   *
   * @returns where the output ends
   */
  recordLines(from: number, end: number, to: number, prefixSize: number): number;

  /**
   * Copies with the stamps at the beginnings of lines in the form that is kept (restamp_loop.ts), up to the
   * first that is of another second, or no stamp, or perhaps not complete. The byte in front of `from` says
   * whether a line begins there.
   *
   * @returns where that `@` stands, `end` where there is none; where the output ended is in `STOPPED`
   */
  restamp(from: number, end: number, to: number): number;
}

type Part = "memory" | "input" | "output";
type Name = Exclude<keyof Loops, Part>;

const ROUTINES: Readonly<Record<Name, () => Routine>> = {
  addcr,
  delcr,
  fixcr,
  stampLines,
  recordLines,
  restamp,
};

/** Compiles the loops called `names`; each call has a memory of its own. */
export function compileLoops<K extends Name>(...names: K[]): Pick<Loops, K | Part> {
  const routines = names.map((name) => [name, ROUTINES[name]()] as const);
  const module = new WebAssembly.Module(assemble(MEMORY_SIZE, routines));
  const { memory: { buffer }, ...loops } = new WebAssembly.Instance(module)
    .exports as unknown as Record<K, unknown> & { memory: { buffer: ArrayBuffer } };
  return {
    ...loops,
    memory: new Uint8Array(buffer),
    input: new Uint8Array(buffer, INPUT, READ_SIZE),
    output: new Uint8Array(buffer, OUTPUT),
  } as unknown as Pick<Loops, K | Part>;
}
