// SPDX-License-Identifier: 0BSD
/**
 * The tests that every tool must pass which ends by running a program in its place: the program gets its
 * arguments, environment and state unchanged, and one that cannot be run is reported.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, toolTest } from "./harness.ts";

/** A tool that runs a program in its place. */
export interface Wrapper {
  readonly tool: string;
  /** What stands between the tool's name and the program. */
  readonly args: readonly string[];
  /** Makes what `args` need. */
  readonly prepare?: (box: Box) => void;
  /** Further lines of `DUMP` that the tool adds. */
  readonly adds?: readonly string[];
  readonly root?: boolean;
}

/** Writes into the file $STATE what a program inherits: pipes without their numbers, files without their folders. */
const DUMP = `
open(STATE, ">", $ENV{STATE}) or die;
for (0 .. 255) {
  my $link = readlink("/proc/self/fd/$_");
  next if $_ == fileno(STATE) || !defined $link || $link =~ m{/dump.pl$};
  my @mode = lstat("/proc/self/fd/$_");
  $link =~ s/:\\[\\d+\\]$//;
  $link =~ s{.*/}{} if $link !~ m{^/dev};
  printf STATE "%d %03o %s\\n", $_, $mode[2] & 0700, $link;
}
open(STATUS, "<", "/proc/self/status") or die;
while (<STATUS>) {
  # The two internal signals of the C library, 32 and 33, are its own affair.
  printf STATE "%s %x\\n", $1, hex($2) & ~(3 << 31) if /^(SigBlk|SigIgn):\\s*(\\w+)/;
}
printf STATE "umask %03o\\n", umask;
`;

/** Registers the tests of `wrapper`. */
export function wrapperTests(wrapper: Wrapper): void {
  const { tool, args, adds = [] } = wrapper;
  const isAdded = (text: string): boolean =>
    adds.some((added) => text.replace(/^\d+/, "") === added.replace(/^\d+/, ""));
  const needs = { root: wrapper.root ?? false };
  const test = (
    name: string,
    body: (box: Box, line: string) => Promise<void>,
    programs: readonly string[] = [],
  ): void =>
    toolTest(`${tool} ${name}`, [tool], async (box) => {
      wrapper.prepare?.(box);
      await body(box, [tool, ...args].join(" "));
    }, { ...needs, programs });

  test("passes arguments byte for byte", async (box, line) => {
    const script = `${line} printf '%s|' "$(printf 'a\\377b')" '' ' x ' -n -- "$(printf 'x\\ny')"`;
    deepEqual(await box.sh(script), { code: 0, stdout: "a\xffb|| x |-n|--|x\ny|", stderr: "" });
  });

  test("becomes the program: pid and exit status are its own", async (box, line) => {
    const { code, stdout } = await box.sh(
      `chmod 777 .; echo $$; exec ${line} sh -c 'echo $$; exit 9'`,
    );
    const [before, after] = stdout.split("\n");
    equal(after, before);
    equal(code, 9);
    equal((await box.sh(`${line} sh -c 'kill -9 $$'`)).code, 137);
  });

  test("reports a program that cannot be run, and never asks a shell", async (box, line) => {
    box.write("noshebang", "echo hi\n", 0o755);
    box.write("badint", "#!/nonexistent/interpreter\n", 0o755);
    box.write("noexec", "");
    const programs = [
      ["./noshebang", "exec format error"],
      ["./badint", "file does not exist"],
      ["./noexec", "access denied"],
      [".", "access denied"],
      ["./missing", "file does not exist"],
      ["./noexec/x", "not a directory"],
      ["no-such-program", "file does not exist"],
      ["''", "access denied"],
    ] as const;
    for (const [program, reason] of programs) {
      const shown = program === "''" ? "" : program;
      deepEqual(await box.sh(`${line} ${program}`, { env: { PATH: `${box.path}:/usr/bin` } }), {
        code: 111,
        stdout: "",
        stderr: `${tool}: fatal: unable to run ${shown}: ${reason}\n`,
      });
    }
  });

  test("looks for the program in PATH as execvp does", async (box) => {
    box.script("good/prog", 'echo "good $0"');
    box.script("prog", 'echo "here $0"');
    box.write("denied/prog", "#!/bin/sh\n", 0o644);
    box.write("wrong/prog", "echo no shebang\n", 0o755);
    const run = async (path: string, program = "prog"): Promise<string> => {
      const { stdout, stderr } = await box.sh(
        `T=$(command -v ${tool}); ${path} exec "$T" ${args.join(" ")} ${program}`,
      );
      return stdout + stderr;
    };
    const failure = (reason: string): string => `${tool}: fatal: unable to run prog: ${reason}\n`;
    equal(await run("PATH=missing:denied:good"), "good good/prog\n");
    equal(await run("PATH=denied::good"), "here ./prog\n");
    equal(await run("PATH=denied:missing"), failure("access denied"));
    equal(await run("PATH=wrong:good"), failure("exec format error"));
    equal(await run("PATH=noexec/prog:wrong/prog:good"), failure("not a directory"));
    equal(await run("PATH="), "here ./prog\n");
    equal(await run("unset PATH;"), failure("file does not exist"));
    equal(await run("unset PATH;", "echo found"), "found\n");
  });

  test("leaves everything else as it is, and leaks nothing", async (box, line) => {
    box.write("dump.pl", DUMP);
    box.write("in", "");
    const dump = async (start: string): Promise<string[]> => {
      const result = await box.sh(
        `rm -f state && chmod 777 . && umask 027 && ulimit -S -n 333 && ulimit -S -c 0 &&
        trap '' HUP USR2 PIPE && exec 7<in </dev/null && export STATE=state &&
        exec env --block-signal=USR1,WINCH ${start} sh -c \\
        'ulimit -S -n; ulimit -S -c; pwd; exec perl dump.pl'`,
      );
      const stdout = `333\n0\n${Deno.realPathSync(box.dir)}\n`;
      deepEqual(result, { code: 0, stdout, stderr: "" });
      return box.read("state").trim().split("\n");
    };
    const plain = await dump("");
    deepEqual((await dump(line)).filter((text) => !isAdded(text)), plain);
    deepEqual((await dump(line)).filter(isAdded), adds);
    ok(plain.includes("7 500 in") && plain.includes("SigBlk 8000200"), plain.join());
  }, ["perl"]);

  test("keeps closed descriptors closed", async (box, line) => {
    box.write("dump.pl", DUMP);
    const dump = async (start: string, redirections: string): Promise<string[]> => {
      await box.sh(`rm -f state; chmod 777 .; STATE=state ${start} perl dump.pl ${redirections}`);
      return box.read("state").trim().split("\n");
    };
    for (const closed of ["<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"]) {
      const wrapped = await dump(line, closed);
      deepEqual(wrapped.filter((text) => !isAdded(text)), await dump("", closed), closed);
      // What the tool adds takes the lowest free place.
      const lowest = closed.startsWith("<") ? "0" : closed.startsWith(">") ? "1" : "2";
      deepEqual(
        wrapped.filter(isAdded),
        adds.map((text) => text.replace(/^\d+/, lowest)),
        closed,
      );
    }
  }, ["perl"]);
}
