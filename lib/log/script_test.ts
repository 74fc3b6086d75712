// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { parseScript } from "./script.ts";

Deno.test("parseScript keeps the actions in their order and ignores what is none", () => {
  deepEqual(parseScript(["-a*", "+", "", "e", "x", "=f", "elephant", "--", "="]).actions, [
    { kind: "deselect", pattern: "a*" },
    { kind: "select", pattern: "" },
    { kind: "alert" },
    { kind: "status", file: "f" },
    { kind: "alert" },
    { kind: "deselect", pattern: "-" },
    { kind: "status", file: "" },
  ]);
});

Deno.test("parseScript sees t as the first argument only", () => {
  equal(parseScript(["t"]).stamped, true);
  equal(parseScript(["tai", "t"]).stamped, true);
  equal(parseScript(["", "t"]).stamped, false);
  equal(parseScript([]).stamped, false);
});

Deno.test("parseScript gives each directory what was set before it, within limits", () => {
  const { actions } = parseScript(
    ["./a", "s5000", "n3", "!cat", "/b", "s1", "n0", "./c", "s99999999", "!", "n12x", ".", "snone"],
  );
  deepEqual(actions, [
    { kind: "log", directory: "./a", size: 99_999, number: 10, command: undefined },
    { kind: "log", directory: "/b", size: 5000, number: 3, command: "cat" },
    { kind: "log", directory: "./c", size: 4096, number: 2, command: "cat" },
    { kind: "log", directory: ".", size: 16_777_215, number: 12, command: "" },
  ]);
});
