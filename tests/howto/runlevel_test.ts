// SPDX-License-Identifier: 0BSD
// Seed 004 5.4.2, listing 5-2: a service of some run levels only. The script is printed with faults (no comment signs,
// `if` without `then`, a file where svc wants a directory): what they lead to is the same as ever, too.
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svstat", "multilog"];

/** Listing 5-2; `then` and `down` files are as in print unless told otherwise. */
function script(service: string, log: string, then: string, logDown: string): string {
  return `#!/bin/sh
# Runlevel start script for dienst.
# dienst is under control of svc and will only be executed
# in specific run levels.
#
SERVICE=/service/dienst
LOG=/service/dienst/log
case "$1" in
    start)
        rm -f $SERVICE/down 2>/dev/null
        rm -f ${logDown} 2>/dev/null
        svc -u ${service}
        svc -u ${log}
        ;;
stop)
        svc -d ${service}
        touch $SERVICE/down
        svc -d ${log}
        touch ${logDown}
        ;;
status)
        if test -f $SERVICE/down${then}
            echo "Service $SERVICE should be down."
        else
            echo "Service $SERVICE is controlled by svc."
        fi
        svstat $SERVICE
        if test -f $LOG/down${then}
            echo "Service $LOG should be down."
        else
            echo "Service $LOG is controlled by svc."
        fi
        svstat $LOG
        ;;
*)
        echo "Usage: $0 {start|stop|status}"
        exit 1
        ;;
esac
exit 0
`;
}

async function runLevelService(machine: Machine, text: string): Promise<void> {
  await machine.edit("/etc/rc.d/dienst", text);
  await machine.edit("/usr/local/daemons/dienst/run", "#!/bin/sh\nexec sleep 1000\n");
  await machine.edit("/usr/local/daemons/dienst/log/run", "#!/bin/sh\nexec multilog t ./main\n");
  await machine.output("touch down log/down", "/usr/local/daemons/dienst");
  await machine.output("ln -s /usr/local/daemons/dienst /service");
  machine.start("svscan /service");
  await machine.until(
    "svstat /service/dienst /service/dienst/log",
    /^(.*: down \d+ seconds\n){2}$/,
  );
}

machineTest(
  "004 5.4.2 the run level script, meant as it is: start, status, stop",
  TOOLS,
  async (machine) => {
    await runLevelService(machine, script("$SERVICE", "$LOG", "; then", "$LOG/down"));
    const type = (command: string): Promise<string> =>
      machine.output(`/etc/rc.d/dienst ${command}`);
    match(
      await type("status"),
      /^Service \/service\/dienst should be down.\n\/service\/dienst: down \d+ seconds\nService \/service\/dienst\/log should be down.\n\/service\/dienst\/log: down \d+ seconds\n$/,
    );
    equal(await type("start"), "");
    await machine.until(
      "/etc/rc.d/dienst status",
      /^Service \/service\/dienst is controlled by svc.\n\/service\/dienst: up \(pid \d+\) \d+ seconds\nService \/service\/dienst\/log is controlled by svc.\n\/service\/dienst\/log: up \(pid \d+\) \d+ seconds\n$/,
    );
    equal(await type("stop"), "");
    await machine.until(
      "/etc/rc.d/dienst status",
      /^Service \/service\/dienst should be down.\n\/service\/dienst: down \d+ seconds\nService \/service\/dienst\/log should be down.\n\/service\/dienst\/log: down \d+ seconds\n$/,
    );
    equal(
      await machine.output("/etc/rc.d/dienst; test $? = 1"),
      "Usage: /etc/rc.d/dienst {start|stop|status}\n",
    );
  },
);

machineTest(
  "004 5.4.2 the run level script as printed: svc is given a file",
  TOOLS,
  async (machine) => {
    await runLevelService(machine, script("$SERVICE/run", "$LOG/run", "; then", "$SERVICE/down"));
    const { code, stderr } = await machine.type("/etc/rc.d/dienst start");
    equal(code, 0);
    equal(
      stderr,
      "svc: warning: unable to chdir to /service/dienst/run: not a directory\n" +
        "svc: warning: unable to chdir to /service/dienst/log/run: not a directory\n",
    );
    // The service's own trigger is away; the log's is not.
    match(
      await machine.output("/etc/rc.d/dienst status"),
      /^Service \/service\/dienst is controlled by svc.\n\/service\/dienst: down \d+ seconds, normally up\nService \/service\/dienst\/log should be down.\n\/service\/dienst\/log: down \d+ seconds\n$/,
    );
  },
);
