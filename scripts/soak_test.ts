// SPDX-License-Identifier: 0BSD
// Whether a soak of seconds runs, and balances; a long one is for whoever asks for it (deno task soak --minutes N).
import { equal, match } from "node:assert/strict";
import { COMMANDS } from "../tests/harness/harness.ts";
import { ROOT } from "./root.ts";

const SCRIPT = ROOT + "scripts/soak.ts";

function soak(...args: string[]): { code: number; stdout: string } {
  const { code, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, "--commands", COMMANDS, ...args],
    stderr: "null",
  }).outputSync();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

Deno.test("soak: a short one balances", () => {
  const { code, stdout } = soak("--minutes", "0.1", "--services", "3");
  match(stdout, /^3 services; \d.*\n\d+ lines written, 0 lost, 0 logged twice\n/);
  match(stdout, /\nthe books balance\n$/);
  equal(code, 0);
});

Deno.test("soak: without a time it is wrong usage", () => {
  equal(soak().code, 100);
  equal(soak("--minutes", "0").code, 100);
});
