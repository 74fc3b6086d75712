// SPDX-License-Identifier: 0BSD
// Not tested here: a fork that fails.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";

toolTest("fghack says its usage and 100", ["fghack"], async (box) => {
  deepEqual(await box.run(["fghack"]), {
    code: 100,
    stdout: "",
    stderr: "fghack: usage: fghack child\n",
  });
});

toolTest("fghack exits as the program does", ["fghack"], async (box) => {
  for (const code of [0, 7, 255]) {
    deepEqual(await box.run(["fghack", "sh", "-c", `exit ${code}`]), {
      code,
      stdout: "",
      stderr: "",
    });
  }
  for (const signal of ["KILL", "TERM", "SEGV"]) {
    deepEqual(await box.run(["fghack", "sh", "-c", `kill -${signal} $$`]), {
      code: 111,
      stdout: "",
      stderr: "fghack: fatal: child crashed\n",
    });
  }
});

toolTest("fghack reports a program that cannot be run", ["fghack"], async (box) => {
  box.write("noshebang", "echo hi\n", 0o755);
  box.write("noexec", "");
  for (
    const [program, reason] of [
      ["no-such-program", "file does not exist"],
      ["./noshebang", "exec format error"],
      ["./noexec", "access denied"],
      [".", "access denied"],
      ["", "access denied"],
    ] as const
  ) {
    deepEqual(await box.run(["fghack", program], { env: { PATH: `${box.path}:/usr/bin` } }), {
      code: 111,
      stdout: "",
      stderr: `fghack: fatal: unable to run ${program}: ${reason}\n`,
    });
  }
});

toolTest("fghack passes arguments, input and output on", ["fghack"], async (box) => {
  deepEqual(await box.sh(`fghack printf '%s|' "$(printf 'a\\377b')" '' ' x '`), {
    code: 0,
    stdout: "a\xffb|| x |",
    stderr: "",
  });
  deepEqual(await box.run(["fghack", "cat"], { stdin: "input" }), {
    code: 0,
    stdout: "input",
    stderr: "",
  });
});

/** Makes exactly the descriptors in its first argument open, then runs the rest. */
const WITH_DESCRIPTORS = `
use POSIX;
$^F = 255;
my %open = map { $_ => 1 } split(/,/, shift);
my $null = POSIX::open("/dev/null", O_RDWR);
for (grep { $_ != $null } 3 .. 255) { $open{$_} ? POSIX::dup2($null, $_) : POSIX::close($_) }
for (grep { !$open{$_} } $null, 0 .. 2) { POSIX::close($_) }
exec @ARGV;
`;

/** Writes the numbers of the descriptors that are one pipe: the pipe that most of them are. */
const PIPES = `
my %at;
for (0 .. 99) { my $l = readlink("/proc/self/fd/$_"); push @{$at{$l}}, $_ if $l =~ /^pipe/ }
my ($most) = sort { @{$at{$b}} <=> @{$at{$a}} } keys %at;
open(OUT, ">", "pipes");
print OUT join(" ", @{$at{$most}});`;

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The ends of the pipe that a program gets where `open` are the descriptors to begin with. */
async function ends(box: Box, open: string, before = ""): Promise<number[]> {
  box.write("with.pl", WITH_DESCRIPTORS);
  box.write("pipes.pl", PIPES);
  await box.sh(`${before} exec perl with.pl ${open} fghack perl pipes.pl`);
  return box.read("pipes").split(" ").map(Number);
}

const PERL = { programs: ["perl"] };

toolTest("fghack adds 31 ends of a pipe, where there is room", ["fghack"], async (box) => {
  deepEqual(await ends(box, "0,1,2"), numbers(3, 33));
  deepEqual(await ends(box, "0,1,2,4,7"), [3, 5, 6, ...numbers(8, 35)]);
  deepEqual(await ends(box, "1,2"), [0, ...numbers(3, 32)]);
  deepEqual(await ends(box, "2"), [0, 1, ...numbers(3, 31)]);
}, PERL);

toolTest("fghack needs two descriptors under the limit", ["fghack"], async (box) => {
  const limited = (open: string): string[] => {
    const command = "ulimit -S -n 6; exec fghack echo ran";
    return ["perl", "with.pl", open, "sh", "-c", command];
  };
  box.write("with.pl", WITH_DESCRIPTORS);
  deepEqual(await box.run(limited("0,1,2,3,4")), {
    code: 111,
    stdout: "",
    stderr: "fghack: fatal: unable to create pipe: process cannot open more files\n",
  });
  // All that there are: nothing is left for the program's loader.
  const { code, stdout, stderr } = await box.run(limited("0,1,2,3"));
  deepEqual([code, stdout], [127, ""]);
  match(stderr, /^echo: error while loading shared libraries/);
}, PERL);

toolTest("fghack throws away what comes through the pipe", ["fghack"], async (box) => {
  const { code, stdout } = await box.run([
    "fghack",
    "perl",
    "-e",
    'open(F, ">&=", 10) or die; print F "junk" x 100000; close F; print "done\\n"',
  ]);
  deepEqual([code, stdout], [0, "done\n"]);
}, PERL);

toolTest("fghack waits for what runs in the background", ["fghack"], async (box) => {
  await box.sh("mkfifo go");
  const program = "(read x <go; echo background) & echo $$ >pid; exit 3";
  const fghack = box.start(["fghack", "sh", "-c", program]);
  // fghack waits for its child only when nobody holds the pipe: until then the program stays a zombie.
  await box.until("the program runs", () => box.read("pid").endsWith("\n"));
  await box.until("the program has ended", () => state(box.read("pid").trim()) === "Z");
  equal(box.read("out"), "");
  await box.sh("echo >go");
  equal(await fghack.ended, 3);
  equal(box.read("out"), "background\n");
});

/** The state (proc(5)) of a process. */
function state(pid: string): string {
  return Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").charAt(0);
}

toolTest("fghack does not wait for who closes all", ["fghack"], async (box) => {
  const { code } = await box.sh(
    `fghack perl -e 'use POSIX; if (fork == 0) { POSIX::close($_) for 0 .. 200; sleep 1000 } exit 4'`,
  );
  equal(code, 4);
}, PERL);

toolTest("fghack alone gets the signals that it is sent", ["fghack"], async (box) => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGALRM"] as const) {
    const fghack = box.start(["fghack", "sh", "-c", "echo $$ >pid; exec sleep 1000"]);
    await box.until("the program runs", () => box.read("pid") !== "");
    const pid = Number(box.read("pid"));
    fghack.kill(signal);
    ok(await fghack.ended > 128);
    Deno.kill(pid, "SIGKILL");
    Deno.removeSync(`${box.dir}/pid`);
  }
});

toolTest("fghack passes dispositions, mask and limits on", ["fghack"], async (box) => {
  const { stdout } = await box.sh(
    `trap '' HUP USR2; ulimit -S -n 333; exec env --default-signal=INT,QUIT --block-signal=USR1,WINCH \\
    fghack sh -c \\
    'ulimit -S -n; exec grep -E "^Sig(Blk|Ign)" /proc/self/status'`,
  );
  const [files, blocked = "", ignored = ""] = stdout.split("\n");
  equal(files, "333");
  equal(blocked, "SigBlk:\t0000000008000200");
  // The two internal signals of the C library are its own affair.
  equal(BigInt("0x" + ignored.slice(8)) & ~(3n << 31n), 0x801n);
});

toolTest("fghack whose children nobody may wait for says so", ["fghack"], async (box) => {
  deepEqual(await box.sh("exec env --ignore-signal=CHLD fghack sh -c 'exit 3'"), {
    code: 111,
    stdout: "",
    stderr: "fghack: fatal: wait failed: no child processes\n",
  });
});
