// SPDX-License-Identifier: 0BSD
// What is said where there is nothing to emulate; a run itself is for whoever asks for it (deno task arm64 FILTER).
import { deepEqual, match } from "node:assert/strict";
import { ROOT } from "./root.ts";

const SCRIPT = ROOT + "scripts/arm64.ts";

function arm64(args: readonly string[], env: Record<string, string> = {}): [number, string] {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, ...args],
    env,
    stdout: "null",
  }).outputSync();
  return [code, new TextDecoder().decode(stderr)];
}

Deno.test("arm64: what is no part of a file's name is wrong usage", () => {
  for (const wrong of ["--help", "a b", "$(x)"]) {
    deepEqual(arm64([wrong]), [100, "arm64: usage: arm64 [ filter ... ]\n"]);
  }
});

Deno.test("arm64: what is lacking is told by the names of its packages", () => {
  const empty = Deno.makeTempDirSync({ prefix: "djbox-test." });
  try {
    Deno.symlinkSync("/bin/sh", `${empty}/sh`);
    const [code, said] = arm64(["fork_test"], { PATH: empty });
    match(
      said,
      /^arm64: fatal: lacking: apt-get install qemu-system-arm debootstrap e2fsprogs cpio git npm\n$/,
    );
    deepEqual(code, 111);
  } finally {
    Deno.removeSync(empty, { recursive: true });
  }
});
