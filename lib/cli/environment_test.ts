// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { Environment } from "./environment.ts";

Deno.test("the first of several is found, as by getenv(3)", () => {
  const env = new Environment(["A=1", "A=2", "AB=3", "=4", "C", "D="]);
  deepEqual(["A", "AB", "", "C", "D", "B"].map((name) => env.get(name)), [
    ...["1", "3", "4"],
    undefined,
    "",
    undefined,
  ]);
});

Deno.test("what is set moves to the end, and the last one takes the place of what is removed (pathexec_env.c)", () => {
  const env = new Environment(["A=1", "B=2", "C=3", "A=4"]);
  env.set("A", "5");
  deepEqual(env.entries(), ["A=4", "B=2", "C=3", "A=5"]);
  env.unset("B");
  deepEqual(env.entries(), ["A=4", "A=5", "C=3"]);
  env.unset("C");
  env.unset("nothing");
  deepEqual(env.entries(), ["A=4", "A=5"]);
});

Deno.test("a name with = in it is a variable up to there", () => {
  const env = new Environment(["A=1"]);
  env.unset("A=x");
  equal(env.get("A"), "x");
});

Deno.test("a copy is another one", () => {
  const env = new Environment(["A=1"]);
  const copy = env.copy();
  copy.set("B", "2");
  deepEqual([env.entries(), copy.entries()], [["A=1"], ["A=1", "B=2"]]);
});
