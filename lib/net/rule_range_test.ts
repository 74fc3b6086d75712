// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { isRange, parseRange } from "./rule_range.ts";

Deno.test("isRange() leaves hosts and users alone", () => {
  equal(isRange("1-2."), true);
  equal(isRange("a-b"), true);
  for (const address of ["1.2.3.4", "=a-b", "1-2=", "joe@1-2", "a-b@1"]) {
    equal(isRange(address), false, address);
  }
});

Deno.test("parseRange() takes the first range apart", () => {
  deepEqual(parseRange("1.2.3.37-53"), { before: "1.2.3.", first: 37, last: 53, behind: "" });
  deepEqual(parseRange("1-2.3-4."), { before: "", first: 1, last: 2, behind: ".3-4." });
  deepEqual(parseRange("a.007-8.b"), { before: "a.", first: 7, last: 8, behind: ".b" });
  deepEqual(parseRange("-"), { before: "", first: 0, last: 0, behind: "" });
  deepEqual(parseRange("250-300"), { before: "", first: 250, last: 255, behind: "" });
});

Deno.test("parseRange() reads numbers as C does", () => {
  equal(parseRange("18446744073709551617-2")?.first, 1);
  equal(parseRange("4294967297-2")?.first, 4294967297);
  deepEqual(parseRange("1\0x-2\0y"), { before: "", first: 1, last: 2, behind: "" });
});

Deno.test("parseRange() refuses what is no number", () => {
  for (const address of ["a-1", "1-a", "1--3", "1-2-3", "1-2x", "1-2 .", " 1-2", "1-2:3"]) {
    equal(parseRange(address), undefined, address);
  }
});
