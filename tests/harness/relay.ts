// SPDX-License-Identifier: 0BSD
/**
 * What recordio and fixcrio have in common: tests for the tools that put a relay between a program and its descriptors
 * 0 and 1. Texts in them have CR LF, which fixcrio leaves as it is.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { type Box, toolTest } from "./harness.ts";

/** Declares the tests for `tool`. */
export function relayTests(tool: string): void {
  const test = (name: string, body: (box: Box) => Promise<void>, djboxOnly?: string): void =>
    toolTest(
      `${tool} ${name}`,
      [tool],
      body,
      djboxOnly === undefined ? {} : { djboxOnly },
    );

  test("gives its place to the program, and its exit code is the program's", async (box) => {
    const { stdout } = await box.sh(`
      ${tool} sh -c 'echo $$ >pid; exit 7' 2>/dev/null & wait $!; echo $? $(($! - $(cat pid)))
      ${tool} sh -c 'kill $$' 2>/dev/null & wait $!; echo $?
      ${tool} sleep 100 2>/dev/null & until [ "$(ps -o comm= $!)" = sleep ]; do sleep 0.01; done
      kill -9 $!; wait $!; echo $?`);
    equal(stdout, "7 0\n143\n137\n");
  });

  test("leaves arguments, environment and descriptors as they are", async (box) => {
    box.script(
      "show",
      `tr '\\0' '|' </proc/$$/cmdline; echo; pwd; umask; ulimit -n
      tr '\\0' '\\n' </proc/$$/environ | grep -v -e ^PWD= -e ^DJBOX_TEST
      for fd in 0 1 2 3 4 5 6 7 8 9 20 30; do [ -e /proc/$$/fd/$fd ] && printf "$fd "; done
      grep -E '^Sig(Blk|Ign)' /proc/self/status`,
    );
    const run = async (program: string): Promise<string> => {
      const { stdout } = await box.sh(`umask 027; ulimit -n 400; trap '' USR1; export B='a
b'; ${program} ./show '' 'a b' 8</dev/null 2>/dev/null 3<&-`);
      // The C library's own signals, 32 and 33, come and go with the runtime of the tests.
      return stdout.replaceAll("\r\n", "\n").replace(/^(.*Sig.*\t).*([0-9a-f]{7})$/gm, "$1$2");
    };
    equal(await run(tool), await run("env"));
  });

  test("takes no orders from a variable that is somebody else's", async (box) => {
    for (const left of ["", "x", "1:2:3", "300:301:302:4"]) {
      const { code, stdout } = await box.sh(
        `DJBOX_RELAY=${left} ${tool} sh -c 'echo "<$DJBOX_RELAY>"' 2>/dev/null`,
      );
      deepEqual([code, stdout.trim()], [0, `<${left}>`]);
    }
  });

  test("says how it is used, and what it can't run", async (box) => {
    deepEqual(await box.run([tool]), {
      code: 100,
      stdout: "",
      stderr: `${tool}: usage: ${tool} program [ arg ... ]\n`,
    });
    const { code, stderr } = await box.sh(`${tool} ./missing 2>err; code=$?
      until [ "$(grep -vc fatal err)" = "$(grep -c EOF err)" ]; do sleep 0.01; done
      grep fatal err >&2; exit $code`);
    deepEqual([code, stderr], [
      111,
      `${tool}: fatal: unable to run ./missing: file does not exist\n`,
    ]);
  });

  test("copies megabytes both ways, bytes of all values", async (box) => {
    await box.sh(`head -c 3000000 /dev/urandom | tr '\\n' '\\r' >data`);
    const { code } = await box.sh(`${tool} cat <data 2>/dev/null | cmp - data`);
    equal(code, 0);
    const { stdout } = await box.sh(`
      cat data | ${tool} sh -c 'cat data & cat >copy; wait' 2>/dev/null | cmp - data
      echo $?; cmp copy data; echo $?`);
    equal(stdout, "0\n0\n");
  });

  test("does not stand still where both sides write before they read", async (box) => {
    const { stdout } = await box.sh(`
      head -c 2000000 /dev/zero |
        ${tool} sh -c 'head -c 2000000 /dev/zero; wc -c >count' 2>/dev/null | wc -c
      cat count`);
    equal(stdout, "2000000\n2000000\n");
  });

  test("passes on the end of the input, and what the program writes after it", async (box) => {
    const { code, stdout } = await box.sh(
      `printf 'in\\r\\n' | ${tool} sh -c 'cat; sleep 0.05; printf "late\\r\\n"; exit 3' 2>/dev/null`,
    );
    deepEqual([code, stdout], [3, "in\r\nlate\r\n"]);
  });

  test("copies without input, output or messages where they are closed", async (box) => {
    const { stdout } = await box.sh(`
      ${tool} sh -c 'wc -c; exit 4' <&- 2>/dev/null | tr -d '\\r'
      (${tool} sh -c 'echo x; exit 5' >&- 2>/dev/null </dev/null; echo $?)
      echo x | ${tool} sh -c 'read x; exit 6' 2>&-; echo $?`);
    equal(stdout, "0\n5\n6\n");
  });

  test("ends when nobody takes the output: the program finds the pipe broken", async (box) => {
    const { stdout } = await box.sh(`
      (${tool} sh -c 'trap "" PIPE; while echo x; do :; done 2>/dev/null; echo broken >note'
        ) 2>/dev/null | head -n 1 | tr -d '\\r'
      until [ -s note ]; do sleep 0.01; done; cat note`);
    equal(stdout, "x\nbroken\n");
  });

  test("closes the output when the program does, though that runs on", async (box) => {
    const { stdout } = await box.sh(`
      mkfifo go
      ${tool} sh -c 'echo x; exec >&-; read line <go; echo $line >told' 2>/dev/null </dev/null |
        { tr -d '\\r'; echo over >note; } &
      until [ -s note ]; do sleep 0.01; done; echo on >go; wait; cat told`);
    equal(stdout, "x\non\n");
  });

  test("ends the program's input when the relay is killed", async (box) => {
    const { stdout } = await box.sh(`
      mkfifo in; ${tool} sh -c 'cat; echo ended >note; exit 9' <in >/dev/null 2>&1 & pid=$!
      exec 3>in
      until relay=$(pgrep -P $pid -f '^([^ ]*/)?${tool} sh'); do sleep 0.01; done
      until [ "$(ps -o comm= $pid)" = sh ]; do sleep 0.01; done
      kill -9 $relay; wait $pid; echo $?; cat note`);
    equal(stdout, "9\nended\n");
  });

  test(
    "delivers what a program has written that does not read its input",
    async (box) => {
      const { stdout } = await box.sh(`
      for i in 1 2 3 4 5; do
        yes | ${tool} sh -c 'head -n 1 >/dev/null; exec <&-; echo a; sleep 0.01; printf "b\\r\\n"' 2>/dev/null
      done | tr -d '\\r'`);
      equal(stdout, "a\nb\n".repeat(5));
    },
    "the C tool gives up with the input",
  );

  test("stands in a chain with other tools, before and behind", async (box) => {
    const { stdout } = await box.sh(`
      printf 'x\\r\\n' | setlock lock ${tool} ${tool} delcr 2>/dev/null
      setlock lock echo free`);
    equal(stdout.replaceAll("\r\n", "\n"), "x\nfree\n");
  });

  test("has its pipes where a tool before it has put something else", async (box) => {
    // The lock gets the number of a descriptor that rblsmtpd has filled.
    const says = (fd: number): string => `${tool} sh -c 'readlink /proc/$$/fd/${fd} >&2'`;
    const { stderr } = await box.sh(`RBLSMTPD= rblsmtpd setlock in ${says(0)} <&- >/dev/null
      RBLSMTPD= rblsmtpd setlock out ${says(1)} >&-`);
    equal(stderr.match(/pipe:\[/g)?.length, 2);
  });
}
