// SPDX-License-Identifier: 0BSD
import { deepEqual, throws } from "node:assert/strict";
import { getopt, type Parsed } from "./getopt.ts";
import { Failure } from "./messages.ts";

const USAGE = "usage: tool [ -ab ] [ -c value ] operand";

function parse(...args: string[]): Parsed {
  return getopt({ name: "tool", argv0: "/opt/bin/called", args }, "abc:", USAGE);
}

Deno.test("letters may be joined, and a value to its letter", () => {
  const expected = [["a", ""], ["b", ""], ["c", "x"]];
  for (const args of [["-a", "-b", "-c", "x"], ["-abcx"], ["-ab", "-cx"], ["-abc", "x"]]) {
    const { options, operands } = parse(...args, "rest", "-a");
    deepEqual(options.map(({ letter, value }) => [letter, value]), expected, args.join(" "));
    deepEqual(operands, ["rest", "-a"]);
  }
  // A value is what comes next, whatever it looks like; and may be empty where it stands alone.
  deepEqual(parse("-c", "-a").options, [{ letter: "c", value: "-a" }]);
  deepEqual(parse("-c", "").options, [{ letter: "c", value: "" }]);
});

Deno.test("options end at the first operand, at a lone hyphen, and behind what begins with two", () => {
  deepEqual(parse("-").operands, ["-"]);
  deepEqual(parse("-a", "-", "-b"), {
    options: [{ letter: "a", value: "" }],
    operands: ["-", "-b"],
  });
  deepEqual(parse("--", "-a").operands, ["-a"]);
  deepEqual(parse("--anything", "-a").operands, ["-a"]);
  deepEqual(parse(""), { options: [], operands: [""] });
  deepEqual(parse(), { options: [], operands: [] });
});

Deno.test("the complaint has the name that was called, the usage line the tool's own", () => {
  const refused = (what: string, ...args: string[]): void =>
    throws(() => parse(...args), (error) => {
      deepEqual(error, new Failure(100, `called: ${what}\ntool: ${USAGE}`));
      return true;
    });
  refused("illegal option -- x", "-ax");
  refused("illegal option -- :", "-:");
  refused("option requires an argument -- c", "-ac");
});

Deno.test("each option is taken before the next one is looked at", () => {
  const taken: string[] = [];
  const take = ({ letter }: { letter: string }): void => void taken.push(letter);
  const context = { name: "tool", argv0: "tool", args: ["-abx"] };
  throws(() => getopt(context, "abc:", USAGE, { take }), Failure);
  deepEqual(taken, ["a", "b"]);
});
