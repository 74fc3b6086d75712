// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";

toolTest("svok wants a directory", ["svok"], async (box) => {
  deepEqual(await box.run(["svok"]), { code: 100, stdout: "", stderr: "svok: usage: svok dir\n" });
});

toolTest("svok says nothing and 100 where nobody supervises", ["svok"], async (box) => {
  deepEqual(await box.run(["svok", "."]), { code: 100, stdout: "", stderr: "" });
  box.write("a/supervise/ok", "");
  deepEqual(await box.run(["svok", "missing"]), {
    code: 111,
    stdout: "",
    stderr: "svok: fatal: unable to chdir to missing: file does not exist\n",
  });
});

toolTest(
  "svok needs no reader's permission, but must be able to write to ok",
  ["svok"],
  async (box) => {
    const { code, stderr } = await box.sh("mkdir -p b/supervise/ok; svok b");
    deepEqual([code, stderr], [
      111,
      "svok: fatal: unable to open b/supervise/ok: is a directory\n",
    ]);
  },
);
