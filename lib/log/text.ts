// SPDX-License-Identifier: 0BSD
/**
 * The text of a log on its way through: what has been read and is not yet passed on, with the ends of its lines, in
 * a memory that the loops work on (line_loops.ts, line_stamper.ts). Places in the text are addresses in the memory.
 * What a read brings always begins at the same place (ORIGIN); what is left of the read before stands in front of it.
 *
 * @module
 */
import { LF, READ_SIZE, SLACK, STAMP_AND_SPACE } from "../stream/layout.ts";
import { LOOPS } from "../stream/loops_code.ts";
import type { StampLines } from "../stream/stamp_loop.ts";
import type { Stamper } from "../tai/stamp.ts";
import { instantiate, memoryOf } from "../wasm/instance.ts";
import { HEAD_SIZE } from "./line_layout.ts";
import type { LineLoops } from "./line_loops.ts";
import { LineStamper } from "./line_stamper.ts";

/** How many lines there can be at most: a read of newlines, and the end of a long line before. */
export const MAX_LINES = READ_SIZE + 2;

/** All begins at a cache line: read(2) and write(2) copy from and to there some per cent faster. */
export const ALIGNMENT = 64;

/** Where the last read begins in the text. In front of it there is room for the beginning of a line. */
export const ORIGIN: number = aligned(HEAD_SIZE);
/** Room for that and a read of newlines with a stamp each. Memory that is not touched costs nothing. */
const CAPACITY = aligned(ORIGIN + READ_SIZE * (STAMP_AND_SPACE + 1) + SLACK);
const GATHERED = CAPACITY;
const INPUT = 2 * CAPACITY;
const ENDS = aligned(INPUT + READ_SIZE + SLACK);
const STAMP = aligned(ENDS + MAX_LINES * 4);
const FREE = STAMP + SLACK;

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

export class Text {
  readonly memory: WebAssembly.Memory;
  /** The whole memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the lines end, behind their newlines. */
  readonly ends: Int32Array<ArrayBuffer>;
  /** Where the text begins, and where it ends. */
  start = ORIGIN;
  end = ORIGIN;
  /** How many ends of lines stand in `ends`: all that there are, or only the last one if the text is `sparse`. */
  lines = 0;
  sparse = false;
  /** Whether the first line has been passed on in part, and only the rest of it is here. */
  goesOn = false;
  /* How many bytes each line has got in front, and whether the first one has. */
  #prefix = 0;
  #firstPrefix = 0;
  readonly #gathered: Uint8Array<ArrayBuffer>;
  #free = FREE;

  /** @param room how much memory is going to be allocated for lists and patterns */
  constructor(room: number) {
    this.memory = memoryOf(FREE + room);
    const buffer = this.memory.buffer as ArrayBuffer; // it is not shared
    this.bytes = new Uint8Array(buffer);
    this.ends = new Int32Array(buffer, ENDS, MAX_LINES);
    this.#gathered = this.bytes.subarray(GATHERED, GATHERED + CAPACITY);
  }

  /** The address of `size` bytes that nobody else uses. */
  allocate(size: number): number {
    const address = this.#free;
    this.#free += aligned(size);
    return address;
  }

  /** Whether the next byte that is read belongs to a line that has begun. */
  get inLine(): boolean {
    return this.goesOn || this.start < this.end;
  }

  #beginRead(prefix: number): void {
    this.#prefix = prefix;
    this.#firstPrefix = this.inLine ? 0 : 1;
  }

  /** The offset in the last read that is behind line `i`. */
  source(i: number): number {
    return (this.ends[i] as number) - ORIGIN - (i + this.#firstPrefix) * this.#prefix;
  }

  /** The line that ends at `end`. */
  lineAt(end: number): number {
    let low = 0;
    let high = this.lines - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] as number) < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where a read without stamps goes. */
  get plainInput(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(ORIGIN, ORIGIN + READ_SIZE);
  }

  /** Takes in `length` bytes that were read to `plainInput`, and finds all their lines. */
  addLines(length: number, loops: LineLoops): void {
    this.#beginRead(0);
    this.end += length;
    this.lines = loops.splitLines(ORIGIN, this.end, ENDS);
  }

  /** The same for who asks only where the last line ends. */
  addSparsely(length: number): void {
    this.#beginRead(0);
    this.end += length;
    this.sparse = true;
    this.lines = 0;
    const newline = this.bytes.lastIndexOf(LF, this.end - 1);
    if (newline >= ORIGIN) this.ends[this.lines++] = newline + 1;
  }

  /** Takes in `length` bytes that were read to the stamper's input. */
  addStamped(length: number, lines: LineStamper): void {
    this.#beginRead(STAMP_AND_SPACE);
    this.end = lines.stamp(INPUT, INPUT + length, ORIGIN, this.inLine);
    this.lines = lines.count;
  }

  /** What stamps lines for this text, and where its input is read to. */
  lineStamper(stamper: Stamper): { lines: LineStamper; input: Uint8Array<ArrayBuffer> } {
    const loops = instantiate(this.memory, LOOPS.stampLines);
    return {
      lines: new LineStamper(
        loops.stampLines as StampLines,
        this.bytes.buffer,
        stamper,
        { stamp: STAMP, ends: ENDS },
      ),
      input: this.bytes.subarray(INPUT, INPUT + READ_SIZE),
    };
  }

  /** Puts a newline to the end, for a last line that has none. */
  endLine(): void {
    this.#beginRead(0);
    this.bytes[this.end++] = LF;
    this.ends[0] = this.end;
    this.lines = 1;
  }

  /**
   * Forgets what is in front of `from`; behind it there are fewer than HEAD_SIZE bytes. What comes next is the rest of
   * a line if that `goesOn`.
   */
  keepFrom(from: number, goesOn: boolean): void {
    this.goesOn = goesOn;
    this.start = ORIGIN - (this.end - from);
    this.bytes.copyWithin(this.start, from, this.end);
    this.end = ORIGIN;
    this.lines = 0;
  }

  /** Where the ends of the lines stand, for the loops. */
  get endsAddress(): number {
    return ENDS;
  }

  /** Copies the lines of a list into one piece; valid until the next call. */
  gather(list: number, loops: LineLoops): { bytes: Uint8Array<ArrayBuffer>; length: number } {
    return { bytes: this.#gathered, length: loops.gather(list, GATHERED) - GATHERED };
  }
}
