// SPDX-License-Identifier: 0BSD
// Whether the drill runs and tells good from bad; its rows are for whoever asks for them (deno task drill).
import { equal, match } from "node:assert/strict";
import { COMMANDS } from "../tests/harness/harness.ts";
import { ROOT } from "./root.ts";

const SCRIPT = ROOT + "scripts/drill.ts";

function drill(...args: string[]): { code: number; stdout: string } {
  const { code, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, "--commands", COMMANDS, ...args],
    stderr: "null",
  }).outputSync();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

Deno.test("drill: djbox comes through what kills supervisors", () => {
  const { code, stdout } = drill("--systems", "djbox", "supervisors-killed");
  match(
    stdout,
    /^\| what happens +\| djbox +\|\n\| -+ \| -+ \|\n\| kill -9 [^|]+\| \d\.\d s +\|\n$/,
  );
  equal(code, 0);
});

Deno.test("drill: what there is no row for is wrong usage", () => {
  equal(drill("no-such-row").code, 100);
  equal(drill("--runs", "0").code, 100);
  match(drill("--list").stdout, /^supervisors-killed: /);
});
