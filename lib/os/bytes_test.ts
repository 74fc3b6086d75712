// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, notEqual } from "node:assert/strict";
import { copyOf, newBytes } from "./bytes.ts";

const SOURCE = Uint8Array.from({ length: 2000 }, (_, i) => i * 7 + (i >> 8));

Deno.test("copyOf() copies any number of bytes from anywhere", () => {
  const view = new DataView(SOURCE.buffer, 3);
  for (let length = 0; length < 300; length++) {
    for (let from = 0; from < 9; from++) {
      deepEqual(copyOf(view, from, length), SOURCE.slice(3 + from, 3 + from + length));
    }
  }
});

Deno.test("who writes into a small array writes into no other one", () => {
  const view = new DataView(SOURCE.buffer);
  const arrays = Array.from({ length: 3000 }, (_, i) => {
    const length = i % 20;
    return i % 2 === 0 ? newBytes(length) : copyOf(view, 0, length);
  });
  for (const [i, bytes] of arrays.entries()) if (i % 4 > 1) bytes.fill(255);
  for (const [i, bytes] of arrays.entries()) {
    if (i % 4 === 0) deepEqual(bytes, new Uint8Array(i % 20));
    if (i % 4 === 1) deepEqual(bytes, SOURCE.slice(0, i % 20));
  }
});

Deno.test("a copy is not where its source is", () => {
  for (const length of [0, 5, 50, 500]) {
    const copy = copyOf(new DataView(SOURCE.buffer), 0, length);
    equal(copy.length, length);
    notEqual(copy.buffer, SOURCE.buffer);
  }
});
