// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, throws } from "node:assert/strict";
import { assemble } from "./assemble.ts";

function load(functions: string): WebAssembly.Exports {
  const text = `(module (import "env" "memory" (memory 1)) ${functions})`;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble(text));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

Deno.test("assemble makes functions with parameters, locals and calls", () => {
  const { twice } = load(`
    (func $twice (export "twice") (param $n i32) (result i32)
      local.get $n  call $add_self ;; a comment with (parentheses)
    )
    (func $add_self (param $n i32) (result i32) (local $copy i32)
      local.get $n  local.tee $copy  local.get $copy  i32.add
    )`) as { twice: (n: number) => number };
  equal(twice(21), 42);
});

Deno.test("assemble counts labels from the innermost block, else has none of its own", () => {
  const { sum } = load(`
    (func $sum (export "sum") (param $n i32) (result i32) (local $total i32)
      block $done
        loop $next
          local.get $n  i32.eqz
          if
            br $done
          else
            local.get $total  local.get $n  i32.add  local.set $total
          end
          local.get $n  i32.const -1  i32.add  local.set $n
          br $next
        end
      end
      local.get $total
    )`) as { sum: (n: number) => number };
  equal(sum(10), 55);
});

Deno.test("assemble writes numbers of all sizes", () => {
  const values = [0, 1, 63, 64, 127, 128, -1, -64, -65, 2 ** 31 - 1, -(2 ** 31)];
  const functions = values.map((value, i) =>
    `(func $f${i} (export "f${i}") (result i32) i32.const ${value})`
  );
  const exports = load(functions.join("\n")) as Record<string, () => number>;
  deepEqual(values.map((_, i) => exports[`f${i}`]?.()), values);
  const { big } = load(
    `(func $big (export "big") (result i64) i64.const 0x000f000f000f000f)`,
  ) as { big: () => bigint };
  equal(big(), 0x000f000f000f000fn);
});

Deno.test("assemble addresses memory with an offset", () => {
  const { round } = load(`
    (func $round (export "round") (param $at i32) (param $value i32) (result i32)
      local.get $at  local.get $value  i32.store offset=1000
      local.get $at  i32.const 1000  i32.add  i32.load
    )`) as { round: (at: number, value: number) => number };
  equal(round(8, 12345678), 12345678);
});

Deno.test("assemble refuses what it does not know", () => {
  throws(() => load(`(func $f i32.nonsense)`), /unknown instruction i32.nonsense/);
  throws(() => load(`(func $f local.get $missing)`), /unknown name \$missing/);
  throws(() => load(`(func $f (param $x f32))`), /unknown type f32/);
  throws(() => load(`(func $f`), /unbalanced/);
  throws(() => assemble("(func)"), /not a module/);
});
