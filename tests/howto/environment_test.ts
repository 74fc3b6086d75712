// SPDX-License-Identifier: 0BSD
// Seed 000 "setuidgid" to "setlock", seed 004 5.7: accounts, environment, limits and locks of a service; seeds 000 and
// 004 5.5.6: programs that go into the background or end their process group.
//
// Not tested here: softlimit on a service that is one of the tools themselves, see docs/deviations.md.
import { equal, match } from "node:assert/strict";
import { machineTest } from "../harness/machine.ts";

machineTest(
  "000 a logger runs under an account of its own",
  ["svscan", "setuidgid", "multilog"],
  async (machine) => {
    await machine.output(
      "groupadd djblog; useradd -g djblog -d /home/djblog/tellog -s /bin/false tellog",
    );
    await machine.edit("/service/telnet/run", "#!/bin/sh\necho one\nexec sleep 1000\n");
    await machine.edit(
      "/service/telnet/log/run",
      "#!/bin/sh\nexec setuidgid tellog multilog t ./main\n",
    );
    await machine.output("chown tellog:djblog /service/telnet/log");
    machine.start("svscan /service");
    await machine.until("cat /service/telnet/log/main/current", / one\n$/);
    match(
      await machine.output("ps -o user= -o group= -o args= -C multilog"),
      /^tellog +djblog +multilog t \.\/main\n$/,
    );
    equal(
      await machine.output("stat -c '%U:%G %a' current . lock", "/service/telnet/log/main"),
      "tellog:djblog 644\ntellog:djblog 700\ntellog:djblog 600\n",
    );
  },
);

machineTest(
  "004 5.7.2 setuidgid: the account's group and no other; 111 without account or program",
  ["setuidgid"],
  async (machine) => {
    await machine.output("groupadd one; groupadd two; useradd -g one -G two account");
    equal(
      await machine.output("setuidgid account sh -c 'id -un; id -gn; id -Gn'"),
      "account\none\none\n",
    );
    const missing = await machine.type("setuidgid nobodyatall true");
    equal(
      `${missing.code} ${missing.stderr}`,
      "111 setuidgid: fatal: unknown account nobodyatall\n",
    );
    const program = await machine.type("setuidgid account ./none");
    equal(
      `${program.code} ${program.stderr}`,
      "111 setuidgid: fatal: unable to run ./none: file does not exist\n",
    );
  },
);

machineTest(
  "004 5.7.3 envuidgid: the numbers in the environment",
  ["envuidgid", "tcpserver"],
  async (machine) => {
    await machine.output("groupadd -g 2001 one; useradd -u 2002 -g one account");
    equal(
      await machine.output("envuidgid account sh -c 'echo $UID $GID; id -u'"),
      "2002 2001\n0\n",
    );
    machine.start("envuidgid account tcpserver -URHl0 127.0.0.1 79 id");
    await machine.until(
      "bash -c 'cat </dev/tcp/127.0.0.1/79'",
      /uid=2002\(account\) gid=2001\(one\) groups=2001\(one\)\n$/,
    );
  },
);

/** 004 5.7.4: the files of dnscache's folder. */
const DNSCACHE = {
  CACHESIZE: "1000000",
  DATALIMIT: "3000000",
  FORWARDONLY: "",
  IP: "127.0.0.1",
  IPSEND: "0.0.0.0",
  ROOT: "/etc/dnscache/root",
};

machineTest(
  "004 5.7.4 envdir sets what dnscache's env folder holds, as dnscache's run script does",
  ["svscan", "envdir", "envuidgid", "softlimit"],
  async (machine) => {
    await machine.output("groupadd -g 2001 one; useradd -u 2002 -g one dnscache");
    for (const [name, value] of Object.entries(DNSCACHE)) {
      await machine.edit(
        `/etc/dnscache/env/${name}`,
        value === "" ? "" : `${value}  \nsecond line\n`,
      );
    }
    await machine.edit(
      "/usr/local/bin/dnscache",
      "#!/bin/sh\nenv >/tmp/env.new; ulimit -S -d >/tmp/data\ncat >/tmp/seed; mv /tmp/env.new /tmp/env; exec sleep 1000\n",
    );
    await machine.edit(
      "/etc/dnscache/run",
      `#!/bin/sh
exec 2>&1
exec <seed
exec envdir ./env sh -c '
  exec envuidgid dnscache softlimit -o250 -d "$DATALIMIT" /usr/local/bin/dnscache
'
`,
    );
    await machine.output("echo seed >/etc/dnscache/seed; ln -s /etc/dnscache /service");
    machine.start("FORWARDONLY=inherited svscan /service");
    await machine.until("cat /tmp/env", /UID=/);
    equal(
      await machine.output(
        "grep -E '^(CACHESIZE|DATALIMIT|FORWARDONLY|IP|IPSEND|ROOT|UID|GID)=' /tmp/env | sort",
      ),
      "CACHESIZE=1000000\nDATALIMIT=3000000\nGID=2001\nIP=127.0.0.1\nIPSEND=0.0.0.0\nROOT=/etc/dnscache/root\nUID=2002\n",
    );
    equal(await machine.output("cat /tmp/data /tmp/seed"), "2929\nseed\n");
  },
);

machineTest("004 5.7.5 softlimit before tcpserver: what it starts is limited", [
  "softlimit",
  "tcpserver",
], async (machine) => {
  await machine.output("groupadd -g 2001 nofiles; useradd -u 2002 -g nofiles qmaild");
  await machine.output(
    "mkdir -p /var/qmail/control /var/qmail/bin; echo 3 >/var/qmail/control/concurrencyincoming",
  );
  await machine.edit(
    "/var/qmail/bin/qmail-smtpd",
    '#!/bin/sh\nprintf "220 "; id -un\nulimit -S -d\nulimit -S -n\nulimit -S -c\necho "$NODNSCHECK."\n',
  );
  await machine.edit(
    "/service/qmail-smtpd/run",
    `#!/bin/sh
# gmail-smtpd Startup
QMAILDUID=\`id -u qmaild\`
QMAILDGID=\`id -g qmaild\`
export NODNSCHECK=""
MAXCONCURRENCY=\`cat /var/qmail/control/concurrencyincoming\`
exec softlimit -d 300000000 -o 100 -c 0 \\
    tcpserver -vR -l qmailer.fehnet.de -H -c $MAXCONCURRENCY \\
    -u $QMAILDUID -g $QMAILDGID 127.0.0.1 smtp /var/qmail/bin/qmail-smtpd 2>&1
`,
  );
  const run = machine.start("exec ./run", "/service/qmail-smtpd");
  await machine.until("bash -c 'cat </dev/tcp/127.0.0.1/25'", /^220 qmaild\n292968\n100\n0\n\.\n$/);
  match(
    run.output(),
    /^tcpserver: status: 0\/3\n[^]*tcpserver: ok \d+ qmailer\.fehnet\.de:127\.0\.0\.1:25 :127\.0\.0\.1::\d+\n/,
  );
});

machineTest(
  "000, 004 5.7.6 setlock: one at a time, for a job of cron's",
  ["setlock"],
  async (machine) => {
    await machine.edit(
      "/usr/local/bin/job",
      "#!/bin/sh\necho start >>/tmp/log\nwhile [ ! -e /tmp/go ]; do sleep .02; done\necho end >>/tmp/log\n",
    );
    const first = machine.start("setlock -nX /tmp/job.lock job");
    await machine.until("cat /tmp/log", /start/);
    // The minute after: the job still runs.
    const nolock = await machine.type("setlock -n /tmp/job.lock job");
    equal(
      `${nolock.code} ${nolock.stderr}`,
      "111 setlock: fatal: unable to lock /tmp/job.lock: temporary failure\n",
    );
    const silent = await machine.type("setlock -nx /tmp/job.lock job");
    equal(`${silent.code} ${silent.stderr}`, "0 ");
    const patient = machine.start("setlock /tmp/job.lock job");
    const unopened = await machine.type(
      "setlock /none/job.lock job; setlock -x /none/job.lock job; echo $?",
    );
    equal(unopened.stderr, "setlock: fatal: unable to open /none/job.lock: file does not exist\n");
    equal(unopened.stdout, "0\n");
    equal(await machine.output("cat /tmp/log"), "start\n");
    await machine.output("touch /tmp/go");
    equal(await first.ended, 0);
    equal(await patient.ended, 0);
    equal(
      await machine.output("cat /tmp/log; stat -c '%a %s' /tmp/job.lock"),
      "start\nend\nstart\nend\n600 0\n",
    );
  },
);

/** A daemon that goes into the background; `closing` closes its descriptors. */
function background(closing: string): string {
  return `#!/usr/bin/perl
fork and exit;
${closing}
$0 = "daemon";
sleep 1000;
`;
}

machineTest("000, 004 5.5.6 fghack keeps a daemon that goes into the background", [
  "svscan",
  "svc",
  "svstat",
  "fghack",
], async (machine) => {
  await machine.edit("/usr/local/sbin/food", background(""));
  await machine.edit(
    "/usr/local/sbin/baddaemon",
    background("use POSIX; POSIX::close($_) for 3 .. 255;"),
  );
  await machine.edit(
    "/service/good/run",
    "#!/bin/sh\necho Starting foo daemon...\nexec fghack food\n",
  );
  // What is closed at the start is free for fghack's pipe, and a daemon that closes 3 and above misses it.
  await machine.edit("/service/bad/run", "#!/bin/sh\nexec fghack baddaemon <&-\n");
  const svscan = machine.start("svscan /service");
  await machine.until(
    "svstat /service/good /service/bad",
    /^(.*: up \(pid \d+\) [2-9] seconds\n){2}$/,
  );
  equal(svscan.output(), "Starting foo daemon...\n");
  equal(await machine.output("pgrep -c -x daemon"), "2\n");
  await machine.output("svc -dx /service/good");
  // Signals reach fghack only.
  await machine.until("svstat /service/good", /: (down|supervise not running)/);
  equal(await machine.output("pgrep -c -x daemon"), "2\n");
  await machine.output("pkill -x daemon");
});

machineTest("000, 004 5.5.6 pgrphack: a daemon that ends its process group ends nothing else", [
  "svscan",
  "svc",
  "svstat",
  "pgrphack",
], async (machine) => {
  await machine.edit(
    "/usr/local/sbin/pppd",
    "#!/bin/sh\ntrap 'trap - TERM; kill -TERM 0' TERM\necho ready >>/tmp/ready\nwhile :; do sleep .05; done\n",
  );
  await machine.edit(
    "/service/ppp/run",
    '#!/bin/sh\necho "Starting pppd"\nexec pgrphack pppd nodetach call myisp\n',
  );
  await machine.edit("/service/other/run", "#!/bin/sh\nexec sleep 1000\n");
  machine.start("exec setsid svscan /service");
  const before = await machine.until("svstat /service/other", /: up .* [1-9] seconds/);
  await machine.until("cat /tmp/ready", /ready/);
  await machine.output("svc -t /service/ppp");
  await machine.until("cat /tmp/ready", /ready\nready\n/);
  const pid = /pid \d+/.exec(before)?.[0] ?? "";
  match(await machine.output("svstat /service/other"), new RegExp(pid));
  match(await machine.output("pidof svscan"), /^\d+\n$/);
});
