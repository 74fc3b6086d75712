// SPDX-License-Identifier: 0BSD

// Not tested here: a zone file that is replaced while tai64nlocal runs.

import { equal } from "node:assert/strict";
import { filterTests } from "../harness/filter.ts";
import { cTool, toolTest } from "../harness/harness.ts";
import { Random, roundsOf } from "../harness/random.ts";

filterTests({
  tool: "tai64nlocal",
  salt: "\nx 4a",
  avoid: "@",
  convert: (text) => text,
});

const CRASHES = "the C tool crashes";

function stamp(seconds: number | bigint, nanoseconds = 0): string {
  const label = BigInt.asUintN(64, (1n << 62n) + 10n + BigInt(seconds));
  return "@" + label.toString(16).padStart(16, "0") + nanoseconds.toString(16).padStart(8, "0");
}

toolTest("tai64nlocal copies what only looks like a stamp", ["tai64nlocal"], async (box) => {
  const text = [
    "@",
    "@x",
    "@40",
    "@4000000037c219bf2ef02e9 short",
    "@4000000037C219BF2EF02E94 upper case",
    "@" + "0".repeat(24) + " long ago",
    "@" + "f".repeat(24) + " reserved",
    "@7" + "f".repeat(23) + " long after",
    stamp(67768036191676800n) + " one second too late",
    "@" + "4".repeat(5000) + " too many digits",
    "end",
  ].join("\n");
  const { code, stdout } = await box.run(["tai64nlocal"], { stdin: text });
  equal(code, 0);
  equal(stdout, text);
}, { djboxOnly: CRASHES });

toolTest("tai64nlocal shows all years that a clock can show", ["tai64nlocal"], async (box) => {
  const shown = async (seconds: number | bigint): Promise<string> =>
    (await box.run(["tai64nlocal"], { stdin: stamp(seconds) + "\n" })).stdout.slice(0, -1);
  equal(await shown(253402300800), "10000-01-01 00:00:00.000000000");
  equal(await shown(67767976233532799n), "2147483647-12-31 23:59:59.000000000");
  // The C tool takes an int for an unsigned long.
  equal(await shown(67767976233532800n), "18446744071562067968-01-01 00:00:00.000000000");
  equal(await shown(-62167219201), "18446744073709551615-12-31 23:59:59.000000000");
  equal(await shown(-62167219200), "0-01-01 00:00:00.000000000");
});

toolTest("tai64nlocal takes the last 24 of more digits", ["tai64nlocal"], async (box) => {
  const text = "@00004000000037c219bf2ef02e94 x\n@abcdef4000000037c219bf2ef02e94\n";
  equal(
    (await box.run(["tai64nlocal"], { stdin: text })).stdout,
    "1999-08-24 04:04:05.787492500 x\n1999-08-24 04:04:05.787492500\n",
  );
});

toolTest("tai64nlocal drops a stamp that ends with the input", ["tai64nlocal"], async (box) => {
  for (const end of ["@", "@40", stamp(0)]) {
    equal((await box.run(["tai64nlocal"], { stdin: "x\n" + end })).stdout, "x\n");
  }
});

toolTest("tai64nlocal shows a stamp as soon as it has ended", ["tai64nlocal"], async (box) => {
  const { stdout } = await box.sh(`
    mkfifo in; tai64nlocal <in >out & pid=$!
    exec 3>in
    printf 'a\\n@4000000037c219bf2ef02e9' >&3; until [ -s out ]; do sleep 0.01; done
    printf '4' >&3; sleep 0.05; cat out
    printf ' ' >&3; until [ "$(wc -c <out)" = 32 ]; do sleep 0.01; done
    cat out; exec 3>&-; wait $pid`);
  equal(stdout, "a\na\n1999-08-24 04:04:05.787492500 ");
});

toolTest(
  "tai64nlocal takes TZ from the environment that a tool before it made",
  ["envdir", "tai64nlocal"],
  async (box) => {
    box.write("env/TZ", "JST-9\n");
    const { stdout } = await box.run(["envdir", "env", "tai64nlocal"], { stdin: stamp(0) + "\n" });
    equal(stdout, "1970-01-01 09:00:00.000000000\n");
    box.write("env/TZ", "");
    box.write("env/TZDIR", "/nowhere\n");
    const without = await box.run(["envdir", "env", "tai64nlocal"], {
      stdin: stamp(0) + "\n",
      env: { TZ: "Asia/Tokyo" },
    });
    equal(without.code, 0);
  },
);

const ZONES = [
  "UTC",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "Africa/Monrovia",
  "Pacific/Apia",
  "America/St_Johns",
  "right/UTC",
  "right/Europe/Berlin",
  "CET-1CEST,M3.5.0,M10.5.0/3",
  "AAA-1:30:15BBB,J60/0:30:15,J300/1",
  "<+0330>-3:30",
  "X:3",
  "nonsense",
];

/** Stamps as a log has them: mostly forward by little, now and then by days, rarely anywhere. */
function logOf(random: Random, lines: number): string {
  let seconds = 1.6e9;
  let text = "";
  for (let i = 0; i < lines; i++) {
    const kind = random.below(20);
    if (kind < 10) seconds += random.pick([0, 0, 1, 2, 7, 59, 60]);
    else if (kind < 17) seconds += random.below(4000);
    else if (kind < 19) seconds += random.below(9_000_000) - 1000;
    else seconds = random.below(9e9) - 4e9;
    const nanoseconds = random.pick([0, 999_999_999, random.below(1e9), random.below(2 ** 32)]);
    text += `${stamp(seconds, nanoseconds)} ${random.text(random.below(100), "x@\r ")}\n`;
  }
  return text;
}

toolTest("tai64nlocal shows what the C tool shows", ["tai64nlocal"], async (box) => {
  const reference = cTool("tai64nlocal");
  if (reference === undefined) return;
  for (let seed = 0; seed < roundsOf(ZONES.length); seed++) {
    const TZ = ZONES[seed % ZONES.length] as string;
    const options = { stdin: logOf(new Random(seed), 3000), env: { TZ } };
    const shown = await box.run(["tai64nlocal"], options);
    const expected = await box.run([reference], options);
    equal(shown.stdout === expected.stdout, true, `TZ=${TZ}, seed ${seed}`);
  }
}, { djboxOnly: "it is compared with the C tool" });

toolTest("tai64nlocal shows what comes after a leap second", ["tai64nlocal"], async (box) => {
  const leap = 0x586846a4 - 10;
  const stdin = [0, 1, 3600, -100_000].map((later) => `${stamp(leap + later, 5)} x\n`).join("");
  const { code, stdout } = await box.run(["tai64nlocal"], { stdin, env: { TZ: "right/UTC" } });
  equal(code, 0);
  equal(
    stdout,
    "2016-12-31 23:59:60.000000005 x\n2017-01-01 00:00:00.000000005 x\n" +
      "2017-01-01 00:59:59.000000005 x\n2016-12-30 20:13:20.000000005 x\n",
  );
}, { programs: ["zdump"] });
