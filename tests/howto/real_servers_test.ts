// SPDX-License-Identifier: 0BSD
// Servers of other people behind tcpserver and under svscan, set up by their own scripts. Their files are unpacked from Debian's
// packages into build/servers (.ci/run does it); nothing is installed.
import { equal, match } from "node:assert/strict";
import { existsSync } from "node:fs";
import { type Machine, machineTest } from "../harness/machine.ts";
import { ROOT } from "../../scripts/root.ts";

/** Where the packages are unpacked. */
const SERVERS = ROOT + "build/servers";
const TOOLS = [
  "svscan",
  "svc",
  "svstat",
  "tcpserver",
  "tcpclient",
  "tcprules",
  "multilog",
  "setuidgid",
  "envdir",
];

/** A test on a machine that has the servers where their packages would have put them. */
function serverTest(name: string, body: (machine: Machine) => Promise<void>): void {
  if (!existsSync(`${SERVERS}/complete`)) {
    Deno.test({ name, ignore: true, fn: (): void => undefined });
    return;
  }
  machineTest(name, TOOLS, async (machine) => {
    await machine.bring(`${SERVERS}/.`, "/opt");
    await machine.output(`mkdir /mnt/sbin /usr/local/lib
      mount --bind /usr/sbin /mnt/sbin
      mount -t tmpfs -o mode=755 none /usr/sbin
      ln -s /mnt/sbin/* /usr/sbin
      cp -a /opt/usr/sbin/* /usr/sbin
      cp -a /opt/usr/bin/* /opt/bin/* /usr/local/bin
      cp -a $(find /opt -name 'lib*.so*') /usr/local/lib
      cp -rn /opt/etc/. /etc
      ldconfig`);
    await body(machine);
  });
}

const listens = (port: number): string => `ss -Hltn 'sport = :${port}' | grep -c LISTEN`;

serverTest(
  "tinydns and axfrdns by tinydns-conf and axfrdns-conf, a zone transferred by axfr-get",
  async (machine) => {
    for (const account of ["Gtinydns", "Gdnslog", "Gaxfrdns"]) {
      await machine.output(
        `useradd ${account}`,
      );
    }
    await machine.output(`ip addr add 127.0.0.53/32 dev lo
    tinydns-conf Gtinydns Gdnslog /etc/tinydns 127.0.0.53
    axfrdns-conf Gaxfrdns Gdnslog /etc/axfrdns /etc/tinydns 127.0.0.53`);
    await machine.output(
      `./add-ns example.org 127.0.0.53
    ./add-host www.example.org 10.1.2.3
    ./add-alias ftp.example.org 10.1.2.3
    make`,
      "/etc/tinydns/root",
    );
    await machine.output(
      `echo '127.0.0.1:allow,AXFR="example.org"' >tcp
    echo ':deny' >>tcp
    make`,
      "/etc/axfrdns",
    );
    machine.start("svscan /service");
    await machine.output("ln -s /etc/tinydns /etc/axfrdns /service");
    await machine.until("svstat /service/* /service/*/log", /^(.*: up .*[1-9] seconds\n){4}$/);
    await machine.until(listens(53), /^1\n$/);
    await machine.output(
      "tcpclient -RHl0 -i 127.0.0.1 127.0.0.53 53 axfr-get example.org zone zone.tmp",
      "/tmp",
    );
    const zone = await machine.output("sort zone", "/tmp");
    match(zone, /^\+ftp\.example\.org:10\.1\.2\.3:86400$/m);
    match(zone, /^\+www\.example\.org:10\.1\.2\.3:86400$/m);
    match(zone, /^&example\.org::a\.ns\.example\.org\.:259200$/m);
    // Anybody else is turned away.
    const { code } = await machine.type(
      "tcpclient -RHl0 -i 127.0.0.2 127.0.0.53 53 axfr-get example.org no no.tmp",
      "/tmp",
    );
    equal(code, 111);
    await machine.until(
      "cat /etc/axfrdns/log/main/current",
      / tcpserver: deny \d+ 0:127\.0\.0\.53:53 :127\.0\.0\.2::\d+\n/,
    );
    const processes = await machine.output("ps -o user=,args= -C tinydns -C multilog");
    match(processes, /^Gtinydns .*tinydns$/m);
    match(processes, /^Gdnslog +multilog t \.\/main$/m);
  },
);

serverTest(
  "dnscache by dnscache-conf: tcpserver's and tcpclient's look-ups go through it",
  async (machine) => {
    for (const account of ["Gtinydns", "Gdnslog", "Gdnscache"]) {
      await machine.output(
        `useradd ${account}`,
      );
    }
    await machine.output(`ip addr add 127.0.0.53/32 dev lo
    touch /etc/dnsroots.global
    tinydns-conf Gtinydns Gdnslog /etc/tinydns 127.0.0.53
    dnscache-conf Gdnscache Gdnslog /etc/dnscache 127.0.0.1
    echo 127.0.0.53 >/etc/dnscache/root/servers/example.org
    echo 127.0.0.53 >/etc/dnscache/root/servers/127.in-addr.arpa`);
    await machine.output(
      `./add-ns example.org 127.0.0.53
    ./add-ns 127.in-addr.arpa 127.0.0.53
    ./add-host client.example.org 127.0.0.9
    ./add-alias server.example.org 127.0.0.1
    make`,
      "/etc/tinydns/root",
    );
    machine.start("svscan /service");
    await machine.output("ln -s /etc/tinydns /etc/dnscache /service");
    await machine.until("svstat /service/* /service/*/log", /^(.*: up .*[1-9] seconds\n){4}$/);
    await machine.output(
      "printf '=client.example.org:allow,WHO=\"client\"\\n:deny\\n' | tcprules rules.cdb rules.tmp",
      "/tmp",
    );
    machine.start(
      `DNSCACHEIP=127.0.0.1 tcpserver -vpR -l local -x /tmp/rules.cdb 0 5000 sh -c 'echo "$WHO at $TCPREMOTEHOST"' 2>/tmp/log`,
    );
    await machine.until(listens(5000), /^1\n$/);
    equal(
      await machine.output(
        "DNSCACHEIP=127.0.0.1 tcpclient -Rl0 -i 127.0.0.9 server.example.org 5000 sh -c 'cat <&6; echo $TCPREMOTEIP'",
      ),
      "client at client.example.org\n127.0.0.1\n",
    );
    equal(await machine.output("tcpclient -RHl0 127.0.0.1 5000 sh -c 'cat <&6'"), "");
    await machine.until(
      "cat /tmp/log",
      /deny \d+ local:127\.0\.0\.1:5000 localhost:127\.0\.0\.1::\d+\n/,
    );
  },
);

serverTest("a telnet server", async (machine) => {
  await machine.edit(
    "/usr/local/bin/login",
    '#!/bin/sh\ntty -s && echo terminal\nread name\necho "hello $name"\nread end\n',
  );
  await machine.edit(
    "/service/telnet/run",
    `#!/bin/sh
exec 2>&1
exec tcpserver -RHl0 127.0.0.1 telnet /usr/sbin/telnetd -h -E /usr/local/bin/login
`,
  );
  machine.start("svscan /service");
  await machine.until(listens(23), /^1\n$/);
  // Refuses every option that is offered. It ends the session: telnetd loses what is printed just before the end.
  const client = `perl -e '
use IO::Socket::INET;
my $peer = IO::Socket::INET->new("127.0.0.1:23") or exit 1;
my $all = "";
while (sysread $peer, my $some, 4096) {
  $all .= $some;
  while ($all =~ s/\\xff([\\xfb\\xfd])(.)//s) { syswrite $peer, "\\xff" . ($1 eq "\\xfb" ? "\\xfe" : "\\xfc") . $2 }
  syswrite $peer, "erwin\\r\\n" if $all =~ /terminal/ && !$said++;
  syswrite $peer, "\\r\\n" if $all =~ /hello erwin/ && !$ended++;
}
print $all'`;
  match(await machine.output(client), /terminal\r\n[^]*hello erwin\r\n/);
  await machine.until("ss -Htn state established '( sport = :23 )'", /^$/);
});

serverTest("a POP3 server", async (machine) => {
  await machine.output(`useradd -m -s /bin/sh joe
    echo joe:secret | chpasswd
    mkdir -p /var/mail /var/empty
    printf 'From a@b Sat Nov 21 00:00:00 2026\\nSubject: one\\n\\nbody\\n\\n' >/var/mail/joe
    chown joe /var/mail/joe
    useradd popa3d
    mkdir -p /var/lib/popa3d`);
  await machine.edit(
    "/service/pop3/run",
    "#!/bin/sh\nexec 2>&1\nexec tcpserver -vRHl0 -c 10 0 pop3 /usr/sbin/popa3d\n",
  );
  machine.start("svscan /service");
  await machine.until(listens(110), /^1\n$/);
  const mail = await machine.telnet(
    "127.0.0.1",
    "pop3",
    "USER joe\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nQUIT\r\n",
  );
  match(
    mail,
    /^\+OK.*\r\n\+OK.*\r\n\+OK.*\r\n\+OK 1 \d+\r\n\+OK.*\r\nSubject: one\r\n\r\nbody\r\n(\r\n)?\.\r\n\+OK.*\r\n$/,
  );
});

serverTest("an FTP server", async (machine) => {
  await machine.output(`useradd -m -s /bin/sh joe
    echo joe:secret | chpasswd
    mkdir -p /var/run/vsftpd/empty
    echo "some text" >/home/joe/file
    printf 'listen=NO\\nlocal_enable=YES\\nanonymous_enable=NO\\nsecure_chroot_dir=/var/run/vsftpd/empty\\npam_service_name=vsftpd\\nseccomp_sandbox=NO\\nisolate=NO\\nisolate_network=NO\\n' >/etc/vsftpd.conf`);
  await machine.edit(
    "/service/ftp/run",
    "#!/bin/sh\nexec 2>&1\nexec tcpserver -vDRHl0 -c 10 0 ftp /usr/sbin/vsftpd /etc/vsftpd.conf\n",
  );
  machine.start("svscan /service");
  await machine.until(listens(21), /^1\n$/);
  equal(await machine.output("curl -sS -u joe:secret ftp://127.0.0.1/file"), "some text\n");
  await machine.output(
    "echo more >/tmp/more; curl -sS -u joe:secret --disable-eprt -P - ftp://127.0.0.1/ -l",
  );
  const refused = await machine.type("curl -sS -u joe:wrong ftp://127.0.0.1/file");
  equal(refused.code, 67, refused.stderr);
});

serverTest("busybox's httpd in inetd's manner", async (machine) => {
  await machine.output(
    "mkdir -p /var/www; echo '<p>hello' >/var/www/index.html; echo text >/var/www/file",
  );
  machine.start("tcpserver -vRHl0 0 80 busybox httpd -i -h /var/www");
  await machine.until(listens(80), /^1\n$/);
  equal(await machine.output("curl -sS http://127.0.0.1/"), "<p>hello\n");
  equal(await machine.output("http@ 127.0.0.1 file"), "text\n");
});
