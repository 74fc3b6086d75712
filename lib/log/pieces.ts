// SPDX-License-Identifier: 0BSD
/**
 * At which line a file is finished: at the same one as in the C tool.
 *
 * multilog.c reads 1024 bytes at a time, collects up to 512 bytes for each log before it writes them, and
 * writes what it has collected before it reads again. It finishes a file behind the last newline of the piece that
 * brings the file within 2000 bytes of its limit. So which line that is depends on how lines fall into
 * pieces. We write as much as we have; this is the arithmetic of the pieces, for the few lines around the end of
 * a file. All that was there when we read is taken to have been there when the C tool would have read.
 *
 * @module
 */
import { HEAD_SIZE } from "./line_layout.ts";
import { LF } from "../stream/layout.ts";
import { ORIGIN, type Text } from "./text.ts";

/** sizeof inbuf, sizeof cyclog.buf */
const INPUT_SIZE = 1024;
const PIECE_SIZE = 512;

/** Tells whether the line that begins at an offset of the text goes to the log. Asked in rising order. */
export type Selected = (start: number) => boolean;

/** The lines that end in one of the C tool's reads. */
interface Chunk {
  /** Where they end: `ends` from `first` on and before `last`. */
  readonly ends: Int32Array;
  readonly first: number;
  readonly last: number;
  /** Where the first one begins. */
  readonly start: number;
  /** Where the read begins; this counts only if the first line has begun before. */
  readonly floor: number;
}

export class Pieces {
  readonly #text: Text;
  /** The ends of a chunk's lines where the text does not have them. */
  readonly #ends = new Int32Array(INPUT_SIZE);

  constructor(text: Text) {
    this.#text = text;
  }

  /**
   * The line that ends at `end` of the text brings a file within the margin of its limit. Returns how many bytes of
   * further lines the C tool would have written in the same piece, `room` at most.
   */
  restOfPiece(end: number, selected: Selected, room: number): number {
    const { ends, first, last, start, floor } = this.#chunkOf(end);
    let lineStart = start;
    let filled = 0;
    let rest = -1;
    for (let i = first; i < last; i++) {
      const lineEnd = ends[i] as number;
      const length = lineEnd - 1 - lineStart;
      if (!selected(lineStart)) {
        // nothing of it is collected
      } else if (rest < 0) {
        const judgedBefore = lineStart === this.#text.start && this.#text.goesOn ||
          lineStart + HEAD_SIZE <= floor;
        filled = judgedBefore
          ? afterBytes(lineEnd - 1 - Math.max(floor, lineStart))
          : afterLine(filled, length);
        if (lineEnd === end) rest = 0;
      } else {
        // What is collected is written before what does not fit, be it only the newline.
        if (filled + length >= PIECE_SIZE || rest + length + 1 > room) break;
        filled += length + 1;
        rest += length + 1;
      }
      lineStart = lineEnd;
    }
    return rest;
  }

  #chunkOf(end: number): Chunk {
    const text = this.#text;
    if (text.sparse) return this.#sparseChunkOf(end);
    const line = text.lineAt(end);
    const begin = beginOfChunk(text.source(line));
    let first = line;
    while (first > 0 && text.source(first - 1) > begin) first--;
    let last = line + 1;
    while (last < text.lines && text.source(last) <= begin + INPUT_SIZE) last++;
    const start = first === 0 ? text.start : text.ends[first - 1] as number;
    const floor = (text.ends[first] as number) - (text.source(first) - begin);
    return { ends: text.ends, first, last, start, floor };
  }

  /** All lines go to the log, and there are no stamps in the text. */
  #sparseChunkOf(end: number): Chunk {
    const { bytes, start, end: textEnd } = this.#text;
    const floor = ORIGIN + beginOfChunk(end - ORIGIN);
    const limit = Math.min(floor + INPUT_SIZE, textEnd);
    let last = 0;
    for (let at = floor; at < limit; at++) {
      if (bytes[at] === LF) this.#ends[last++] = at + 1;
    }
    const lineStart = Math.max(bytes.lastIndexOf(LF, floor - 1) + 1, start);
    return { ends: this.#ends, first: 0, last, start: lineStart, floor };
  }
}

/** Where the C tool's read begins that the byte in front of offset `source` of ours comes in. */
export function beginOfChunk(source: number): number {
  return Math.floor((source - 1) / INPUT_SIZE) * INPUT_SIZE;
}

/** How full the buffer is when a line of `length` bytes and its newline have been put into it: buffer_put.c. */
function afterLine(filled: number, length: number): number {
  if (length >= HEAD_SIZE) return afterBytes(length - HEAD_SIZE);
  let now = filled + length;
  if (now > PIECE_SIZE) now = length > PIECE_SIZE ? 0 : length;
  return now % PIECE_SIZE + 1;
}

/** The same for `count` bytes one by one, and a newline, into an empty buffer: the rest of a long line. */
function afterBytes(count: number): number {
  return count % PIECE_SIZE + 1;
}
