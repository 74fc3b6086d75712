// SPDX-License-Identifier: 0BSD

// Not tested here: in which order the two directions stand in the record, which depends on the scheduler.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { Random } from "../harness/random.ts";
import { relayTests } from "../harness/relay.ts";

relayTests("recordio");

const TOOLS = ["recordio"];

/** Runs a shell line; what it records in `log` is complete when this returns. */
async function record(box: Box, line: string): Promise<string[]> {
  await box.sh(`rm -f log; ${line} 2>log
    until grep -q '> \\[EOF\\]' log; do sleep 0.01; done`);
  return box.read("log").split("\n").slice(0, -1);
}

/** What a record of one direction shows. */
function shown(lines: readonly string[], direction: "<" | ">"): string {
  return lines
    .map((line) => /^\d+ (.) ([^]*)$/.exec(line) as unknown as [string, string, string])
    .filter(([, mark, text]) => mark === direction && text !== "[EOF]")
    .map(([, , text]) => text.slice(0, -1) + (text.endsWith("+") ? "" : "\n"))
    .join("");
}

toolTest("recordio records both ways all that goes through, in order", TOOLS, async (box) => {
  const random = new Random(1);
  const anything = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  for (const length of [0, 1, 257, 70_000]) {
    for (const alphabet of [anything, "x", "\nx", "\n"]) {
      box.write("text", random.text(length, alphabet));
      const lines = await record(box, "cat text | recordio cat >copy");
      equal(box.read("copy") === box.read("text"), true);
      equal(shown(lines, "<") === box.read("text"), true);
      equal(shown(lines, ">") === box.read("text"), true);
      ok(lines.every((line) => line.replace(/^\d+ [<>] /, "").length <= 257));
      equal(lines.filter((line) => / < \[EOF\]$/.test(line)).length, 1);
      equal(lines.at(-1)?.replace(/^\d+/, ""), " > [EOF]");
    }
  }
});

toolTest("recordio shows long packets in pieces of 256 bytes", TOOLS, async (box) => {
  box.write("text", "a".repeat(600) + "\n" + "b".repeat(166) + "\nc");
  const lines = await record(box, "recordio cat text >copy </dev/null");
  deepEqual(
    lines.map((line) =>
      line.replace(/^\d+ /, "").replace(/(.)\1{9,}/g, (run) => `${run[0]}${run.length}`)
    )
      .filter((line) => line.startsWith(">")),
    ["> a256+", "> a256+", "> a88 ", "> b166 ", "> c+", "> [EOF]"],
  );
});

toolTest("recordio does not mix its lines with those of others", TOOLS, async (box) => {
  const { stdout } = await box.sh(`
    for i in 1 2 3 4; do
      yes "$(head -c 150 /dev/zero | tr '\\0' $i)" | head -n 4000 | recordio cat >/dev/null &
    done 2>&1 | cat
    wait`);
  const wrong = stdout.split("\n").slice(0, -1).filter((line) =>
    !/^\d+ [<>] (\[EOF\]|([1-4])\2*[ +]|[ +])$/.test(line)
  );
  deepEqual(wrong.slice(0, 3), []);
});

toolTest("recordio copies though nothing can be recorded", TOOLS, async (box) => {
  for (const target of ["2>/dev/full", "2>&-", "2</dev/null"]) {
    const { code, stdout } = await box.sh(`yes text | head -n 20000 | recordio wc -l ${target}`);
    deepEqual([code, stdout], [0, "20000\n"], target);
  }
});

toolTest("recordio does not record what the program says itself", TOOLS, async (box) => {
  const lines = await record(box, "recordio sh -c 'echo said >&2' </dev/null");
  deepEqual(lines.map((line) => line.replace(/^\d+/, "PID")).sort(), [
    "PID < [EOF]",
    "PID > [EOF]",
    "said",
  ]);
});
