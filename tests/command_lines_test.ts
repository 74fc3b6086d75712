// SPDX-License-Identifier: 0BSD

// Random command lines: what C's tool says, ours says. Options and operands that are ours alone are not among them. Not
// tested here: recordio, which shows pids; softlimit's numbers, which might keep the test itself from going on, and what a tool does once its command
// line is right.

import { deepEqual } from "node:assert/strict";
import { type Box, cTool, mixedTest, type Result } from "./harness/harness.ts";
import { fc, holdsSlowly } from "./harness/properties.ts";

/** A tool's options in C, as for getopt(3), and what stands behind them: where they are right, nothing lasts. */
const TOOLS: Readonly<Record<string, readonly [letters: string, operands: readonly string[]]>> = {
  argv0: ["", ["true", "other"]],
  envdir: ["", ["empty", "true"]],
  envuidgid: ["", ["root", "env"]],
  fixcrio: ["", ["true"]],
  pgrphack: ["", ["true"]],
  rblsmtpd: ["bBcCt:r:a:", ["true"]],
  setlock: ["nNxX", ["lock", "true"]],
  setuidgid: ["", ["root", "true"]],
  softlimit: ["", ["true"]],
  svc: ["duopchaitkx", ["empty", "missing"]],
  svok: ["", ["empty"]],
  svstat: ["", ["empty", "missing"]],
  tcpclient: ["hHrRdDqQvp:i:l:t:T:", ["127.0.0.1", "no-such-port", "true"]],
  tcprulescheck: ["", ["missing.cdb"]],
  tcpserver: ["hHrRdDqQvpPoO1c:x:B:b:u:g:l:t:", ["127.0.0.1", "no-such-port", "true"]],
};
/** Letters that no tool knows, here or there. */
const UNKNOWN = "zZ?=: é9";
const RUNS = 12;

/** Options, right and wrong, joined and apart; what an option takes may be the next one. */
function options(letters: string): fc.Arbitrary<string[]> {
  const known = letters.replaceAll(":", "");
  const letter = known === "" ? fc.constantFrom(...UNKNOWN) : fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN) },
  );
  const value = fc.constantFrom("", "0", "7", "x", "-", "1.2.3.4", "99999999999999999999");
  return fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.tuple(letter, value).map(([letter, value]) => `-${letter}${value}`),
      },
      { weight: 3, arbitrary: fc.array(letter, { maxLength: 4 }).map((all) => "-" + all.join("")) },
      { weight: 1, arbitrary: fc.constantFrom("--", "--x", "-") },
    ),
    { maxLength: 4 },
  );
}

/** Runs ours and C's side by side, each in a folder of its own. */
async function both(box: Box, tool: string, args: readonly string[]): Promise<[Result, Result]> {
  for (const side of ["ours", "C"]) {
    await Deno.remove(`${box.dir}/${side}`, { recursive: true }).catch(() => {});
    await Deno.mkdir(`${box.dir}/${side}/empty`, { recursive: true });
  }
  const env = { DNSCACHEIP: "127.0.0.1", RBLSMTPD: "" };
  return await Promise.all([
    box.run([tool, ...args], { env, cwd: `${box.dir}/ours` }),
    box.run([cTool(tool) ?? "", ...args], { env, cwd: `${box.dir}/C` }),
  ]);
}

for (const [tool, [letters, operands]] of Object.entries(TOOLS)) {
  mixedTest(`${tool} says of a command line what C's ${tool} says`, [tool], async (box) => {
    const missing = fc.nat(3).map((count) => operands.slice(0, operands.length - (count % 3)));
    await holdsSlowly(RUNS, [options(letters), missing], async (options, operands) => {
      const args = [...options, ...operands];
      const [ours, original] = await both(box, tool, args);
      deepEqual(ours, original, `${tool} ${JSON.stringify(args)}`);
    });
  });
}
