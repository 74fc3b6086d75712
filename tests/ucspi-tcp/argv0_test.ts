// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";

const TOOLS = ["argv0"];

toolTest("argv0 wants two names", TOOLS, async (box) => {
  for (const args of [[], ["sh"]]) {
    deepEqual(await box.run(["argv0", ...args]), {
      code: 100,
      stdout: "",
      stderr: "argv0: usage: argv0 realname program [ arg ... ]\n",
    });
  }
});

toolTest("argv0 gives the program any name, and its arguments as they are", TOOLS, async (box) => {
  box.write("show", "tr '\\0' '|' </proc/$$/cmdline");
  for (const name of ["x", "", "-sh", "a b/c", "caf\\351", "two\\nlines"]) {
    const { code, stdout } = await box.sh(
      `argv0 /bin/sh "$(printf -- '${name}')" show '' '-x' "$(printf '\\377')"`,
    );
    const shown = name.replace("\\351", "\xe9").replace("\\n", "\n");
    deepEqual([code, stdout], [0, `${shown}|show||-x|\xff|`]);
  }
});

toolTest("argv0 looks for the first name, not for the second", TOOLS, async (box) => {
  box.script("bin/program", "echo $0; exit 5");
  const env = { PATH: `${box.dir}/bin:${box.path}` };
  const { code, stdout } = await box.run(["argv0", "program", "missing"], { env });
  deepEqual([code, stdout], [5, `${box.dir}/bin/program\n`]);
  deepEqual(await box.run(["argv0", "missing", "program"], { env }), {
    code: 111,
    stdout: "",
    stderr: "argv0: fatal: unable to run missing: file does not exist\n",
  });
});

toolTest("argv0 renames the tools that come with it", ["argv0", "addcr"], async (box) => {
  const { code, stdout } = await box.run(["argv0", "addcr", "anything"], { stdin: "x\n" });
  deepEqual([code, stdout], [0, "x\r\n"]);
  // Also where that is the name of another one.
  const { stdout: same } = await box.sh("printf 'x\\n' | argv0 addcr delcr");
  equal(same, "x\r\n");
  const { stdout: shown } = await box.sh(`
    mkfifo f; argv0 addcr other <f & exec 3>f
    until [ "$(tr '\\0' ' ' </proc/$!/cmdline)" = 'other ' ]; do sleep 0.01; done
    echo shown; kill $!`);
  equal(shown, "shown\n");
});
