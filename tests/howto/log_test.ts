// SPDX-License-Identifier: 0BSD
// Seed 000 "multilog", seed 004 5.6.1: selecting lines, rotating, and working on what was logged.
import { equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "../harness/machine.ts";

const STAMP = "@[0-9a-f]{24}";

machineTest("000 multilog t stamps every line", ["multilog"], async (machine) => {
  await machine.output("printf 'a\\nb\\nc\\n' | multilog t ./main", "/tmp");
  match(
    await machine.output("cat main/current", "/tmp"),
    new RegExp(`^${STAMP} a\n${STAMP} b\n${STAMP} c\n$`),
  );
});

machineTest(
  "000 multilog !'cat -n' numbers the lines of finished files",
  ["multilog"],
  async (machine) => {
    await machine.edit("/tmp/log/run", '#!/bin/sh\nexec multilog s4096 !"cat -n" ./main\n');
    await machine.output("seq 1000 1999 | ./run", "/tmp/log");
    const files = await machine.output("cat $(ls @*.s) current", "/tmp/log/main");
    const finished = Number(await machine.output("cat @*.s | wc -l", "/tmp/log/main"));
    const lines = files.trimEnd().split("\n");
    equal(lines.length, 1000);
    for (const [at, line] of lines.slice(0, finished).entries()) {
      match(line, new RegExp(`^ +\\d+\t${1000 + at}$`));
    }
    equal(
      lines.slice(finished).join("\n"),
      Array.from({ length: 1000 - finished }, (_, at) => 1000 + finished + at).join("\n"),
    );
    match(lines[0] ?? "", /^ +1\t1000$/);
  },
);

machineTest("000 selection: +hello is the whole line, '* fatal: *' is after the stamp", [
  "multilog",
], async (machine) => {
  const type = "printf 'hello\\nhello world\\nx hello\\n' | multilog '-*' +hello ./one";
  await machine.output(type, "/tmp");
  equal(await machine.output("cat one/current", "/tmp"), "hello\n");
  await machine.output(
    "printf 'fatal: out of memory\\nwarning: x\\n' | multilog t '-*' '+* fatal: *' ./main",
    "/tmp",
  );
  match(
    await machine.output("cat main/current", "/tmp"),
    new RegExp(`^${STAMP} fatal: out of memory\n$`),
  );
});

machineTest(
  "000 =log/status holds the last line that begins with STAT",
  ["multilog"],
  async (machine) => {
    await machine.output(
      "mkdir log; printf 'STAT 1\\nother\\nSTATUS 22\\nend\\n' | multilog -* +STAT* =log/status",
      "/tmp",
    );
    equal(
      await machine.output("head -1 log/status; wc -c <log/status", "/tmp"),
      "STATUS 22\n1001\n",
    );
    await machine.output(
      `perl -e 'print "STAT", "y" x 2000, "\\n"' | multilog -* +STAT* =log/status`,
      "/tmp",
    );
    equal(await machine.output("wc -lc <log/status", "/tmp"), "   1 1001\n");
  },
);

machineTest("000 e shows 200 bytes of a selected line", ["multilog"], async (machine) => {
  const long = "alert: " + "x".repeat(300);
  const { stdout, stderr } = await machine.type(
    `printf 'quiet\\nalert: 1\\n${long}\\n' | multilog '-*' '+alert: *' e`,
  );
  equal(stdout, "");
  equal(stderr, `alert: 1\n${long.slice(0, 200)}...\n`);
});

/** Lines as tcpserver and a mail server write them. */
const MAIL = [
  "tcpserver: status: 1/40",
  "tcpserver: pid 2230 from 192.168.1.33",
  "Invalid RCPT TO a@example.org",
  "tcpserver: status: 0/40",
  "Invalid MAIL FROM b@example.org",
  "tcpserver: end 2230 status 0",
].join("\\n");

machineTest("004 listing 5-3 a log without status lines, and the last invalid line", [
  "multilog",
  "setuidgid",
], async (machine) => {
  await machine.output(`groupadd qnofiles; useradd -g qnofiles qmaill
    mkdir /var/log/qmail-smtpd; chown qmaill /var/log/qmail-smtpd`);
  await machine.edit(
    "/tmp/log/run",
    `#!/bin/sh
exec setuidgid qmaill multilog t \\
    '-*tcpserver: status:*' /var/log/qmail-smtpd \\
    '-*' '+*Invalid*' =/var/log/qmail-smtpd/invalid
`,
  );
  const { code, stderr } = await machine.type(`printf '${MAIL}\\n' | ./run`, "/tmp/log");
  equal(stderr, "");
  equal(code, 0);
  match(
    await machine.output("cat current", "/var/log/qmail-smtpd"),
    new RegExp(
      `^${STAMP} tcpserver: pid .*\n${STAMP} Invalid RCPT.*\n${STAMP} Invalid MAIL.*\n${STAMP} tcpserver: end .*\n$`,
    ),
  );
  match(
    await machine.output("head -1 invalid", "/var/log/qmail-smtpd"),
    new RegExp(`^${STAMP} Invalid MAIL FROM b@example.org\n$`),
  );
  equal(
    await machine.output("stat -c '%U %a' current invalid", "/var/log/qmail-smtpd"),
    "qmaill 744\nqmaill 600\n",
  );
});

machineTest("004 figure 5-2 three stages: everything but status, alarms, the last invalid line", [
  "multilog",
], async (machine) => {
  const input = "status 1\\nalarm: disk\\nhello\\nInval a\\nstatus 2\\nInval b\\n";
  const { code, stdout, stderr } = await machine.type(
    `printf '${input}' | multilog '-*status*' ./dir1 '-*' '+*alarm*' e ./dir2 '-*' '+*Inval*' =./invalid`,
    "/tmp",
  );
  equal(code, 0);
  equal(stdout, "");
  equal(stderr, "alarm: disk\n");
  equal(await machine.output("cat dir1/current", "/tmp"), "alarm: disk\nhello\nInval a\nInval b\n");
  equal(
    await machine.output("cat dir2/current; head -1 invalid", "/tmp"),
    "alarm: disk\nInval b\n",
  );
  equal(await machine.output("ls dir1", "/tmp"), "current\nlock\nstate\n");
});

/** A service that logs what is written into /tmp/input. */
async function logged(machine: Machine, logRun: string): Promise<void> {
  await machine.output("mkfifo /tmp/input");
  await machine.edit("/service/d/run", "#!/bin/sh\nexec cat <>/tmp/input\n");
  await machine.edit("/service/d/log/run", `#!/bin/sh\n${logRun}\n`);
}

machineTest(
  "004 5.6.1.4 svc -a finishes the file; its name is its time, older files come first",
  ["svscan", "svc", "multilog", "tai64nlocal"],
  async (machine) => {
    await logged(machine, "exec multilog t ./main '-*' '+* two' ./two");
    machine.start("svscan /service");
    const main = "/service/d/log/main";
    for (const [number, line] of ["one", "two", "three"].entries()) {
      await machine.output(`echo ${line} >/tmp/input`);
      await machine.until("cat current", new RegExp(`^${STAMP} ${line}\n$`), main);
      await machine.output("svc -a /service/d/log");
      await machine.until(
        "ls -d @*.s | wc -l; wc -c <current",
        new RegExp(`^${number + 1}\n0\n$`),
        main,
      );
    }
    const before = Math.floor(Date.now() / 1000);
    const times = (await machine.output("TZ=UTC; export TZ; ls @4* | tai64nlocal", main)).trim()
      .split("\n");
    for (const time of times) {
      match(time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}\.s$/);
      const seconds = Date.parse(`${time.slice(0, 19).replace(" ", "T")}Z`) / 1000;
      match(String(before - seconds), /^-?\d$/);
    }
    equal(
      await machine.output(
        `for LOGFILE in $(ls @4* 2>/dev/null)
do
    cut -d' ' -f2 $LOGFILE
done`,
        main,
      ),
      "one\ntwo\nthree\n",
    );
    equal(await machine.output("cat /service/d/log/two/@* | cut -d' ' -f2"), "two\n");
  },
);

machineTest(
  "004 5.6.1.5 a postprocessor with the state of its last run",
  ["svscan", "svc", "multilog"],
  async (machine) => {
    // Counts the lines of all files so far.
    await machine.edit(
      "/usr/local/scripts/postprocessor",
      `#!/bin/sh
read before <&4
lines=$(cat)
total=$((\${before:-0} + $(echo "$lines" | wc -l)))
echo $total >&5
echo "$lines" | sed 's/^@[0-9a-f]* //'
echo "$total lines so far"
`,
    );
    await logged(machine, "exec multilog t !/usr/local/scripts/postprocessor /var/log/d");
    machine.start("svscan /service");
    await machine.output("mkdir -p /var/log/d");
    let count = 0;
    for (const lines of [["a", "b"], ["c"], ["d", "e", "f"]]) {
      await machine.output(`printf '${lines.join("\\n")}\\n' >/tmp/input`);
      await machine.until("wc -l <current", new RegExp(`^${lines.length}\n$`), "/var/log/d");
      await machine.output("svc -a /service/d/log");
      count += lines.length;
      await machine.until("cat state", new RegExp(`^${count}\n$`), "/var/log/d");
    }
    await machine.until(
      "ls | tr -d '0-9a-f@' | tr '\\n' ' '",
      /^\.s \.s \.s urrnt lok stt $/,
      "/var/log/d",
    );
    equal(
      await machine.output("cat @*.s", "/var/log/d"),
      "a\nb\n2 lines so far\nc\n3 lines so far\nd\ne\nf\n6 lines so far\n",
    );
    equal(await machine.output("stat -c %a @*.s | sort -u", "/var/log/d"), "744\n");
  },
);

machineTest(
  "004 5.6.1.5 a postprocessor that fails is seen in readproctitle, and no line is lost",
  ["svscan", "svc", "multilog", "readproctitle"],
  async (machine) => {
    await machine.edit("/usr/local/scripts/test", "#!/bin/bash\necho x >&3\n");
    await logged(machine, "exec multilog t !/usr/local/scripts/test /var/log/qmail-send");
    machine.start(`svscan /service 2>&1 | readproctitle service errors: ${".".repeat(400)}`);
    await machine.output("echo line >/tmp/input");
    await machine.until("cat current", / line\n$/, "/var/log/qmail-send");
    await machine.output("svc -a /service/d/log");
    await machine.until(
      "ps -auxww | grep 'r[e]adproctitle service'",
      /test: line 2: 3: Bad file descriptor.{1,2}multilog: warning: processor failed in \/var\/log\/qmail-send, pausing/s,
    );
    match(await machine.output("cat previous", "/var/log/qmail-send"), / line\n$/);
    await machine.edit("/usr/local/scripts/test", "#!/bin/bash\nexec cat\n");
    await machine.until("cat @*.s 2>&1", / line\n$/, "/var/log/qmail-send");
  },
);

machineTest(
  "004 5.6.1.6 a changed log/run counts after svc -du; ps shows where multilog writes",
  ["svscan", "svc", "multilog"],
  async (machine) => {
    await logged(machine, "exec multilog t /var/log/d");
    machine.start("svscan /service");
    await machine.output("echo one >/tmp/input");
    await machine.until("cat /var/log/d/current", / one\n$/);
    match(
      await machine.output("ps -auxww | grep 'm[u]ltilog'"),
      /:\d\d multilog t \/var\/log\/d\n$/,
    );
    const run =
      "exec multilog t '-*tcpserver: status:*' /var/log/d '-*' '+*Invalid*' =/var/log/d/invalid";
    await machine.edit("/service/d/log/run", `#!/bin/sh\n${run}\n`);
    await machine.output("svc -du /service/*/log");
    await machine.until(
      "ps -auxww | grep 'm[u]ltilog'",
      /:\d\d multilog t -\*tcpserver: status:\* \/var\/log\/d -\* \+\*Invalid\* =\/var\/log\/d\/invalid\n$/,
    );
    await machine.output("printf 'tcpserver: status: 1/2\\ntwo Invalid\\n' >/tmp/input");
    await machine.until("cat /var/log/d/current", / one\n@\w+ two Invalid\n$/);
    await machine.until("head -1 /var/log/d/invalid", / two Invalid\n$/);
  },
);

machineTest(
  "004 5.8.3 the log's run script is tested with a line of its own",
  ["multilog"],
  async (machine) => {
    await machine.edit(
      "/usr/local/daemons/d/log/run",
      "#!/bin/sh\nexec multilog t ./main '-*' '+*Invalid*' =./main/invalid\n",
    );
    // A status file's folder must be there when multilog starts.
    await machine.output("mkdir main", "/usr/local/daemons/d");
    await machine.output('echo "Testpattern Invalid" | ./log/run', "/usr/local/daemons/d");
    // ./log/run is run from here.
    match(
      await machine.output("cat main/current", "/usr/local/daemons/d"),
      /^@\w+ Testpattern Invalid\n$/,
    );
    match(
      await machine.output("head -1 main/invalid", "/usr/local/daemons/d"),
      /^@\w+ Testpattern Invalid\n$/,
    );
  },
);

machineTest(
  "004 5.6.1.1 a second multilog on one log says so and ends with 111",
  ["multilog"],
  async (machine) => {
    await machine.output("mkfifo /tmp/fifo");
    machine.start("exec multilog t ./main <>/tmp/fifo", "/tmp");
    await machine.output("echo first >/tmp/fifo");
    await machine.until("cat main/current", /first/, "/tmp");
    const { code, stderr } = await machine.type("echo second | multilog t ./main", "/tmp");
    equal(code, 111);
    equal(stderr, "multilog: fatal: unable to lock directory ./main: temporary failure\n");
  },
);
