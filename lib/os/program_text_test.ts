// SPDX-License-Identifier: 0BSD
import { ok } from "node:assert/strict";
import { letGoOfText } from "./program_text.ts";

/** The megabytes of files that are mapped and present. */
function present(): number {
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) /
    1024;
}

Deno.test("the text that was let go of comes back where it is needed", () => {
  const before = present();
  letGoOfText();
  const after = present();
  ok(after < before - 10, `${before} MB, then ${after}`);
  // It still runs, and starts others.
  ok(new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync().success);
});
