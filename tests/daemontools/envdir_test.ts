// SPDX-License-Identifier: 0BSD
// Not tested here: memory that runs out, a directory that fails while it is being read.
import { deepEqual, equal } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { wrapperTests } from "../harness/wrapper.ts";

wrapperTests({ tool: "envdir", args: ["d"], prepare: (box) => box.write("d/NAME", "value\n") });

/** What env prints under `envdir d`, with nothing but `env` and PATH to begin with; PATH is left out. */
async function variables(box: Box, env = ""): Promise<string[]> {
  const { code, stdout, stderr } = await box.sh(`env -i PATH="$PATH" ${env} envdir d env -0`);
  deepEqual([code, stderr], [0, ""]);
  return stdout.split("\0").slice(0, -1).filter((entry) => !entry.startsWith("PATH=")).sort();
}

toolTest("envdir says its usage and 111", ["envdir"], async (box) => {
  const usage = { code: 111, stdout: "", stderr: "envdir: usage: envdir dir child\n" };
  deepEqual(await box.run(["envdir"]), usage);
  deepEqual(await box.run(["envdir", "d"]), usage);
});

toolTest("envdir takes the first line without blanks at its end", ["envdir"], async (box) => {
  box.write("d/LINES", "one \t \ntwo\n");
  box.write("d/LEAD", " \t lead");
  box.write("d/BLANK", "\t \t");
  box.write("d/CR", "x\r\n");
  box.write("d/NEWLINE", "\ntwo\n");
  box.write("d/INNER", "a \tb \n");
  box.write("d/LONG", "x" + " ".repeat(100_000) + "y" + " ".repeat(1_000_000) + "\nz");
  deepEqual(await variables(box), [
    "BLANK=",
    "CR=x\r",
    "INNER=a \tb",
    "LEAD= \t lead",
    "LINES=one",
    "LONG=x" + " ".repeat(100_000) + "y",
    "NEWLINE=",
  ]);
});

toolTest("envdir turns NULs into newlines, after taking blanks off", ["envdir"], async (box) => {
  box.write("d/N", "a\0b\0\0c \0");
  box.write("d/Z", "\0 \t\nrest");
  deepEqual(await variables(box), ["N=a\nb\n\nc \n", "Z=\n"]);
});

toolTest("envdir passes bytes of any encoding", ["envdir"], async (box) => {
  box.write("d/LATIN", "\xff\xfe\x01x\xc3\xa4");
  await box.sh(`printf 1 >"d/$(printf 'n\\351')"`);
  deepEqual(await variables(box, `IN="$(printf '\\200\\377')"`), [
    "IN=\x80\xff",
    "LATIN=\xff\xfe\x01x\xc3\xa4",
    "n\xe9=1",
  ]);
});

toolTest("envdir removes the variable of an empty file", ["envdir"], async (box) => {
  box.write("d/GONE", "");
  box.write("d/NEVER", "");
  box.write("d/OLD", "new");
  deepEqual(await variables(box, "GONE=x OLD=old KEPT=kept"), ["KEPT=kept", "OLD=new"]);
});

toolTest("envdir takes every name that has no dot in front", ["envdir"], async (box) => {
  box.write("d/.hidden", "no");
  box.write("d/with space", "1");
  box.write("d/-dash", "2");
  box.write("d/123", "3");
  box.write("d/a~", "4");
  deepEqual(await variables(box), ["-dash=2", "123=3", "a~=4", "with space=1"]);
});

toolTest("envdir cuts a name at its first =, to find the variable", ["envdir"], async (box) => {
  box.write("d/a=b", "");
  box.write("d/c=d=e", "x");
  deepEqual(await variables(box, "a=1 c=2 d=3"), ["a=b", "c=d=e=x", "d=3"]);
});

const EXEC_WITH = `
my ($file, @env) = map { "$_\\0" } @ARGV;
my @args = ("envdir\\0", "d\\0", "/bin/cat\\0", "/proc/self/environ\\0");
my ($argv, $envp) = map { join("", map { pack("p", $_) } @$_) . pack("J", 0) } (\\@args, \\@env);
syscall(qx(uname -m) =~ /x86_64/ ? 59 : 221, $file, $argv, $envp);`;

toolTest("envdir changes the first of several entries", ["envdir"], async (box) => {
  box.write("d/A", "new");
  box.write("d/B", "");
  box.write("exec.pl", EXEC_WITH);
  const { stdout } = await box.sh(
    'exec perl exec.pl "$(command -v envdir)" A=1 B=1 X=1 A=2 B=2 noequals Z=last',
  );
  // What is removed is replaced by the last entry; what is set goes to the end: in the directory's order.
  deepEqual(stdout.split("\0").slice(0, -1).sort(), [
    "A=2",
    "A=new",
    "B=2",
    "X=1",
    "Z=last",
    "noequals",
  ]);
}, { programs: ["perl"] });

toolTest("envdir reads a FIFO without waiting", ["envdir"], async (box) => {
  await box.sh("mkdir d; mkfifo d/FIFO");
  deepEqual(await variables(box, "FIFO=x"), []);
  const { code, stdout, stderr } = await box.sh("exec 5<>d/FIFO; envdir d echo ran");
  deepEqual([code, stdout, stderr], [
    111,
    "",
    "envdir: fatal: unable to read d/FIFO: temporary failure\n",
  ]);
});

toolTest("envdir reports what it cannot read, and runs nothing", ["envdir"], async (box) => {
  const failure = async (directory: string, text: string): Promise<void> => {
    const result = await box.run(["envdir", directory, "echo", "ran"]);
    deepEqual(result, { code: 111, stdout: "", stderr: `envdir: fatal: unable to ${text}\n` });
  };
  box.write("file", "");
  await failure("missing", "switch to directory missing: file does not exist");
  await failure("file", "switch to directory file: not a directory");
  await failure("", "switch to directory : file does not exist");
  await failure("a\xe4\xf6", "switch to directory a\xc3\xa4\xc3\xb6: file does not exist");
  box.write("d/SUB/x", "");
  await failure("d", "read d/SUB: is a directory");
  await box.sh("mkdir e; ln -s LOOP e/LOOP");
  await failure("e", "read e/LOOP: symbolic link loop");
  await failure("./e/", "read ./e//LOOP: symbolic link loop");
});

toolTest("envdir reports what it may not read", ["envdir", "setuidgid"], async (box) => {
  const failure = async (directory: string, text: string): Promise<void> => {
    const result = await box.run(["setuidgid", "nobody", "envdir", directory, "echo", "ran"]);
    deepEqual(result, { code: 111, stdout: "", stderr: `envdir: fatal: unable to ${text}\n` });
  };
  box.write("d/SECRET", "x", 0o600);
  await failure("d", "read d/SECRET: access denied");
  await box.sh("mkdir -m 0 closed; mkdir -m 311 unreadable");
  await failure("closed", "switch to directory closed: access denied");
  await failure("unreadable", "read directory unreadable: access denied");
  await box.sh("chmod 311 .");
  await failure("d", "switch to current directory: access denied");
}, { root: true });

toolTest("envdir comes back to where it was started", ["envdir"], async (box) => {
  box.script("prog", "pwd -P");
  await box.sh("mkdir d");
  equal((await box.run(["envdir", "d", "./prog"])).stdout, Deno.realPathSync(box.dir) + "\n");
});

toolTest("envdir cannot run a program with a variable too long", ["envdir"], async (box) => {
  box.write("d/LONG", "x".repeat(3_000_000));
  deepEqual(await box.run(["envdir", "d", "true"]), {
    code: 111,
    stdout: "",
    stderr: "envdir: fatal: unable to run true: argument list too long\n",
  });
});

toolTest("envdir looks in the PATH that it was given itself", ["envdir"], async (box) => {
  box.write("d/PATH", "/nonexistent");
  equal((await box.sh("envdir d printenv PATH")).stdout, "/nonexistent\n");
});

toolTest("envdir passes over a link to nowhere", ["envdir"], async (box) => {
  await box.sh("mkdir d; ln -s nowhere d/LINK");
  box.write("d/A", "a");
  deepEqual(await variables(box, "LINK=old"), ["A=a", "LINK=old"]);
}, { djboxOnly: "the C tool gives the variable what it read last" });
