// SPDX-License-Identifier: 0BSD
import { ok } from "node:assert/strict";
import { releaseMemory } from "./idle_memory.ts";

/** The kilobytes that are this process's own. */
function own(): number {
  const rollup = Deno.readTextFileSync("/proc/self/smaps_rollup");
  return Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(rollup)?.[1]);
}

Deno.test({
  name: "a process that rests gives back what nobody refers to, and goes on",
  ignore: !("gc" in globalThis), // V8's flag --expose-gc
  fn: () => {
    let garbage: number[][] | undefined = Array.from({ length: 40 }, () => {
      return new Array<number>(100_000).fill(1.5);
    });
    const before = own();
    ok(garbage.length > 0);
    garbage = undefined;
    releaseMemory();
    const after = own();
    ok(after < before - 20_000, `${before} kB, then ${after}`);
    ok(new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync().success);
  },
});
