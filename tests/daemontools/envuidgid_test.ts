// SPDX-License-Identifier: 0BSD
// Not tested here: accounts from sources other than /etc/passwd.
import { deepEqual, equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import { wrapperTests } from "../harness/wrapper.ts";

wrapperTests({ tool: "envuidgid", args: ["nobody"] });

toolTest("envuidgid says its usage and 100", ["envuidgid"], async (box) => {
  const usage = { code: 100, stdout: "", stderr: "envuidgid: usage: envuidgid account child\n" };
  deepEqual(await box.run(["envuidgid"]), usage);
  deepEqual(await box.run(["envuidgid", "nobody"]), usage);
});

toolTest("envuidgid takes only names that are accounts", ["envuidgid"], async (box) => {
  for (const account of ["no-such-user", "1", "65534", "", "nobody:", " nobody", "-h", "NOBODY"]) {
    deepEqual(await box.run(["envuidgid", account, "echo", "ran"]), {
      code: 111,
      stdout: "",
      stderr: `envuidgid: fatal: unknown account ${account}\n`,
    });
  }
});

toolTest("envuidgid sets UID and GID, and changes nothing else", ["envuidgid"], async (box) => {
  const environment = async (start: string): Promise<string> =>
    (await box.sh(`env -i PATH="$PATH" ${start} envuidgid games env`)).stdout
      .replace(/^PATH=.*\n/m, "");
  equal(await environment("KEEP=1"), "KEEP=1\nGID=60\nUID=5\n");
  // What is removed is replaced by the last entry.
  equal(await environment("UID=1 X=1 GID=2 Y=3"), "GID=60\nX=1\nY=3\nUID=5\n");
});

toolTest("envuidgid keeps all ids and groups", ["envuidgid"], async (box) => {
  const status = "grep -E '^(Uid|Gid|Groups)' /proc/self/status";
  const { stdout } = await box.sh(`setpriv --groups 4,5,6 envuidgid daemon ${status}`);
  equal(stdout, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t4 5 6 \n");
}, { root: true, programs: ["setpriv"] });
