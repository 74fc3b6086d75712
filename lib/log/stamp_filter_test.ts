// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { fromBytes, putBytes } from "../os/bytes.ts";
import type { Time } from "../os/clock.ts";
import { StampFilter } from "./stamp_filter.ts";

/** What becomes of `pieces` that are read at `times`. */
function stamp(pieces: readonly string[], times: readonly Time[]): string {
  const left = [...times];
  const filter = new StampFilter({ read: () => left.shift() as Time });
  return pieces.map((piece) => {
    const count = filter.take(putBytes(filter.input, 0, piece));
    return fromBytes(filter.output.subarray(0, count));
  }).join("");
}

const at = (seconds: number, nanoseconds: number): Time => ({ seconds, nanoseconds });

Deno.test("each line has a stamp of its own, a nanosecond after the one before", () => {
  equal(
    stamp(["a\n\nb\n", "c\n"], [at(5, 254), at(5, 1000)]),
    "@400000000000000f000000fe a\n@400000000000000f000000ff \n@400000000000000f00000100 b\n" +
      "@400000000000000f000003e8 c\n",
  );
});

Deno.test("a line is stamped when its first byte comes, and only then", () => {
  equal(
    stamp(["par", "t", "ial\nnext", "\n", "\n"], [1, 2, 3, 4, 5].map((s) => at(s, 7))),
    "@400000000000000b00000007 partial\n@400000000000000d00000007 next\n" +
      "@400000000000000f00000007 \n",
  );
});

Deno.test("stamps go over the end of a second in order", () => {
  const output = stamp(["x\n".repeat(10) + "end"], [at(5, 999_999_995)]);
  deepEqual(
    output.split("\n").map((line) => line.slice(16)),
    ["f3b9ac9fb x", "f3b9ac9fc x", "f3b9ac9fd x", "f3b9ac9fe x", "f3b9ac9ff x"].concat(
      ["000000000 x", "000000001 x", "000000002 x", "000000003 x", "000000004 x", "000000005 end"],
    ),
  );
});

Deno.test("stamps rise however the clock is read, with every size of a read", () => {
  let seconds = 0;
  let nanoseconds = 999_900_000;
  const sizes = [1, 2, 3, 1000, 30_000, 65_536, 65_536, 65_536, 5, 65_535];
  const times = sizes.map((size) => {
    const time = at(seconds, nanoseconds);
    nanoseconds += size / 4; // too little for the lines that have come
    if (nanoseconds >= 1e9) {
      nanoseconds -= 1e9;
      seconds++;
    }
    return time;
  });
  const output = stamp(
    sizes.map((size) => "\n".repeat(size)),
    times.map((t) => at(t.seconds, Math.floor(t.nanoseconds))),
  );
  const stamps = output.split("\n").slice(0, -1);
  equal(stamps.length, sizes.reduce((sum, size) => sum + size, 0));
  ok(stamps.every((text) => /^@40000000000000(0a|0b)[0-3][0-9a-f]{7} $/.test(text)));
  ok(stamps.every((text, i) => i === 0 || text > (stamps[i - 1] as string)));
});
