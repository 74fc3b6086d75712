// SPDX-License-Identifier: 0BSD
// Seed 004 5.4.2, listing 5-2, as djbox prints it; the listing itself: tests/howto/runlevel_test.ts.
import { deepEqual, equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";
import { toolTest } from "../harness/harness.ts";

const ONLY = { djboxOnly: "no C package has it" };

toolTest("djbox sysv-script takes a service's name and nothing else", ["djbox"], async (box) => {
  const usage = "djbox-sysv-script: usage: djbox sysv-script name\n";
  for (const args of [[], ["a", "b"]]) {
    const result = await box.run(["djbox", "sysv-script", ...args]);
    deepEqual(result, { code: 100, stdout: "", stderr: usage });
  }
  for (const name of ["", ".", "a/b", "-x", "a b", "$(x)", ".hidden"]) {
    deepEqual(await box.run(["djbox", "sysv-script", name]), {
      code: 100,
      stdout: "",
      stderr: `djbox: ${name} is no name of a service for a run level\n`,
    });
  }
  const full = await box.sh("djbox sysv-script a >/dev/full");
  deepEqual([full.code, full.stderr], [
    111,
    "djbox-sysv-script: fatal: unable to write output: out of disk space\n",
  ]);
}, ONLY);

const UP = String.raw`up \(pid \d+\) \d+ seconds(, normally down)?`;
const DOWN = String.raw`down \d+ seconds(, normally up)?`;

/** What status says of the service and its logger. */
function told(file: "controlled" | "down", state: string): RegExp {
  const words = file === "down" ? "should be down." : "is controlled by svc.";
  const part = (path: string): string => `Service ${path} ${words}\n${path}: ${state}\n`;
  return new RegExp(`^${part("/service/dienst")}${part("/service/dienst/log")}$`);
}

async function prepare(machine: Machine): Promise<void> {
  await machine.output("mkdir -p /etc/rc.d; djbox sysv-script dienst >/etc/rc.d/dienst");
  await machine.output("chmod 755 /etc/rc.d/dienst; sh -n /etc/rc.d/dienst");
  await machine.edit("/usr/local/daemons/dienst/run", "#!/bin/sh\nexec sleep 1000\n");
  await machine.edit("/usr/local/daemons/dienst/log/run", "#!/bin/sh\nexec multilog t ./main\n");
}

machineTest("djbox sysv-script: start, status, restart, stop", ["djbox"], async (machine) => {
  await prepare(machine);
  const early = await machine.type("/etc/rc.d/dienst start");
  deepEqual(early, {
    code: 1,
    stdout: "",
    stderr: "/etc/rc.d/dienst: there is no /service/dienst\n",
  });
  await machine.output("touch /usr/local/daemons/dienst/down /usr/local/daemons/dienst/log/down");
  await machine.output("ln -s /usr/local/daemons/dienst /service");
  // Nothing of root's own PATH is needed.
  const type = (command: string): string => `env -i /etc/rc.d/dienst ${command}`;
  machine.start("svscan /service");
  await machine.until(type("status"), told("down", DOWN));
  equal(await machine.output(type("start")), "");
  const before = await machine.until(type("status"), told("controlled", UP));
  equal(await machine.output(type("restart")), "");
  let after = before;
  const pid = (text: string): string | undefined => /pid (\d+)/.exec(text)?.[1];
  while (pid(after) === pid(before)) after = await machine.output(type("status"));
  await machine.until(type("status"), told("controlled", UP));
  equal(await machine.output(type("stop")), "");
  await machine.until(type("status"), told("down", DOWN));
  match(
    await machine.output(`${type("")} || echo $?`),
    /^Usage: .*\{start\|stop\|restart\|status\}\n1\n$/,
  );
}, ONLY);

machineTest("djbox sysv-script: a service without a logger", ["djbox"], async (machine) => {
  await prepare(machine);
  await machine.output(
    "rm -r /usr/local/daemons/dienst/log; ln -s /usr/local/daemons/dienst /service",
  );
  machine.start("svscan /service");
  await machine.until("/etc/rc.d/dienst status", /^.* controlled by svc.\n.*: up .*\n$/);
  await machine.output("/etc/rc.d/dienst stop");
  await machine.until("/etc/rc.d/dienst status", /^.* should be down.\n.*: down .*\n$/);
}, ONLY);
