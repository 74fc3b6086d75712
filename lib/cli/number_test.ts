// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";
import { leadingNumber, leadingUint32 } from "./number.ts";

Deno.test("numbers are the digits in front, in 64 bits or the lower 32 of them", () => {
  const numbers: Record<string, readonly [number, number]> = {
    "": [0, 0],
    "x1": [0, 0],
    "-1": [0, 0],
    "007": [7, 7],
    "12x34": [12, 12],
    "4294967295": [4294967295, 4294967295],
    "4294967296": [4294967296, 0],
    "18446744073709551615": [2 ** 64, 4294967295],
    "18446744073709551617": [1, 1],
  };
  for (const [text, expected] of Object.entries(numbers)) {
    deepEqual([leadingNumber(text), leadingUint32(text)], expected, text);
  }
});
