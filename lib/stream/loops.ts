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
import { advance, copyingRoutine, copyToNext, outputEnd } from "./copying.ts";
import { CR, INPUT, LF, MEMORY_SIZE, OUTPUT, PREFIX, READ_SIZE } from "./layout.ts";
import { restamp } from "./restamp_loop.ts";
import { type StampLines, stampLines } from "./stamp_loop.ts";
import {
  atLeast,
  type Code,
  compile,
  forever,
  i32,
  load128,
  load8,
  memoryOf,
  ne,
  ret,
  type Routine,
  store128,
  store16,
  sub,
  when,
} from "../wasm/assemble.ts";

const SPACE = 32;
const PLUS = 43;

function addcr(): Routine {
  return copyingRoutine(LF, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      store16(to.get, i32(CR | LF << 8)),
      from.increase(i32(1)),
      to.increase(i32(2)),
    )];
  });
}

function delcr(): Routine {
  return copyingRoutine(CR, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      from.increase(i32(1)),
      // A CR that is kept has been copied with the rest.
      to.increase(ne(load8(from.get), i32(LF))),
    )];
  });
}

function fixcr(): Routine {
  return copyingRoutine(LF, [], [], (copying) => {
    const { from, to } = copying;
    return [forever(
      ...copyToNext(copying, outputEnd(copying)),
      when(
        ne(load8(sub(from.get, i32(1))), i32(CR)),
        store16(to.get, i32(CR | LF << 8)),
        to.increase(i32(1)),
      ),
      ...advance(copying, i32(1)),
    )];
  });
}

function recordLines(): Routine {
  return copyingRoutine(LF, ["i32"], [], (copying, prefixSize) => {
    const { from, end, to } = copying;
    const endLine = (mark: number): Code[] => [
      store16(to.get, i32(mark | LF << 8)),
      to.increase(i32(2)),
    ];
    const unfinished = [...to.set(outputEnd(copying)), ...endLine(PLUS).flat(), ...to.get];
    return [forever(
      when(atLeast(from.get, end.get), ret(to.get)),
      store128(to.get, load128(i32(PREFIX))),
      to.increase(prefixSize.get),
      ...copyToNext(copying, unfinished),
      ...endLine(SPACE),
      from.increase(i32(1)),
    )];
  });
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

  /** See stamp_loop.ts. */
  readonly stampLines: StampLines;

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
  const memory = memoryOf(MEMORY_SIZE);
  const buffer = memory.buffer as ArrayBuffer; // it is not shared
  return {
    ...compile(memory, names.map((name) => [name, ROUTINES[name]()])),
    memory: new Uint8Array(buffer),
    input: new Uint8Array(buffer, INPUT, READ_SIZE),
    output: new Uint8Array(buffer, OUTPUT),
  } as unknown as Pick<Loops, K | Part>;
}
