// SPDX-License-Identifier: 0BSD
// Not tested here: a controlling terminal, which the new session does not have.
import { deepEqual, equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import { wrapperTests } from "../harness/wrapper.ts";

wrapperTests({ tool: "pgrphack", args: [] });

toolTest("pgrphack says its usage and 100", ["pgrphack"], async (box) => {
  deepEqual(await box.run(["pgrphack"]), {
    code: 100,
    stdout: "",
    stderr: "pgrphack: usage: pgrphack child\n",
  });
});

/** Writes process, process group and session ids. */
const IDS = "sh -c 'cut -d\" \" -f1,5,6 /proc/$$/stat'";

toolTest("pgrphack makes the program leader of group and session", ["pgrphack"], async (box) => {
  const { stdout } = await box.sh(`pgrphack ${IDS}`);
  const [pid, group, session] = stdout.trim().split(" ");
  deepEqual([group, session], [pid, pid]);
});

toolTest("pgrphack runs the program of a leader too", ["pgrphack"], async (box) => {
  const { code, stdout } = await box.sh(`setsid -w pgrphack ${IDS}; echo`);
  const [pid, group, session] = stdout.trim().split(" ");
  deepEqual([code, group, session], [0, pid, pid]);
}, { programs: ["setsid"] });

toolTest("pgrphack takes no options", ["pgrphack"], async (box) => {
  equal(
    (await box.run(["pgrphack", "-x"])).stderr,
    "pgrphack: fatal: unable to run -x: file does not exist\n",
  );
});
