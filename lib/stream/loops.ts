// SPDX-License-Identifier: 0BSD
/**
 * The loops that every byte of a stream goes through, in WebAssembly (loops_code.ts).
 *
 * They work in one piece of memory of fixed size (layout.ts), in which read(2) puts its bytes and from which
 * write(2) takes them: nothing is copied in between.
 *
 * @module
 */
import { INPUT, MEMORY_SIZE, OUTPUT, READ_SIZE } from "./layout.ts";
import { LOOPS } from "./loops_code.ts";
import type { StampLines } from "./stamp_loop.ts";
import { instantiate, memoryOf } from "../wasm/instance.ts";

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

/** Compiles the loop called `name`, whose memory is its own. */
export function compileLoops<K extends Name>(name: K): Pick<Loops, K | Part> {
  const memory = memoryOf(MEMORY_SIZE);
  const buffer = memory.buffer as ArrayBuffer; // it is not shared
  return {
    ...instantiate(memory, LOOPS[name]),
    memory: new Uint8Array(buffer),
    input: new Uint8Array(buffer, INPUT, READ_SIZE),
    output: new Uint8Array(buffer, OUTPUT),
  } as unknown as Pick<Loops, K | Part>;
}
