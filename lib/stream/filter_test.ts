// SPDX-License-Identifier: 0BSD
import { equal, ok } from "node:assert/strict";
import { fromBytes, putBytes } from "../os/bytes.ts";
import { fixCrs, removeCrs } from "./line_ends.ts";
import { READ_SIZE } from "./layout.ts";
import { unchanged } from "./filter.ts";
import { visible } from "./visible.ts";

Deno.test("a filter behind another has room for what the other held back and a whole read", () => {
  const first = removeCrs();
  equal(first.take(putBytes(first.input, 0, "\r")), 0);
  const count = first.take(putBytes(first.input, 0, "x".repeat(READ_SIZE)));
  equal(count, READ_SIZE + 1);
  const second = visible();
  ok(second.input.length >= count);
  second.input.set(first.output.subarray(0, count));
  equal(second.take(count), READ_SIZE + 2);
});

Deno.test("fixCrs remembers how a read ended", () => {
  const { input, output, take } = fixCrs();
  const shown = ["\n", "a\r", "\n", "\n\r", "x", "\n"].map((text) =>
    fromBytes(output.subarray(0, take(putBytes(input, 0, text))))
  );
  equal(shown.join("|"), "\r\n|a\r|\n|\r\n\r|x|\r\n");
});

Deno.test("unchanged leaves bytes where they are", () => {
  const { input, output, take } = unchanged();
  equal(take(putBytes(input, 0, "abc")), 3);
  equal(fromBytes(output.subarray(0, 3)), "abc");
});
