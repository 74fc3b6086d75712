// SPDX-License-Identifier: 0BSD
// Seed 000 "daemontoolsのインストール", seed 004 5.4.1, 5.4.3 and 5.5: svscan is started when the machine boots.
import { equal, match } from "node:assert/strict";
import { machineTest } from "../harness/machine.ts";

const DOTS = ".".repeat(400);

/** /etc/startsvscan of seed 000; its tools are in a folder of their own. */
const STARTSVSCAN = `#!/bin/sh
PATH=/usr/local/daemontools/bin:/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin

exec </dev/null
exec >/dev/null
exec 2>/dev/null

/usr/local/daemontools/bin/svc -dx /service/* /service/*/log

env - PATH=$PATH svscan /service 2>&1 | \\
env - PATH=$PATH readproctitle service errors: ${DOTS}
`;

machineTest(
  "000 /etc/startsvscan starts svscan, with its tools in a folder of one's own",
  ["svscan", "svc", "readproctitle"],
  async (machine) => {
    await machine.output(`mkdir -p /usr/local/daemontools/bin
      ln -s /command/* /usr/local/daemontools/bin
      mkdir -p /service
      chmod 755 /service`);
    await machine.edit("/etc/startsvscan", STARTSVSCAN);
    await machine.edit("/service/first/run", "#!/bin/sh\nexec sleep 1000\n");
    await machine.output("csh() { sh \"$@\"; }; csh -cf '/etc/startsvscan &'");
    await machine.until("svstat /service/*", /^\/service\/first: up \(pid \d+\) \d+ seconds\n$/);
    const pid = (await machine.output("pidof svscan")).trim();
    match(pid, /^\d+$/);
    equal(await machine.output(`readlink /proc/${pid}/cwd`), "/service\n");
    match(
      await machine.output("ps -auxww | grep 'r[e]adproctitle'"),
      /^root .* readproctitle service errors: \.{400}\n$/,
    );
  },
);

/** Listing 5-1 of seed 004. */
const SVSCANBOOT =
  `PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin
exec </dev/null
exec >/dev/null
exec 2>/dev/null
/command/svc -dx /service/* /service/*/log
env - PATH=$PATH svscan /service 2>&1 | \\
env - PATH=$PATH readproctitle service errors: ${DOTS}
`;

machineTest(
  "004 5.4.1 the boot script ends what is left of an earlier svscan, and 5.5 all are in one process group",
  ["svscan", "svc", "svstat", "readproctitle", "pgrphack"],
  async (machine) => {
    await machine.edit("/etc/svscanboot", `#!/bin/sh\n${SVSCANBOOT}`);
    await machine.edit(
      "/service/a/run",
      "#!/bin/sh\nenv >environment\nexec sleep 1000\n",
    );
    await machine.edit("/service/a/log/run", "#!/bin/sh\nexec cat\n");
    await machine.edit("/service/own/run", "#!/bin/sh\nexec pgrphack sleep 1001\n");
    const pids = async (): Promise<string> =>
      await machine.until(
        "svstat /service/a /service/a/log /service/own",
        /^(.*: up .*[1-9] seconds\n){3}$/,
      )
        .then((text) => text.replace(/\d+ seconds/g, ""));

    machine.start("/etc/svscanboot");
    const before = await pids();
    // init's respawn after svscan's end.
    await machine.output("kill $(pidof svscan)");
    machine.start("exec setsid /etc/svscanboot");
    let after = before;
    while (after === before) after = await pids();
    for (const line of before.split("\n").slice(0, -1)) {
      const [pid] = /\d+/.exec(line) ?? [];
      match(await machine.until(`kill -0 ${pid} 2>&1`, /No such process/), /./);
    }

    const group = async (pid: string): Promise<string> =>
      (await machine.output(`ps -o pgid= -p ${pid}`)).trim();
    const [main, log, own] = [...after.matchAll(/pid (\d+)/g)].map(([, pid]) => pid ?? "");
    const svscan = (await machine.output("pidof svscan")).trim();
    const title = (await machine.output("pidof readproctitle")).trim();
    equal(await group(main ?? ""), await group(svscan));
    equal(await group(log ?? ""), await group(svscan));
    equal(await group(title), await group(svscan));
    equal(await group(own ?? ""), own);
    equal(
      await machine.output("grep -v -e ^PWD= -e ^OLDPWD= -e ^_= -e ^SHLVL= /service/a/environment"),
      "PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin\n",
    );
  },
);

machineTest(
  "004 5.4.2 the package's lines are added to inittab, and what they start looks after /service",
  ["svscanboot", "svstat"],
  async (machine) => {
    await machine.edit("/etc/inittab", "id:3:initdefault:\n");
    await machine.edit("/root/package/boot.inittab", "SV:123456:respawn:/command/svscanboot\n");
    await machine.edit(
      "/root/package/run.inittab",
      `#!/bin/sh -e
if grep svscanboot /etc/inittab >/dev/null
then
    echo 'inittab contains an svscanboot line. I assume that svscan is already running.'
else
    echo 'Adding svscanboot to inittab...'
    rm -f /etc/inittab'{new}'
    cat /etc/inittab package/boot.inittab > /etc/inittab'{new}'
    mv -f /etc/inittab'{new}' /etc/inittab
    echo 'init should start svscan now.'
fi
`,
    );
    equal(
      await machine.output("package/run.inittab; package/run.inittab", "/root"),
      "Adding svscanboot to inittab...\ninit should start svscan now.\n" +
        "inittab contains an svscanboot line. I assume that svscan is already running.\n",
    );
    // Debian's svscanboot has its services in /etc/service.
    await machine.output("[ -d /package ] || ln -s /service /etc/service");
    await machine.edit("/service/a/run", "#!/bin/sh\nexec sleep 1000\n");
    machine.start("exec $(sed -n 's/^SV:.*:respawn://p' /etc/inittab)");
    await machine.until("svstat /service/a", /: up /);
    match(await machine.output("ps -ef | grep 'r[e]adproctitle'"), /service errors: \.{400}\n/);
  },
);
