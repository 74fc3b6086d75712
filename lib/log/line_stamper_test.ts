// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { byteString, fc, holds } from "../../tests/harness/properties.ts";
import { Random } from "../../tests/harness/random.ts";
import { ENDS, INPUT, OUTPUT, STAMP, STAMP_AND_SPACE } from "../stream/layout.ts";
import { compileLoops } from "../stream/loops.ts";
import { Stamper } from "../tai/stamp.ts";
import { LineStamper } from "./line_stamper.ts";

/** A stamper of text: what came out and where the lines end in it. */
class Harness {
  readonly #loops = compileLoops("stampLines");
  readonly bytes = this.#loops.memory;
  readonly stamper = new Stamper();
  readonly lines = new LineStamper(this.#loops.stampLines, this.bytes.buffer, this.stamper, {
    stamp: STAMP,
    ends: ENDS,
  });

  stamp(text: string, inLine = false): { output: string; ends: number[] } {
    this.bytes.fill(46, INPUT, OUTPUT);
    this.bytes.set(Uint8Array.from(text, (char) => char.charCodeAt(0)), INPUT);
    const end = this.lines.stamp(INPUT, INPUT + text.length, OUTPUT, inLine);
    const output = String.fromCharCode(...this.bytes.subarray(OUTPUT, end));
    const view = new DataView(this.bytes.buffer, ENDS);
    const ends = Array.from({ length: this.lines.count }, (_, i) => view.getInt32(4 * i, true));
    return { output, ends: ends.map((end) => end - OUTPUT) };
  }
}

/** The same in the plainest way. */
function plain(text: string, inLine: boolean, stamper: Stamper): ReturnType<Harness["stamp"]> {
  let output = "";
  let open = inLine;
  const ends: number[] = [];
  for (const char of text) {
    if (!open) output += stamper.next() + " ";
    open = char !== "\n";
    output += char;
    if (!open) ends.push(output.length);
  }
  return { output, ends };
}

Deno.test("LineStamper does what stamping line by line does", () => {
  const random = new Random(20_011);
  const harness = new Harness();
  const other = new Stamper();
  for (let round = 0; round < 400; round++) {
    const short = random.once(3);
    let text = "";
    const length = random.below(short ? 40 : 1500);
    while (text.length < length) {
      // Bytes around the newline and with the highest bit, which sloppy tricks take for one.
      text += random.text(random.below(short ? 4 : 70), "\t\v\0\x8a\xff\x7f\x80A") + "\n";
    }
    if (random.once(2)) text += "partial";
    text = text.slice(0, length + 7);
    const inLine = random.once(2);
    const time = {
      seconds: 1_700_000_000 + round * 2,
      nanoseconds: 1_000_000_000 - random.below(60) - 1,
    };
    harness.stamper.set(time);
    other.set(time);
    deepEqual(harness.stamp(text, inLine), plain(text, inLine, other));
    equal(harness.stamper.next(), other.next());
  }
});

Deno.test("LineStamper keeps every byte, in whatever pieces the lines come", () => {
  const texts = fc.oneof(byteString(3000), byteString(300, "\n\n\t\v\0\x8a\xff@4"));
  const harness = new Harness();
  holds(300, [fc.array(texts, { maxLength: 5 })], (pieces) => {
    harness.stamper.set({ seconds: 1_700_000_000, nanoseconds: 999_999_990 });
    let inLine = false;
    let output = "";
    for (const piece of pieces) {
      output += harness.stamp(piece, inLine).output;
      if (piece !== "") inLine = !piece.endsWith("\n");
    }
    const stamps = [...output.matchAll(/^@[0-9a-f]{24} /gm)].map(([stamp]) => stamp);
    const whole = pieces.join("");
    equal(output.split("\n").map((line) => line.slice(STAMP_AND_SPACE)).join("\n"), whole);
    equal(stamps.length, (whole.match(/[^\n]*\n|[^\n]+$/g) ?? []).length);
    deepEqual(stamps, stamps.toSorted());
  });
});

Deno.test("LineStamper stamps empty lines, and nothing for no input", () => {
  const harness = new Harness();
  harness.stamper.set({ seconds: 1, nanoseconds: 0 });
  deepEqual(harness.stamp(""), { output: "", ends: [] });
  const { output, ends } = harness.stamp("\n\n");
  equal(output.length, 2 * (STAMP_AND_SPACE + 1));
  deepEqual(ends, [STAMP_AND_SPACE + 1, 2 * (STAMP_AND_SPACE + 1)]);
});

Deno.test("LineStamper goes on with a line that has begun", () => {
  const harness = new Harness();
  harness.stamper.set({ seconds: 1, nanoseconds: 0 });
  deepEqual(harness.stamp("the rest\n", true), { output: "the rest\n", ends: [9] });
  deepEqual(harness.stamp("x", true), { output: "x", ends: [] });
});
