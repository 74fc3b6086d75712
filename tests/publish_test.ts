// SPDX-License-Identifier: 0BSD

// lib/cdb and lib/tai are packages for others (the exports in deno.json). Not tested: the registry itself.

import { equal } from "node:assert/strict";

Deno.test("lib/cdb and lib/tai can be published as they are", () => {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--quiet"],
    cwd: new URL("..", import.meta.url),
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  equal(code, 0, new TextDecoder().decode(stderr));
});
