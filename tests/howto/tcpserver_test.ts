// SPDX-License-Identifier: 0BSD
// Seed 001 (telnet under tcpserver and svscan), seed 000 "tcpserver" (access rules, a POP server).
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svstat", "tcpserver", "tcprules", "multilog", "setuidgid"];

/** A server that asks who is there, as a telnet server asks for the login. */
const TELNETD = `#!/bin/sh
printf 'login: '
read name
echo "hello $name from $TCPREMOTEIP"
`;

async function addresses(machine: Machine, ...all: readonly string[]): Promise<void> {
  for (const address of all) await machine.output(`ip addr add ${address}/32 dev lo`);
}

async function telnetService(machine: Machine, options: string): Promise<void> {
  await machine.edit("/usr/local/sbin/in.telnetd", TELNETD);
  await machine.edit(
    "/var/service/telnet/run",
    `#!/bin/sh
exec env - PATH="$PATH" \\
tcpserver ${options} 0 telnet /usr/local/sbin/in.telnetd 2>&1
`,
  );
}

async function telnetLog(machine: Machine): Promise<void> {
  await machine.output(
    `mkdir -p log
    chown tellog:djblog log`,
    "/var/service/telnet",
  );
  await machine.edit(
    "/var/service/telnet/log/run",
    `#!/bin/sh
exec env - PATH="/usr/local/bin:$PATH" \\
setuidgid tellog multilog t ./main
`,
  );
}

machineTest(
  "001 a telnet server: from the accounts to the log",
  [...TOOLS, "tai64nlocal"],
  async (machine) => {
    await addresses(machine, "192.168.1.44", "192.168.1.33");
    machine.start("svscan /service");
    await machine.output(`groupadd djblog
    mkdir /home/djblog
    chgrp djblog /home/djblog
    useradd tellog -g djblog -d /home/djblog/tellog -s /bin/false
    mkdir /var/service
    chmod 755 /var/service
    cd /var/service
    mkdir telnet
    chmod +t telnet`);
    await telnetService(machine, "-l0 -R -H -v -c 3");
    await telnetLog(machine);
    await machine.output("ln -s /var/service/telnet", "/service");
    await machine.until("svstat /service/telnet /service/telnet/log", /^(.*: up .*\n){2}$/);
    equal(await machine.output("ls -F /var/service/telnet"), "log/\nrun*\nsupervise/\n");
    await machine.until("ls -F /var/service/telnet/log", /^main\/\nrun\*\nsupervise\/\n$/);
    await machine.until("cat /var/service/telnet/log/main/current", /tcpserver: status: 0\/3\n/);
    equal(
      await machine.telnet("192.168.1.44", "telnet", "erwin\n", "192.168.1.33"),
      "login: hello erwin from 192.168.1.33\n",
    );
    const log = await machine.until(
      "tail /var/service/telnet/log/main/current",
      /end.*\n.*0\/3\n$/,
    );
    match(
      log.replace(/pid \d+|(ok|end) \d+/g, "$1 P").replace(/@[0-9a-f]{24} /g, ""),
      /^tcpserver: status: 0\/3\ntcpserver: status: 1\/3\ntcpserver: {2}P from 192\.168\.1\.33\ntcpserver: ok P 0:192\.168\.1\.44:23 :192\.168\.1\.33::\d+\ntcpserver: end P status 0\ntcpserver: status: 0\/3\n$/,
    );
    const local = await machine.output("tail /var/service/telnet/log/main/current |tai64nlocal");
    match(local, /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} tcpserver: .*\n){6}$/);

    // Something is wrong: it is stopped.
    await machine.output(`rm /service/telnet
    svc -xd /var/service/telnet/log
    svc -xd /var/service/telnet`);
    await machine.until(
      "svstat /var/service/telnet /var/service/telnet/log",
      /^(.*: supervise not running\n){2}$/,
    );
    equal(await machine.telnet("192.168.1.44", "telnet"), "no connection\n");
  },
);

machineTest("001 -c 3 lets three in at once, the fourth waits", TOOLS, async (machine) => {
  await telnetService(machine, "-l0 -R -H -v -c 3");
  machine.start("exec ./run >/tmp/log", "/var/service/telnet");
  await machine.until("ss -ltn | grep -c :23", /^1\n$/);
  await machine.edit("/tmp/client", "exec 3<>/dev/tcp/127.0.0.1/23; cat <&3\n");
  for (const number of [1, 2, 3, 4]) machine.start(`exec bash /tmp/client >/tmp/${number}`);
  await machine.until("grep -c . /tmp/[1-4] | cut -d: -f2 | sort | tr -d '\\n'", /^0111$/);
  await machine.until("ss -tn state established '( sport = :23 )' | grep -c 127", /^4\n$/);
  equal(
    await machine.output("tail -1 /tmp/log | cut -c1-13; grep status /tmp/log"),
    [
      "tcpserver: ok",
      "tcpserver: status: 0/3",
      "tcpserver: status: 1/3",
      "tcpserver: status: 2/3",
      "tcpserver: status: 3/3",
      "",
    ].join("\n"),
  );
  await machine.output("kill $(pgrep -x in.telnetd | head -1)");
  await machine.until("grep -c . /tmp/[1-4] | cut -d: -f2 | sort | tr -d '\\n'", /^1111$/);
});

machineTest("001 access rules: make_cdb, first address that fits", [...TOOLS], async (machine) => {
  await addresses(machine, "192.168.1.44", "192.168.1.22", "192.168.2.1");
  await telnetService(machine, "-l0 -R -H -v -c 3 -x ./tcp.telnet.cdb");
  await machine.output("groupadd djblog; useradd tellog -g djblog");
  await telnetLog(machine);
  const home = "/var/service/telnet";
  await machine.edit(
    `${home}/make_cdb`,
    "#!/bin/sh\n\ntcprules tcp.telnet.cdb tcp.telnet.tmp < tcp.telnet\n",
  );
  await machine.edit(`${home}/tcp.telnet`, "192.168.1.:allow\n127.:allow\n:deny\n");
  machine.start("svscan /service");
  await machine.output("ln -s /var/service/telnet", "/service");
  await machine.until("ss -ltn | grep -c :23", /^1\n$/);
  // Without the file nobody is let in.
  equal(await machine.telnet("127.0.0.1", "telnet", "a\n"), "");
  equal(
    await machine.output("./make_cdb; ls", home),
    "log\nmake_cdb\nrun\nsupervise\ntcp.telnet\ntcp.telnet.cdb\n",
  );
  const hello = (from: string): string => `login: hello a from ${from}\n`;
  const tell = (from: string): Promise<string> =>
    machine.telnet("192.168.1.44", "telnet", "a\n", from);
  equal(await machine.telnet("127.0.0.1", "telnet", "a\n"), hello("127.0.0.1"));
  equal(await tell("192.168.1.22"), hello("192.168.1.22"));
  equal(await tell("192.168.2.1"), "");
  // The finer rules count at once.
  await machine.edit(
    `${home}/tcp.telnet`,
    "192.168.1.22:allow\n192.168.1.126:allow\n192.168.1.8:allow\n192.168.1.211:allow\n192.168.1.:deny\n127.:allow\n:deny\n",
  );
  await machine.output("./make_cdb", home);
  equal(await tell("192.168.1.22"), hello("192.168.1.22"));
  equal(await tell("192.168.1.44"), "");
  equal(await machine.telnet("127.0.0.1", "telnet", "a\n"), hello("127.0.0.1"));
  await machine.until(
    "tail -2 log/main/current",
    /tcpserver: end \d+ status 0\n/,
    home,
  );
  const log = await machine.output("cat log/main/current", home);
  match(
    log,
    /tcpserver: warning: dropping connection, unable to read \.\/tcp\.telnet\.cdb: file does not exist\n/,
  );
  match(log, /tcpserver: deny \d+ 0:192\.168\.1\.44:23 :192\.168\.1\.44::\d+\n/);
});

machineTest("000 any program behind a port: tcpserver 0 5555", ["tcpserver"], async (machine) => {
  machine.start("tcpserver 0 5555 sh");
  await machine.until("ss -ltn | grep -c :5555", /^1\n$/);
  equal(await machine.telnet("127.0.0.1", "5555", "echo $((6 * 7))\n"), "42\n");
});

machineTest("000 rules by host name and range", ["tcprules", "tcprulescheck"], async (machine) => {
  await machine.edit(
    "/tmp/rules",
    `=venus.example.com:allow
=.example.net:deny
192.168.:allow
172.16.9.10-20:allow
10.0.3-5.:allow,A="x",B=/say "hi"/
:deny
`,
  );
  await machine.output("cat rules | tcprules rules.cdb tmpfile", "/tmp");
  const check = (environment: string): Promise<string> =>
    machine.output(`${environment} tcprulescheck rules.cdb`, "/tmp");
  equal(
    await check("TCPREMOTEIP=1.2.3.4 TCPREMOTEHOST=venus.example.com"),
    "rule =venus.example.com:\nallow connection\n",
  );
  equal(
    await check("TCPREMOTEIP=1.2.3.4 TCPREMOTEHOST=a.b.example.net"),
    "rule =.example.net:\ndeny connection\n",
  );
  equal(await check("TCPREMOTEIP=192.168.7.7"), "rule 192.168.:\nallow connection\n");
  for (const last of [10, 11, 20]) {
    equal(
      await check(`TCPREMOTEIP=172.16.9.${last}`),
      `rule 172.16.9.${last}:\nallow connection\n`,
    );
  }
  equal(await check("TCPREMOTEIP=172.16.9.21"), "rule :\ndeny connection\n");
  equal(
    await check("TCPREMOTEIP=10.0.4.1"),
    'rule 10.0.4.:\nset environment variable A=x\nset environment variable B=say "hi"\nallow connection\n',
  );
  equal(await check("TCPREMOTEIP=10.0.6.1"), "rule :\ndeny connection\n");
});

machineTest("000 a POP server: poprule, Makefile, a try by hand, the service", [
  ...TOOLS,
  "tcprulescheck",
], async (machine) => {
  await addresses(machine, "192.168.0.5", "10.0.0.5");
  await machine.edit(
    "/usr/local/etc/ipop3d",
    `#!/bin/sh
echo "+OK POP3 \${INTRANET-extern}\${INTRANET+intranet}"
while read command; do
  case $command in QUIT*) echo "+OK bye"; exit ;; *) echo "-ERR" ;; esac
done
`,
  );
  const home = "/var/qmail/pop";
  await machine.output(`mkdir -p ${home}`);
  await machine.edit(
    `${home}/poprule`,
    `#ローカルホストはINTRANET
127.0.0.:allow,INTRANET=""
#192.168.0.* もINTRANET
192.168.0.:allow,INTRANET=""
#それ以外は何もセットせずallowのみ
:allow
`,
  );
  await machine.output("cat poprule | tcprules poprule.cdb tmpfile", home);
  equal(
    await machine.output("TCPREMOTEIP=192.168.0.5 tcprulescheck poprule.cdb", home),
    "rule 192.168.0.:\nset environment variable INTRANET=\nallow connection\n",
  );
  equal(
    await machine.output("TCPREMOTEIP=10.0.0.5 tcprulescheck poprule.cdb", home),
    "rule :\nallow connection\n",
  );
  await machine.edit(
    `${home}/Makefile`,
    `#↓ucspi-tcpのコマンド群をインストールしたディレクトリ
TCPDIR=/usr/local/bin
TR=\${TCPDIR}/tcprules

all:	poprule.cdb

poprule.cdb:	poprule
	cat poprule | \${TR} $@ tmpfile
`,
  );
  await machine.output("rm poprule.cdb", home);
  equal(
    await machine.output("make", home),
    "cat poprule | /usr/local/bin/tcprules poprule.cdb tmpfile\n",
  );
  match(await machine.output("make", home), /Nothing to be done for 'all'/);

  const pop = async (from: string, to: string): Promise<string> =>
    await machine.telnet(to, "110", "NOOP\nQUIT\n", from);
  const byHand = machine.start(
    "exec tcpserver -H -l0 -R -xpoprule.cdb 0 110 /usr/local/etc/ipop3d",
    home,
  );
  await machine.until("ss -ltn | grep -c :110", /^1\n$/);
  equal(await pop("192.168.0.5", "192.168.0.5"), "+OK POP3 intranet\n-ERR\n+OK bye\n");
  await machine.output("kill -INT $(pidof tcpserver)");
  equal(await byHand.ended, 130);

  // C's tools are where /usr/local/bin points at; DAEMONTOOLS is not needed, but stands in PATH.
  await machine.edit(
    `${home}/run`,
    `#!/bin/sh
# ↓これらのディレクトリはインストール状態により適宜修正すること
DAEMONTOOLS=/usr/local/daemontools/bin
UCSPI=/usr/local/bin
exec env - \\
PATH=/bin:/usr/bin:/usr/sbin:$UCSPI\\:$DAEMONTOOLS \\
tcpserver -H -l0 -R -xpoprule.cdb 0 pop3 /usr/local/etc/ipop3d 2>&1
`,
  );
  machine.start("svscan /service");
  await machine.output("ln -s /var/qmail/pop /service");
  await machine.until("svstat /service/pop", /^\/service\/pop: up \(pid \d+\) [1-9] seconds\n$/);
  equal(await pop("127.0.0.1", "127.0.0.1"), "+OK POP3 intranet\n-ERR\n+OK bye\n");
  equal(await pop("10.0.0.5", "10.0.0.5"), "+OK POP3 extern\n-ERR\n+OK bye\n");
});
