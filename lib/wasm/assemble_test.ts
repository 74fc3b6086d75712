// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import {
  add,
  assemble,
  branch,
  call,
  type Code,
  drop,
  either,
  i32,
  load128,
  load32,
  loop,
  min,
  ret,
  type Routine,
  routine,
  splat,
  store128,
  store32,
  sub,
  when,
} from "./assemble.ts";
import { instantiate, memoryOf } from "./instance.ts";

type Compiled = (...operands: number[]) => number;

function load(body: Routine): Compiled {
  return instantiate(memoryOf(1), assemble([["it", body]])).it as Compiled;
}

Deno.test("routines have parameters and locals, and call each other", () => {
  const double = routine(["i32"], ["i32"], (n, copy) => [copy.set(n.get), add(n.get, copy.get)]);
  const twice = routine(["i32"], [], (n) => [drop(i32(7)), call(0, n.get)]);
  const compiled = instantiate(memoryOf(1), assemble([[undefined, double], ["twice", twice]]));
  deepEqual(Object.keys(compiled), ["twice"]);
  equal((compiled.twice as Compiled)(21), 42);
});

Deno.test("the depth of a branch counts from the innermost block", () => {
  const sum = load(routine(["i32"], ["i32"], (n, total) => [
    loop(
      either(
        n.get,
        [total.increase(n.get), n.set(sub(n.get, i32(1))), branch(1)],
        [when(i32(1), ret(total.get))],
      ),
    ),
    i32(-1),
  ]));
  equal(sum(10), 55);
});

Deno.test("numbers of all sizes", () => {
  const values = [0, 1, 63, 64, 127, 128, -1, -64, -65, 2 ** 31 - 1, -(2 ** 31)];
  deepEqual(values.map((value) => load(routine([], [], () => [i32(value)]))()), values);
});

Deno.test("min compares without signs", () => {
  const smaller = load(routine(["i32", "i32"], [], (a, b) => [min(a.get, b.get)]));
  deepEqual([smaller(3, 4), smaller(4, 3), smaller(-1, 5), smaller(7, 7)], [3, 3, 5, 7]);
});

Deno.test("memory is addressed with an offset, and shared with whoever gave it", () => {
  const memory = memoryOf(65537);
  const body = (...code: Code[]): Routine => routine(["i32", "i32"], [], () => code);
  const round = routine(["i32", "i32"], [], (at, value) => [
    store32(at.get, value.get, 1000),
    store128(at.get, splat(i32(7)), 2000),
    store128(at.get, load128(at.get, 2000), 3000),
    load32(add(at.get, i32(1000))),
  ]);
  const { it } = instantiate(memory, assemble([["it", round], ["other", body(i32(0))]]));
  equal((it as Compiled)(70_000, 12345678), 12345678);
  const bytes = new Uint8Array(memory.buffer);
  equal(memory.buffer.byteLength, 2 * 65536);
  deepEqual([...bytes.subarray(72_999, 73_017)], [0, ...Array(16).fill(7), 0]);
});
