// SPDX-License-Identifier: 0BSD
// What sh(1) runs of it, and what becomes of the file: tests/djbox/djbox-boot_test.ts.
import { equal } from "node:assert/strict";
import { beforeLastExit } from "./rc_local.ts";

/** The text with a mark where a line would go. */
function marked(text: string): string {
  const at = beforeLastExit(text);
  return `${text.slice(0, at)}@${text.slice(at)}`;
}

Deno.test("a line goes before what ends the script, else to its end", () => {
  for (
    const text of [
      "@",
      "a\n@",
      "a\n@exit 0\n",
      "a\n@  exit 0 # done\n\n# more\n",
      "@exit 0\nexit 1\n",
      "a\n@b; exit 0\n",
      "a\n@test -e x && exit 0\nexit 1\n",
      "a\n@exec b -c\n",
      "exec 2>log\n@",
      "exec >log 2>&1\na\n@exit\n",
      "exit_not\n@",
      "echo exit\n@",
    ]
  ) equal(marked(text.replace("@", "")), text);
});

Deno.test("what belongs to the line before is not taken from it", () => {
  for (
    const text of [
      "a ||\nexit 0\n@",
      "a && \\\nexit 0\n@",
      "if a; then\nexit 0; fi\n@",
      "a || {\n  exit 1\n}\n@",
      "if a; then\n  exit 1\nfi\n@exit 0\n",
      "case $1 in\n  x) a; exit 1 ;;\nesac\n@exit 0\n",
    ]
  ) equal(marked(text.replace("@", "")), text);
});
