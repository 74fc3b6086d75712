// SPDX-License-Identifier: 0BSD
// Not tested here: accounts from sources other than /etc/passwd, user namespaces, a limit of processes that
// setuid(2) exceeds.
import { deepEqual, equal } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { wrapperTests } from "../harness/wrapper.ts";

const ROOT = { root: true };

wrapperTests({ tool: "setuidgid", args: ["nobody"], ...ROOT });

toolTest("setuidgid says its usage and 100", ["setuidgid"], async (box) => {
  const usage = { code: 100, stdout: "", stderr: "setuidgid: usage: setuidgid account child\n" };
  deepEqual(await box.run(["setuidgid"]), usage);
  deepEqual(await box.run(["setuidgid", "nobody"]), usage);
  deepEqual(await box.run(["setuidgid", "no-such-user"]), usage);
});

toolTest("setuidgid takes only names that are accounts", ["setuidgid"], async (box) => {
  for (const account of ["no-such-user", "1", "65534", "", "nobody:", " nobody", "-h", "NOBODY"]) {
    deepEqual(await box.run(["setuidgid", account, "echo", "ran"]), {
      code: 111,
      stdout: "",
      stderr: `setuidgid: fatal: unknown account ${account}\n`,
    });
  }
  const { stderr } = await box.sh(`setuidgid "$(printf '\\377x')" echo ran`);
  equal(stderr, "setuidgid: fatal: unknown account \xffx\n");
});

/** The ids of a process started by `line`: real, effective, saved and file system ids, and the groups. */
async function ids(box: Box, line: string): Promise<string[]> {
  const { stdout, stderr } = await box.sh(
    `setpriv --groups 4,5,6 ${line} grep -E '^(Uid|Gid|Groups)' /proc/self/status`,
  );
  equal(stderr, "");
  return stdout.trim().split("\n").map((text) => text.replace(/\s+/g, " ").trim());
}

toolTest("setuidgid sets all ids and drops all groups", ["setuidgid"], async (box) => {
  deepEqual(await ids(box, "setuidgid nobody"), [
    "Uid: 65534 65534 65534 65534",
    "Gid: 65534 65534 65534 65534",
    "Groups: 65534",
  ]);
  deepEqual(await ids(box, "setuidgid games"), ["Uid: 5 5 5 5", "Gid: 60 60 60 60", "Groups: 60"]);
  deepEqual(await ids(box, "setuidgid root"), ["Uid: 0 0 0 0", "Gid: 0 0 0 0", "Groups: 0"]);
}, { ...ROOT, programs: ["setpriv"] });

toolTest("setuidgid leaves no way back", ["setuidgid"], async (box) => {
  const { stdout } = await box.sh(
    `setuidgid nobody perl -e '$< = 0; $> = 0; print "$< $>\\n"'
    setuidgid nobody grep -cE '^Cap(Prm|Eff):.0*$' /proc/self/status`,
  );
  equal(stdout, "65534 65534\n2\n");
}, { ...ROOT, programs: ["perl"] });

toolTest("setuidgid is root's alone, even for one's own account", ["setuidgid"], async (box) => {
  for (const account of ["daemon", "nobody"]) {
    deepEqual(await box.run(["setuidgid", "nobody", "setuidgid", account, "echo", "ran"]), {
      code: 111,
      stdout: "",
      stderr: "setuidgid: fatal: unable to setgid: permission denied\n",
    });
  }
}, ROOT);

toolTest(
  "setuidgid without the capability for it fails at that step",
  ["setuidgid"],
  async (box) => {
    const failure = async (capability: string): Promise<string> =>
      (await box.sh(`setpriv --bounding-set -${capability} setuidgid nobody echo ran`)).stderr;
    equal(await failure("setgid"), "setuidgid: fatal: unable to setgid: permission denied\n");
    equal(await failure("setuid"), "setuidgid: fatal: unable to setuid: permission denied\n");
  },
  { ...ROOT, programs: ["setpriv"] },
);

toolTest("setuidgid leaves the environment as it is", ["setuidgid"], async (box) => {
  const { stdout } = await box.sh(
    'env -i PATH="$PATH" HOME=/root USER=root UID=0 setuidgid nobody env | grep -v ^PATH=',
  );
  equal(stdout, "HOME=/root\nUSER=root\nUID=0\n");
}, ROOT);

toolTest("setuidgid looks for the program as the account", ["setuidgid"], async (box) => {
  box.script("rootonly", "echo ran");
  await box.sh("chmod 700 rootonly; mkdir -m 700 private; cp rootonly private/prog");
  for (const program of ["./rootonly", "./private/prog"]) {
    deepEqual(await box.run(["setuidgid", "nobody", program]), {
      code: 111,
      stdout: "",
      stderr: `setuidgid: fatal: unable to run ${program}: access denied\n`,
    });
  }
}, ROOT);
