// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, strictEqual } from "node:assert/strict";
import { Environment } from "../cli/environment.ts";
import { type Change, changed, EnvironLayouts, logFields, safeField } from "./ucspi.ts";

Deno.test("safeField() hides what could be taken for something else, and cuts at 100", () => {
  equal(safeField("a:b c\x7f\xe4\n~!"), "a?b?c???~!");
  equal(safeField("x".repeat(99)), "x".repeat(99));
  equal(safeField("x".repeat(100)), "x".repeat(100) + "...");
  equal(safeField("x".repeat(101)), "x".repeat(100) + "...");
});

Deno.test("logFields() leaves empty what is not known", () => {
  const peers = {
    local: { address: "\x7f\0\0\x01", port: 25 },
    remote: { address: "\x0a\0\0\x02", port: 1025 },
    localHost: undefined,
    remoteHost: "h",
    remoteInfo: "",
  };
  equal(logFields(peers), ":127.0.0.1:25 h:10.0.0.2::1025");
});

Deno.test("changed() moves what is set to the end and fills the gap from there", () => {
  const env = new Environment(["A=1", "B=2", "C=3"]);
  deepEqual(changed(env, [["A", "9"], ["D", undefined], ["B", undefined]]).entries(), [
    "C=3",
    "A=9",
  ]);
});

Deno.test("EnvironLayouts.after() has the order of changed()", () => {
  const env = new Environment(["A=1", "B=2", "C=3", "junk"]);
  const layouts = new EnvironLayouts(env);
  const changes: Change[] = [["B", "x"], ["N", "y"], ["A", undefined], ["N", "z"]];
  const layout = layouts.after(changes);
  deepEqual(changed(env, changes).entries(), ["B=x", "junk", "C=3", "N=z"]);
  deepEqual(layout.changes, [[0, 0], [3, 3]]);
  strictEqual(layouts.after([["B", ""], ["N", ""], ["A", undefined], ["N", ""]]), layout);
});
