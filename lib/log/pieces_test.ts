// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { Random } from "../../tests/harness/random.ts";
import { READ_SIZE, STAMP_AND_SPACE } from "../stream/layout.ts";
import { Stamper } from "../tai/stamp.ts";
import { HEAD_SIZE } from "./line_layout.ts";
import { lineLoops } from "./line_loops.ts";
import { Pieces } from "./pieces.ts";
import { Text } from "./text.ts";

const INPUT_SIZE = 1024;
const PIECE_SIZE = 512;

/** A newline that the C tool writes to the log: the line's number, and the piece that it is in. */
interface Written {
  readonly line: number;
  readonly piece: number;
}

/** multilog.c byte by byte: what it writes in which piece, for the lines that are selected. */
class CTool {
  readonly written: Written[] = [];
  readonly #prefix: number;
  readonly #selected: (line: number) => boolean;
  #piece = 0;
  #filled = 0;
  #held = 0;
  #long = false;
  #line = 0;

  constructor(prefix: number, selected: (line: number) => boolean) {
    this.#prefix = prefix;
    this.#selected = selected;
  }

  /** A read of ours, in reads of 1024 bytes. */
  read(bytes: string): void {
    for (let i = 0; i < bytes.length; i++) {
      if (i % INPUT_SIZE === 0) this.#flush();
      this.#byte(bytes.charCodeAt(i) === 10);
    }
    this.#flush();
  }

  #byte(newline: boolean): void {
    const selected = this.#selected(this.#line);
    if (!this.#long) {
      if (this.#held === 0) this.#held = this.#prefix;
      if (!newline) this.#held++;
      if (newline || this.#held === HEAD_SIZE) {
        if (selected) this.#put(this.#held);
        this.#long = !newline;
      }
    } else if (!newline && selected) {
      this.#put(1);
    }
    if (!newline) return;
    if (selected) {
      this.#put(1);
      this.written.push({ line: this.#line, piece: this.#piece });
    }
    this.#held = 0;
    this.#long = false;
    this.#line++;
  }

  /** buffer_put.c */
  #put(size: number): void {
    if (size > PIECE_SIZE - this.#filled) {
      this.#flush();
      if (size > PIECE_SIZE) {
        this.#piece++;
        return;
      }
    }
    this.#filled += size;
  }

  #flush(): void {
    this.#piece++;
    this.#filled = 0;
  }
}

/** Cuts a random log into reads, and compares for each line with the C tool. */
function check(seed: number, stamped: boolean, all: boolean): number {
  const random = new Random(seed);
  const text = new Text(0);
  const pieces = new Pieces(text);
  const stamper = new Stamper();
  stamper.set({ seconds: 1, nanoseconds: 0 });
  const { lines: lineStamper, input } = text.lineStamper(stamper);
  const loops = lineLoops(text.memory);
  const dropped = new Set(Array.from({ length: 400 }, () => random.below(800)));
  const selected = (line: number): boolean => all || !dropped.has(line);
  const tool = new CTool(stamped ? STAMP_AND_SPACE : 0, selected);
  const sizes = [0, 1, 5, 50, 50, 50, 99, 485, 486, 511, 512, 513, 973, 974, 999, 1000, 1001, 3000];
  const log = Array.from({ length: 600 }, () => "x".repeat(random.pick(sizes)) + "\n").join("");
  let line = 0;
  let compared = 0;
  for (let at = 0; at < log.length;) {
    const bytes = log.slice(at, at + 1 + random.below(random.once(3) ? 3000 : READ_SIZE));
    at += bytes.length;
    const before = tool.written.length;
    tool.read(bytes);
    const target = stamped ? input : text.plainInput;
    for (let i = 0; i < bytes.length; i++) target[i] = bytes.charCodeAt(i);
    if (stamped) text.addStamped(bytes.length, lineStamper);
    else if (all) text.addSparsely(bytes.length);
    else text.addLines(bytes.length, loops);
    compared += compare(text, pieces, tool.written.slice(before), line, selected);
    const ends = newlines(text);
    line += ends.length;
    const last = ends.at(-1) ?? text.start;
    const long = text.end - last >= HEAD_SIZE || (ends.length === 0 && text.goesOn);
    text.keepFrom(long ? text.end : last, long);
  }
  return compared;
}

function newlines(text: Text): number[] {
  const ends: number[] = [];
  for (let i = text.start; i < text.end; i++) if (text.bytes[i] === 10) ends.push(i + 1);
  return ends;
}

function compare(
  text: Text,
  pieces: Pieces,
  written: readonly Written[],
  firstLine: number,
  selected: (line: number) => boolean,
): number {
  const ends = newlines(text);
  const starts = new Map(
    ends.map((_, i) => [i === 0 ? text.start : ends[i - 1] as number, firstLine + i]),
  );
  written.forEach(({ line, piece }, i) => {
    let expected = 0;
    for (const later of written.slice(i + 1).filter((other) => other.piece === piece)) {
      const index = later.line - firstLine;
      expected += (ends[index] as number) - (ends[index - 1] as number);
    }
    const end = ends[line - firstLine] as number;
    const isSelected = (start: number): boolean => selected(starts.get(start) ?? -1);
    equal(pieces.restOfPiece(end, isSelected, Infinity), expected, `line ${line}`);
    if (expected > 0) {
      // What does not fit into the file is not counted, line by line.
      const less = pieces.restOfPiece(end, isSelected, expected - 1);
      equal(less < expected, true);
    }
  });
  return written.length;
}

Deno.test("Pieces end where the C tool's buffers are written, for lines as they come", () => {
  for (let seed = 1; seed < 12; seed++) equal(check(seed, false, true), 600);
});

Deno.test("Pieces end where the C tool's buffers are written, for some of the lines", () => {
  for (let seed = 1; seed < 12; seed++) equal(check(seed, false, false) > 300, true);
});

Deno.test("Pieces end where the C tool's buffers are written, for stamped lines", () => {
  for (let seed = 1; seed < 12; seed++) equal(check(seed, true, true), 600);
  for (let seed = 1; seed < 12; seed++) equal(check(seed, true, false) > 300, true);
});
