// SPDX-License-Identifier: 0BSD
// Seed 004 5.6.3: errors of services in the process list.
import { equal, match } from "node:assert/strict";
import { machineTest } from "../harness/machine.ts";

const START = `svscan /service 2>&1 | readproctitle service errors: ${".".repeat(400)}`;
const LOOK = "ps -auxww | grep 'r[e]adproctitle service'";

machineTest("004 5.6.3 tcpserver's error is in the process list", [
  "svscan",
  "readproctitle",
  "tcpserver",
], async (machine) => {
  await machine.edit("/service/smtpd/run", "#!/bin/sh\nexec tcpserver -v -- -1 -1 true\n");
  machine.start(START);
  const line = await machine.until(LOOK, /unable to figure out port number for -1/);
  match(
    line,
    /^root .* readproctitle service errors: \.\.\..*tcpserver: fatal: unable to figure out port number for -1/s,
  );
});

machineTest(
  "004 5.6.3 the newest 400 bytes stand in the process list",
  ["svscan", "readproctitle"],
  async (machine) => {
    await machine.edit(
      "/service/dummy/run",
      "#!/bin/sh\necho one two three >&2\nexec sleep 1000\n",
    );
    machine.start(START);
    await machine.until(LOOK, /one two three/);
    const args = await machine.output("tr '\\0' '|' </proc/$(pidof readproctitle)/cmdline");
    equal(args, `readproctitle|service|errors:|${".".repeat(386)}one two three\n|`);
  },
);

machineTest("004 5.6.3 what is left of a removed folder: status.new and run do not exist", [
  "svscan",
  "readproctitle",
], async (machine) => {
  await machine.edit("/service/dummy/run", "#!/bin/sh\nexit 0\n");
  machine.start(START);
  await machine.until("svstat /service/dummy", /dummy: (up|down)/);
  await machine.output("rm -r /service/dummy");
  await machine.until(
    LOOK,
    /supervise: warning: unable to open dummy\/supervise\/status\.new: file does not exist.{1,2}supervise: fatal: unable to start dummy\/run: file does not exist/s,
  );
});
