// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { parseOptions } from "./long_options.ts";

/** Flags, values and operands; undefined: wrong usage. */
function parse(
  ...args: string[]
): [string[], Record<string, string>, readonly string[]] | undefined {
  const parsed = parseOptions(args, ["stop", "no-boot"], ["root", "init"]);
  return parsed && [[...parsed.flags], Object.fromEntries(parsed.values), parsed.operands];
}

Deno.test("flags, values in either form, and operands among them", () => {
  deepEqual(parse(), [[], {}, []]);
  deepEqual(parse("a", "--stop", "b", "--root", "/x", "--init=systemd", "c"), [
    ["stop"],
    { root: "/x", init: "systemd" },
    ["a", "b", "c"],
  ]);
  // The last one counts; a value may hold anything, but nothing.
  deepEqual(parse("--root=/a", "--root", "--stop"), [[], { root: "--stop" }, []]);
  deepEqual(parse("--root=a=b\nc"), [[], { root: "a=b\nc" }, []]);
});

Deno.test("whatever else begins with a hyphen is wrong usage", () => {
  for (
    const args of [
      ...[["-s"], ["-"], ["--"], ["--other"], ["--stop=yes"], ["--Stop"], ["a", "-b"]],
      ...[["--root"], ["--root="], ["--root", ""]],
    ]
  ) equal(parse(...args), undefined, args.join(" "));
});
