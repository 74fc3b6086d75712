// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { filterTests } from "../harness/filter.ts";
import { toolTest } from "../harness/harness.ts";

const ALONE = "Debian's daemontools has no tai64nfrac";

filterTests({
  tool: "tai64nfrac",
  salt: "\nx@40 ",
  convert: (text) => text,
  djboxOnly: ALONE,
});

toolTest("tai64nfrac shows stamps as decimal seconds", ["tai64nfrac"], async (box) => {
  const shown = async (stdin: string): Promise<string> =>
    (await box.run(["tai64nfrac"], { stdin })).stdout;
  equal(
    await shown("@4000000037c219bf2ef02e94 mark\n@4000000037c219bf00000001\n"),
    "935467445.787492500  mark\n935467445.000000001 \n",
  );
  equal(await shown("@400000000000000a00000000 x"), "0.000000000  x");
  equal(await shown("@400000010000000a3b9ac9ff\tx"), "4294967296.999999999 \tx");
  // at the end of the input
  equal(await shown("@4000000037c219bf2ef02e94"), "935467445.787492500 ");
});

toolTest("tai64nfrac copies what is no stamp, or from before 1970", ["tai64nfrac"], async (box) => {
  const text = [
    "@",
    "@40",
    "@4000000037c219bf2ef02e9 short",
    "@4000000037C219BF2EF02E94 upper case",
    "@400000000000000900000000 before 1970",
    "@000000000000000000000000",
    " @4000000037c219bf2ef02e94 not at the beginning",
    "x@4000000037c219bf2ef02e94",
    "@4000",
  ].join("\n");
  equal((await box.run(["tai64nfrac"], { stdin: text })).stdout, text);
}, { djboxOnly: ALONE });

toolTest("tai64nfrac undoes tai64n", ["tai64nfrac", "tai64n"], async (box) => {
  const { stdout } = await box.sh("date +%s; echo text | tai64n | tai64nfrac; date +%s");
  const [, before, time, after] = /^(\d+)\n(\d+\.\d{9}) {2}text\n(\d+)\n$/.exec(stdout) ?? [];
  equal(Number(before) <= Number(time) && Number(time) <= Number(after) + 1, true, stdout);
});
