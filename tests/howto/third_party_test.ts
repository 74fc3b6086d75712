// SPDX-License-Identifier: 0BSD
// What other people's programs rely on: the bytes of supervise/status, the FIFOs control and ok, the names in a log
// directory, stamps. Their programs stand here as short Perl scripts that use none of our tools.
//
// Not tested here: runit's sv(8), which wants its own, longer status file.
import { deepEqual, equal, match } from "node:assert/strict";
import { machineTest } from "../harness/machine.ts";

const TOOLS = ["svscan", "svc", "svstat", "multilog"];

/** A monitoring plugin: state, pid and age from the 18 bytes; and whether supervise runs, from ok. */
const CHECK = `#!/usr/bin/perl
use Fcntl;
my $dir = shift;
my $alive = sysopen(my $ok, "$dir/supervise/ok", O_WRONLY | O_NONBLOCK);
open(my $file, "<", "$dir/supervise/status") or print("no status\\n"), exit 0;
my $size = read($file, my $status, 19);
my ($high, $low, $nano, $pid, $paused, $want) = unpack("NNNVCa", $status);
my $age = time - ($low - 10);
printf "%d bytes, %s, %s, high %08x, nano %s, age %s, paused %d, want %s\\n", $size, $alive ? "supervised" : "alone",
  $pid ? "pid " . ($pid == $ARGV[0] || kill(0, $pid)) : "down", $high, $nano < 1e9 ? "sane" : $nano,
  $age >= 0 && $age < 60 ? "sane" : $age, $paused, $want eq "\\0" ? "nothing" : $want;
`;

/** A control panel: writes letters. */
const CONTROL = `#!/usr/bin/perl
use Fcntl;
my ($dir, $letters) = @ARGV;
sysopen(my $control, "$dir/supervise/control", O_WRONLY | O_NDELAY) or print("not running\\n"), exit 0;
syswrite($control, $letters) == length $letters or die;
`;

machineTest(
  "a plugin unpacks status and opens ok, a panel writes letters into control",
  TOOLS,
  async (machine) => {
    await machine.edit("/usr/local/bin/check", CHECK);
    await machine.edit("/usr/local/bin/control", CONTROL);
    await machine.edit(
      "/service/a/run",
      "#!/bin/sh\ntrap 'echo HUP >>/tmp/signals' HUP\nwhile :; do sleep .05; done\n",
    );
    machine.start("svscan /service");
    const says = (state: string, flags: string): RegExp =>
      new RegExp(
        `^18 bytes, supervised, ${state}, high 40000000, nano sane, age sane, ${flags}\n$`,
      );
    await machine.until("check /service/a", says("pid 1", "paused 0, want u"));
    await machine.until("svstat /service/a", / [1-9] seconds/);
    await machine.output("control /service/a h");
    await machine.until("cat /tmp/signals", /HUP/);
    await machine.output("control /service/a p");
    await machine.until("check /service/a", says("pid 1", "paused 1, want u"));
    // Several letters at once, and bytes that are no letters.
    await machine.output("control /service/a 'c?d\n'");
    await machine.until("check /service/a", says("down", "paused 0, want d"));
    await machine.output("control /service/a o");
    await machine.until("check /service/a", says("pid 1", "paused 0, want nothing"));
    await machine.output("mv /service/a /service/.a; control /service/.a dx");
    await machine.until("check /service/.a", /^18 bytes, alone, down, .*, want d\n$/);
    equal(await machine.output("control /service/.a u"), "not running\n");
  },
);

/** Prints all lines of a log in the order of time, as newsyslog-like readers do: @ files by name, then current. */
const READER = `#!/usr/bin/perl
my $dir = shift;
opendir(my $entries, $dir) or die;
my @files = sort grep { /^\\@[0-9a-f]{24}\\.[su]$/ } readdir $entries;
for my $name (@files, "current") { open(my $file, "<", "$dir/$name") or die; print while <$file>; }
`;

machineTest(
  "a log is read in the order of its names, and tail -F follows it over rotations",
  TOOLS,
  async (machine) => {
    await machine.edit("/usr/local/bin/reader", READER);
    await machine.output("mkfifo /tmp/input; mkdir -p /var/log/a");
    machine.start("exec multilog t s4096 n100 /var/log/a <>/tmp/input");
    machine.start("exec tail -s .05 -n +1 -F /var/log/a/current >/tmp/tail 2>/tmp/tail.errors");
    // A file takes some 30 of these lines, so that tail sees each of the files.
    const lines = Array.from({ length: 200 }, (_, at) => `line ${at} ${"x".repeat(40)}`);
    for (let at = 0; at < lines.length; at += 20) {
      const words = lines.slice(at, at + 20).map((line) => `'${line}'`).join(" ");
      await machine.output(`printf '%s\\n' ${words} >/tmp/input`);
      await machine.until("wc -l </tmp/tail", new RegExp(`^${at + 20}\n$`));
    }
    const text = await machine.output("reader /var/log/a");
    equal(await machine.output("cat /tmp/tail"), text);
    const stamped = text.trimEnd().split("\n");
    deepEqual(stamped.map((line) => line.slice(26)), lines);
    const stamps = stamped.map((line) => line.slice(0, 25));
    deepEqual(stamps, [...stamps].sort());
    match(await machine.output("ls /var/log/a | grep -c '^@.*s$'"), /^[5-9]\n$/);
  },
  { programs: ["tail"] },
);

machineTest("stamps of svlogd and of our own are read by either's reader", [
  "tai64n",
  "tai64nlocal",
], async (machine) => {
  await machine.edit(
    "/usr/local/bin/decode",
    `#!/usr/bin/perl
while (<>) { s/^@([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})/join "", $1, " ", abs(hex($2) - 10 - time) < 5 ? "now" : $2, " ", hex($3) < 1e9 ? "sane" : $3/e; print }
`,
  );
  equal(await machine.output("echo hello | tai64n | decode"), "40000000 now sane hello\n");
  await machine.output(
    "mkdir -p /var/log/s; echo hello | svlogd -t /var/log/s 2>/dev/null; date -u +%Y-%m-%d >/tmp/day",
  );
  match(
    await machine.output("TZ=UTC tai64nlocal </var/log/s/current | grep -f /tmp/day"),
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} hello\n$/,
  );
}, { programs: ["svlogd"] });

machineTest(
  "chpst and our tools run each other",
  ["setuidgid", "envdir", "softlimit", "setlock"],
  async (machine) => {
    await machine.output(
      "groupadd -g 2001 one; useradd -u 2002 -g one account; mkdir /tmp/env; echo value >/tmp/env/NAME",
    );
    equal(
      await machine.output("chpst -u account envdir /tmp/env sh -c 'id -u; id -g; echo $NAME'"),
      "2002\n2001\nvalue\n",
    );
    equal(
      await machine.output(
        "softlimit -o 50 setuidgid account chpst -e /tmp/env sh -c 'id -u; ulimit -n; echo $NAME'",
      ),
      "2002\n50\nvalue\n",
    );
    // Their locks exclude each other.
    equal((await machine.type("setlock /tmp/lock chpst -L /tmp/lock true")).code, 111);
    equal((await machine.type("chpst -l /tmp/lock setlock -nx /tmp/lock echo never")).stdout, "");
  },
  { programs: ["chpst"] },
);
