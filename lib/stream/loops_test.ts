// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { fromBytes, putBytes } from "../os/bytes.ts";
import { removeCrs } from "./line_ends.ts";
import type { Filter } from "./filter.ts";
import { ENDS, INPUT, LF, OUTPUT, READ_SIZE, STAMP } from "./layout.ts";
import { compileLoops } from "./loops.ts";

/** Texts of many lengths around the 64 bytes of a step, in which the characters of `salt` come up often. */
function* texts(salt: string): Generator<string> {
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(seed / 65536) % below;
  };
  yield "";
  for (let length = 1; length < 300; length++) {
    for (const rarity of [2, 8, 100]) {
      let text = "";
      for (let i = 0; i < length; i++) {
        text += random(rarity) === 0
          ? salt.charAt(random(salt.length))
          : String.fromCharCode(random(256));
      }
      yield text;
    }
  }
  yield salt.repeat(5000);
}

/** What `filter` makes of `text` when it arrives in pieces of `size` bytes. */
function feed(filter: Filter, text: string, size: number): string {
  let output = "";
  const take = (count: number): void => {
    output += fromBytes(filter.output.subarray(0, count));
  };
  for (let at = 0; at < text.length; at += size) {
    take(filter.take(putBytes(filter.input, 0, text.slice(at, at + size))));
  }
  if (filter.finish !== undefined) take(filter.finish());
  return output;
}

Deno.test("addcr puts a CR before every LF", () => {
  const { memory, addcr } = compileLoops("addcr");
  for (const text of texts("\r\n")) {
    const end = addcr(INPUT, putBytes(memory, INPUT, text), OUTPUT);
    equal(fromBytes(memory.subarray(OUTPUT, end)), text.replaceAll("\n", "\r\n"));
  }
});

Deno.test("delcr removes one CR before an LF, however the text arrives", () => {
  for (const text of texts("\r\n")) {
    for (const size of [1, 2, 63, 64, 65, READ_SIZE]) {
      equal(feed(removeCrs(), text, size), text.replaceAll("\r\n", "\n"));
    }
  }
});

Deno.test("fixcr puts a CR before an LF that has none", () => {
  const { memory, fixcr } = compileLoops("fixcr");
  for (const text of texts("\r\n")) {
    for (const before of ["\r", "x"]) {
      putBytes(memory, INPUT - 1, before);
      const end = fixcr(INPUT, putBytes(memory, INPUT, text), OUTPUT);
      const fixed = (before + text).replace(/(?<!\r)\n/g, "\r\n").slice(1);
      equal(fromBytes(memory.subarray(OUTPUT, end)), fixed);
    }
  }
});

Deno.test("stampLines stamps every line and counts the nanoseconds up", () => {
  const { memory, stampLines } = compileLoops("stampLines");
  const view = new DataView(memory.buffer);
  putBytes(memory, STAMP, "@400000003a4fc889........ ");
  for (const text of texts("\n")) {
    for (const first of [0, 0x9fffff, 999_000_000]) {
      let nanoseconds = first;
      const expected = text.replace(/[^\n]*\n|[^\n]+$/g, (line) => {
        return `@400000003a4fc889${(nanoseconds++).toString(16).padStart(8, "0")} ${line}`;
      });
      const inputEnd = putBytes(memory, INPUT, text);
      const end = stampLines(INPUT, inputEnd, OUTPUT, STAMP, first, ENDS);
      equal(fromBytes(memory.subarray(OUTPUT, end)), expected);
      let at = OUTPUT;
      for (let i = 0; (at = memory.indexOf(LF, at) + 1) > 0 && at <= end; i++) {
        equal(view.getInt32(ENDS + 4 * i, true), at);
      }
    }
  }
});

Deno.test("the memory has room for the most that a read can become", () => {
  const newlines = "\n".repeat(READ_SIZE);
  const one = compileLoops("addcr");
  const end = putBytes(one.memory, INPUT, newlines);
  equal(one.addcr(INPUT, end, OUTPUT), OUTPUT + 2 * READ_SIZE);
  const other = compileLoops("stampLines");
  putBytes(other.memory, INPUT, newlines);
  equal(other.stampLines(INPUT, end, OUTPUT, STAMP, 0, ENDS), OUTPUT + 27 * READ_SIZE);
});

Deno.test("each compilation has a memory of its own", () => {
  const one = compileLoops("addcr");
  const other = compileLoops("addcr");
  one.memory[INPUT] = 7;
  deepEqual([other.memory[INPUT], Object.keys(one).sort()], [0, [
    "addcr",
    "input",
    "memory",
    "output",
  ]]);
});
