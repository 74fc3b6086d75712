// SPDX-License-Identifier: 0BSD

// Not tested here: a clock that is set back (lib/tai/stamp.ts has the rule for it).

import { equal, ok } from "node:assert/strict";
import { filterTests } from "../harness/filter.ts";
import { toolTest } from "../harness/harness.ts";

const STAMP = /^@4000000[0-9a-f]{17} /gm;

filterTests({
  tool: "tai64n",
  salt: "\nx@ ",
  convert: (text) => text.replace(/[^\n]*\n|[^\n]+$/g, (line) => "<T> " + line),
  // Only LF ends a line here; to a regular expression's ^ the bytes of CR do too.
  normalise: (output) =>
    output.split("\n").map((line) => line.replace(/^@4000000[0-9a-f]{17} /, "<T> ")).join("\n"),
});

/** Unix time, in seconds, of a stamp at the beginning of `line`. */
function secondsOf(line: string): number {
  return parseInt(line.slice(2, 17), 16) - 10 + parseInt(line.slice(17, 25), 16) / 1e9;
}

toolTest("tai64n stamps with the time of now, in order", ["tai64n"], async (box) => {
  const before = Date.now() / 1000 - 0.001;
  const { stdout } = await box.sh("yes | head -n 100000 | tai64n");
  const after = Date.now() / 1000 + 0.001;
  const stamps = stdout.match(STAMP) ?? [];
  equal(stamps.length, 100_000);
  ok(stamps.every((stamp, i) => i === 0 || stamp >= (stamps[i - 1] as string)), "order");
  ok(stamps.every((stamp) => parseInt(stamp.slice(17, 25), 16) < 1e9), "nanoseconds");
  ok(secondsOf(stamps[0] as string) >= before && secondsOf(stamps.at(-1) as string) <= after);
});

toolTest(
  "tai64n gives no stamp twice",
  ["tai64n"],
  async (box) => {
    const { stdout } = await box.sh("yes '' | head -n 300000 | tai64n");
    const stamps = stdout.match(STAMP) ?? [];
    ok(stamps.every((stamp, i) => i === 0 || stamp > (stamps[i - 1] as string)));
  },
  { djboxOnly: "the C tool's clock counts microseconds" },
);

toolTest("tai64n stamps a line when its first byte comes", ["tai64n"], async (box) => {
  const { stdout } = await box.sh(`
    mkfifo in; tai64n <in >out & pid=$!
    exec 3>in
    printf 'a' >&3; until [ -s out ]; do sleep 0.01; done
    date +%s.%N; sleep 0.05
    printf 'b\\nc\\n' >&3; exec 3>&-; wait $pid; cat out`);
  const [between = "", first = "", second = ""] = stdout.split("\n");
  equal(first.slice(26) + second.slice(26), "abc");
  ok(secondsOf(first) <= Number(between));
  ok(secondsOf(second) >= Number(between));
});
