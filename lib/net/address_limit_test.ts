// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { AddressCounts, parseAddressLimit } from "./address_limit.ts";

Deno.test("parseAddressLimit() reads a number, and a text if there is one", () => {
  deepEqual(parseAddressLimit("3"), { most: 3, text: "" });
  deepEqual(parseAddressLimit("3:421 too many: go\n"), { most: 3, text: "421 too many: go\n" });
  deepEqual(parseAddressLimit("0"), { most: 0, text: "" });
  deepEqual(parseAddressLimit("2:"), { most: 2, text: "" });
  for (const wrong of ["", ":x", "abc", "-1", "3x", " 3"]) {
    equal(parseAddressLimit(wrong), undefined);
  }
});

Deno.test("AddressCounts counts each address for itself", () => {
  const counts = new AddressCounts();
  counts.add("a");
  counts.add("a");
  counts.add("b");
  deepEqual([counts.of("a"), counts.of("b"), counts.of("c")], [2, 1, 0]);
  counts.remove("a");
  counts.remove("b");
  counts.remove("b");
  deepEqual([counts.of("a"), counts.of("b")], [1, 0]);
  counts.add("b");
  equal(counts.of("b"), 1);
});
