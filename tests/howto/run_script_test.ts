// SPDX-License-Identifier: 0BSD
// Seed 004 5.5, 5.8.2 and 5.8.3: run scripts, how they are changed, and what goes wrong with them.
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svstat"];
const HOME = "/usr/local/daemons/dienst";

async function pidOf(machine: Machine): Promise<string> {
  const line = await machine.until("svstat /service/dienst", /: up \(pid \d+\)/);
  return /\d+(?=\))/.exec(line)?.[0] ?? "";
}

machineTest("004 5.8.2 a run script is changed: run.new, svc -d, tried by hand, mv, svc -u", [
  ...TOOLS,
  "readproctitle",
], async (machine) => {
  await machine.edit(`${HOME}/run`, "#!/bin/sh\nexec sleep 1000\n");
  await machine.output(`ln -s ${HOME} /service`);
  machine.start(`svscan /service 2>&1 | readproctitle service errors: ${".".repeat(400)}`);
  await pidOf(machine);
  await machine.output("cp run run.new; sed -i s/1000/2000/ run.new", HOME);
  await machine.output("svc -d /service/dienst");
  await machine.until("svstat /service/dienst", /: down \d+ seconds, normally up\n/);
  // In the foreground, ended by ctl-c.
  const byHand = machine.start("exec setsid ./run.new", HOME);
  await machine.until("pgrep -x -f 'sleep 2000'", /^\d+\n$/);
  await machine.output("kill -INT $(pgrep -x -f 'sleep 2000')");
  equal(await byHand.ended, 130);
  await machine.output("mv run.new run", HOME);
  await machine.output("svc -u /service/dienst");
  const pid = await pidOf(machine);
  await machine.until(`ps -o args= -p ${pid}`, /^sleep 2000\n$/);
  match(
    await machine.output("ps -auxww | grep 'r[e]adproctitle service'"),
    /service errors: \.{400}\n$/,
  );
});

machineTest("004 listing 5-5 a service has its programs, environment and log in one place", [
  ...TOOLS,
  "envdir",
  "multilog",
], async (machine) => {
  await machine.output("mkdir bin man env etc", "/mnt").catch(() => undefined);
  await machine.output(`mkdir -p ${HOME}/bin ${HOME}/man ${HOME}/env ${HOME}/etc /var/log/dienst
    ln -s /var/log/dienst ${HOME}/log
    echo good morning >${HOME}/env/GREETING`);
  await machine.edit(`${HOME}/bin/dienst`, '#!/bin/sh\necho "$GREETING"\nexec sleep 1000\n');
  await machine.edit(`${HOME}/run`, "#!/bin/sh\nexec envdir ./env bin/dienst 2>&1\n");
  await machine.edit("/var/log/dienst/run", "#!/bin/sh\nexec multilog t /var/log/dienst\n");
  await machine.output(`ln -s ${HOME} /service`);
  machine.start("svscan /service");
  await machine.until("cat /var/log/dienst/current", /^@\w+ good morning\n$/);
  equal(await machine.output("ls /var/log/dienst"), "current\nlock\nrun\nstate\nsupervise\n");
});

machineTest(
  "004 5.8.3 a folder without a run script is tried once a second",
  TOOLS,
  async (machine) => {
    const svscan = machine.start("svscan /service");
    await machine.output("mkdir /service/dummy");
    await machine.until(
      "svstat /service/dummy/",
      /^\/service\/dummy\/: (up \(pid \d+\) [01] seconds|down [01] seconds, normally up, want up)\n$/,
    );
    const message = "supervise: fatal: unable to start dummy/run: file does not exist\n";
    const started = performance.now();
    const count = (): number => svscan.errors().split(message).length - 1;
    const before = count();
    while (count() < before + 3) await new Promise((resolve) => setTimeout(resolve, 10));
    const seconds = (performance.now() - started) / 1000;
    match(seconds.toFixed(1), /^[2-5]\.\d$/);
    await machine.edit("/service/dummy/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.until("svstat /service/dummy", /: up \(pid \d+\) [2-9] seconds\n$/);
  },
);

machineTest(
  "004 5.8.3 without exec, svc -d reaches the shell and not the daemon",
  TOOLS,
  async (machine) => {
    await machine.edit("/service/dienst/run", "#!/bin/sh\nsleep 1000\necho not reached\n");
    machine.start("svscan /service");
    const pid = await pidOf(machine);
    const daemon = (await machine.until(`pgrep -P ${pid}`, /^\d+\n$/)).trim();
    await machine.output("svc -d /service/dienst");
    await machine.until("svstat /service/dienst", /: down \d+ seconds, normally up\n$/);
    equal(await machine.output(`ps -o args= -p ${daemon}`), "sleep 1000\n");
    await machine.output(`kill ${daemon}`);
  },
);

machineTest(
  "004 5.8.3 a daemon in the background is started again and again",
  TOOLS,
  async (machine) => {
    await machine.edit("/service/dienst/run", "#!/bin/sh\nsleep 1000 &\n");
    machine.start("svscan /service");
    await machine.until("pgrep -c -x -f 'sleep 1000'", /^[3-9]\n$/);
    await machine.output("svc -dx /service/dienst");
    await machine.until("svstat /service/dienst", /: (supervise not running|down)/);
  },
);

machineTest(
  "004 5.8.3 the loop's folder is removed behind its link: supervise complains until it is repaired",
  [...TOOLS, "readproctitle"],
  async (machine) => {
    await machine.edit(`${HOME}/run`, "#!/bin/sh\nexit 1\n");
    await machine.output(`ln -s ${HOME} /service`);
    machine.start(`svscan /service 2>&1 | readproctitle service errors: ${".".repeat(400)}`);
    await machine.until("svstat /service/dienst", /dienst: (up|down)/);
    // What bash's completion makes of it: the folder goes, the link stays.
    const { stderr } = await machine.type("rm -r /service/dienst/");
    match(stderr, /^rm: cannot remove '\/service\/dienst\/': Not a directory\n$/);
    equal(await machine.output("ls /service"), "dienst\n");
    await machine.until(
      "ps -auxww | grep 'r[e]adproctitle service'",
      /supervise: warning: unable to open dienst\/supervise\/status.new: file does not exist.{1,2}supervise: fatal: unable to start dienst\/run: file does not exist/s,
    );
  },
);

machineTest(
  "004 5.8.3 after svc -x svscan starts supervise again while the link is there",
  TOOLS,
  async (machine) => {
    await machine.edit(`${HOME}/run`, "#!/bin/sh\nexec sleep 1000\n");
    await machine.edit(`${HOME}/log/run`, "#!/bin/sh\nexec cat\n");
    await machine.output(`ln -s ${HOME} /service`);
    machine.start("svscan /service");
    await machine.until(
      "svstat /service/dienst /service/dienst/log",
      /^(.*: up .* [1-9] seconds\n){2}$/,
    );
    await machine.output(`svc -d /service/dienst
    svc -d /service/dienst/log
    touch /service/dienst/down
    touch /service/dienst/log/down
    svc -x /service/dienst
    svc -x /service/dienst/log`);
    await machine.until(
      "svstat /service/dienst /service/dienst/log",
      /^(.*: down \d+ seconds\n){2}$/,
    );
    // Once more, and the link goes in time.
    await machine.output("svc -x /service/dienst /service/dienst/log; rm /service/dienst");
    await machine.until("svstat . log", /^(.*: supervise not running\n){2}$/, HOME);
  },
);

machineTest("004 5.5 (4) a pipe in a run script: supervise has the last process", [
  ...TOOLS,
  "multilog",
], async (machine) => {
  await machine.edit("/service/dienst/run", "#!/bin/sh\nexec sleep 1000 | sleep 1001\n");
  machine.start("svscan /service");
  const pid = await pidOf(machine);
  await machine.until(`ps -o args= -p ${pid}`, /^\/bin\/sh \.\/run\n$/);
  await machine.until(`pgrep -c -P ${pid}`, /^2\n$/);
});
