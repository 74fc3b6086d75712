// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { byteString, fc, holds } from "../../tests/harness/properties.ts";
import { Random } from "../../tests/harness/random.ts";
import { DESELECT, HEAD_SIZE, SELECT, STEP_SIZE, TAKE } from "./line_layout.ts";
import { lineLoops } from "./line_loops.ts";

const TEXT = 0;
const ENDS = 65536;
const STEPS = 131_072;
const PATTERNS = STEPS + 4096;
const LISTS = 196_608;
const LIST = 16_384;
const GATHERED = 327_680;

class Harness {
  readonly memory = new WebAssembly.Memory({ initial: 8 });
  readonly bytes = new Uint8Array(this.memory.buffer);
  readonly words = new Int32Array(this.memory.buffer);
  readonly loops = lineLoops(this.memory);

  put(at: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    return at + text.length;
  }

  split(text: string, from = 0): number[] {
    const end = this.put(TEXT, text);
    this.bytes.fill(10, end, end + 32);
    const count = this.loops.splitLines(from, end, ENDS);
    return [...this.words.subarray(ENDS / 4, ENDS / 4 + count)];
  }

  /** A step is a pattern with its sign, or `>` and whether the list joins neighbours. Returns the lists. */
  select(text: string, steps: readonly string[]): string[][] {
    const ends = this.split(text);
    let pattern = PATTERNS;
    let lists = 0;
    steps.forEach((step, i) => {
      let words: number[];
      if (step.startsWith(">")) {
        const list = LISTS + lists++ * LIST;
        this.words[list / 4] = 0;
        words = [TAKE, list, step === ">joined" ? 1 : 0];
      } else {
        const end = this.put(pattern, step.slice(1));
        words = [step.startsWith("+") ? SELECT : DESELECT, pattern, end];
        pattern = end;
      }
      this.words.set(words, (STEPS + i * STEP_SIZE) / 4);
    });
    const stepsEnd = STEPS + steps.length * STEP_SIZE;
    this.loops.select(0, ENDS, ENDS + ends.length * 4, 1, STEPS, stepsEnd);
    return Array.from({ length: lists }, (_, i) => this.list(text, LISTS + i * LIST));
  }

  list(text: string, at: number): string[] {
    const count = this.words[at / 4] as number;
    return Array.from({ length: count }, (_, i) => {
      const pair = at / 4 + 1 + 2 * i;
      return text.slice(this.words[pair], this.words[pair + 1]);
    });
  }
}

/** Whether multilog's `pattern` matches `line`, as match.c of the C tool goes about it. */
function matches(pattern: string, line: string): boolean {
  let at = 0;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "*") {
      if (i + 1 === pattern.length) return true;
      while (at < line.length && line[at] !== pattern[i + 1]) at++;
      if (at === line.length) return false;
    } else {
      if (line[at] !== pattern[i]) return false;
      at++;
    }
  }
  return at === line.length;
}

Deno.test("splitLines finds every newline and nothing else", () => {
  const random = new Random(4711);
  const harness = new Harness();
  for (let round = 0; round < 300; round++) {
    const text = random.text(random.below(200), "\n\n\v\t\x8aABC");
    const from = random.below(text.length + 1);
    const expected: number[] = [];
    for (let i = from; i < text.length; i++) if (text[i] === "\n") expected.push(i + 1);
    deepEqual(harness.split(text, from), expected);
  }
});

Deno.test("select compares lines with patterns as match.c does", () => {
  const harness = new Harness();
  const patterns = fc.oneof(
    byteString(6, "ab*"),
    byteString(12, "ab**\0\xff\x7f\x80"),
    byteString(5).filter((pattern) => !pattern.includes("\n")),
  );
  const lines = fc.oneof(
    byteString(8, "abc*"),
    byteString(60, "abc*"),
    byteString(40, "a\0\xff\x7f\x80\v\t\x8a"),
  );
  let selected = 0;
  holds(
    600,
    [patterns, fc.array(lines, { maxLength: 20 }), fc.boolean()],
    (pattern, lines, literally) => {
      // Stars taken for text: then some of the lines are matched for certain.
      const all = literally ? [...lines, pattern, pattern.replaceAll("*", "")] : lines;
      const text = all.map((line) => line + "\n").join("");
      const [taken] = harness.select(text, ["-*", "+" + pattern, ">each"]) as [string[]];
      deepEqual(
        taken,
        all.filter((line) => matches(pattern, line)).map((line) => line + "\n"),
      );
      selected += taken.length;
    },
  );
  equal(selected > 500, true);
});

Deno.test("select finds a byte wherever it stands in a long line, and not behind its end", () => {
  const harness = new Harness();
  for (let length = 0; length < 70; length++) {
    const text = "x".repeat(length) + "y\n" + "x".repeat(length) + "\ny\n";
    deepEqual(harness.select(text, ["-*", "+*y", ">each"]), [["x".repeat(length) + "y\n", "y\n"]]);
  }
});

Deno.test("select carries out steps in their order, each line being selected at first", () => {
  const harness = new Harness();
  const text = "one\ntwo\nthree\n";
  deepEqual(
    harness.select(text, [">each", "-t*", ">each", "+two", ">each", "-*", ">each", "+*", ">each"]),
    [
      ["one\n", "two\n", "three\n"],
      ["one\n"],
      ["one\n", "two\n"],
      [],
      ["one\n", "two\n", "three\n"],
    ],
  );
});

Deno.test("select joins neighbours where that is wanted", () => {
  const harness = new Harness();
  const text = "a\nb\nx\nc\nx\nd\ne\n";
  deepEqual(harness.select(text, ["-x", ">joined"]), [["a\nb\n", "c\n", "d\ne\n"]]);
});

Deno.test("select looks at the first 1000 bytes of a line", () => {
  const harness = new Harness();
  const lines = [HEAD_SIZE - 1, HEAD_SIZE, HEAD_SIZE + 1].map((size) => "a".repeat(size));
  const text = lines.map((line) => line + "\n").join("");
  const [taken] = harness.select(text, ["-*", "+" + "a".repeat(HEAD_SIZE), ">each"]) as [string[]];
  deepEqual(taken.map((line) => line.length), [HEAD_SIZE + 1, HEAD_SIZE + 2]);
});

Deno.test("gather puts the lines of a list one behind the other", () => {
  const random = new Random(7);
  const harness = new Harness();
  for (let round = 0; round < 100; round++) {
    const lines = Array.from(
      { length: random.below(30) },
      () => "abcdefghij".repeat(4).slice(random.below(40)),
    );
    const text = lines.map((line) => line + "\n").join("");
    const [taken] = harness.select(text, ["-*h*", "-a*", ">joined"]) as [string[]];
    const end = harness.loops.gather(LISTS, GATHERED);
    equal(String.fromCharCode(...harness.bytes.subarray(GATHERED, end)), taken.join(""));
  }
});
