// SPDX-License-Identifier: 0BSD
/**
 * What all filters have in common: tests for the tools that copy descriptor 0 to descriptor 1.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { toolTest } from "./harness.ts";
import { Random } from "./random.ts";

/** A filter under test. */
export interface FilterTool {
  readonly tool: string;
  /** What it makes of a text. */
  readonly convert: (text: string) => string;
  /** Takes from the output what no text determines, such as the time. */
  readonly normalise?: (output: string) => string;
  /** Characters that matter to it: random texts are full of them. */
  readonly salt: string;
  /** A character that the C tool may crash on. */
  readonly avoid?: string;
  /** Why it is not run on the C tool, where there is none. */
  readonly djboxOnly?: string;
}

/** Bytes of all values, a line of a megabyte, lines of all lengths around the sizes of buffers. */
function texts({ salt, avoid = "" }: FilterTool): string[] {
  const random = new Random(1);
  const anything = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .filter((char) => char !== avoid).join("");
  const lengths = [0, 1, 63, 64, 65, 511, 512, 513, 1023, 1024, 8191, 8192, 65535, 65536, 65537];
  return [
    "",
    "\n",
    anything + "\n" + anything,
    "x".repeat(1 << 20) + "\n" + "y".repeat(1 << 20),
    lengths.map((length) => "z".repeat(length) + "\n").join(""),
    ...[5, 300, 5000, 70_000].map((length) => random.text(length, salt)),
    random.text(200_000, salt + anything),
  ];
}

/** Declares the tests. */
export function filterTests(filter: FilterTool): void {
  const { tool, convert, normalise = (output: string): string => output, salt } = filter;
  const needs = filter.djboxOnly === undefined ? {} : { djboxOnly: filter.djboxOnly };

  toolTest(`${tool} converts bytes of all values and lines of all lengths`, [tool], async (box) => {
    for (const text of texts(filter)) {
      const { code, stdout, stderr } = await box.run([tool], { stdin: text });
      const shown = JSON.stringify(text.slice(0, 100)) + ` (${text.length} bytes)`;
      equal(normalise(stdout) === convert(text), true, `${tool} on ${shown}`);
      deepEqual([code, stderr], [0, ""]);
    }
  }, needs);

  toolTest(`${tool} converts the same however it arrives`, [tool], async (box) => {
    const random = new Random(2);
    const text = random.text(3000, salt) + "end";
    box.write("text", text);
    // dd writes each block by itself.
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const { stdout } = await box.sh(`dd if=text obs=${size} ibs=${size} status=none | ${tool}`);
      equal(normalise(stdout), convert(text), `in blocks of ${size}`);
    }
  }, needs);

  toolTest(`${tool} passes a line on while it waits for the next`, [tool], async (box) => {
    const { stdout } = await box.sh(`
      mkfifo in; ${tool} <in >out & pid=$!
      exec 3>in
      printf 'one\\n' >&3; until [ "$(wc -l <out)" = 1 ]; do sleep 0.01; done
      printf 'tw' >&3; until grep -q tw out; do sleep 0.01; done
      cat out; echo; echo ---
      printf 'o\\n' >&3; exec 3>&-; wait $pid; echo $?; cat out`);
    const whole = convert("one\ntwo\n");
    const [early = "", late = ""] = stdout.split("\n---\n0\n");
    equal(normalise(early), whole.slice(0, whole.indexOf("tw") + 2));
    equal(normalise(late), whole);
  }, needs);

  toolTest(`${tool} says nothing and 111 where it can't read or write`, [tool], async (box) => {
    const failures = [
      `${tool} <.`,
      `${tool} <&-`,
      `echo x | ${tool} >&-`,
      `echo x | ${tool} >/dev/full`,
      `yes | (trap '' PIPE; ${tool}; echo $? >code) | head -n 1 >/dev/null; exit $(cat code)`,
    ];
    for (const line of failures) {
      const { code, stdout, stderr } = await box.sh(line);
      deepEqual([line, code, stdout, stderr], [line, 111, "", ""]);
    }
  }, needs);

  toolTest(`${tool} dies of SIGPIPE, and of TERM while it waits`, [tool], async (box) => {
    await box.sh(`yes | (${tool}; echo $? >code) | head -n 1`);
    equal(box.read("code"), "141\n");
    const { stdout } = await box.sh(`mkfifo f; ${tool} <f & exec 3>f; kill $!; wait $!; echo $?`);
    equal(stdout, "143\n");
  }, needs);

  toolTest(`${tool} looks at no argument`, [tool], async (box) => {
    for (const args of [["x"], ["-h", "--help"], ["--", ""]]) {
      const { code, stdout, stderr } = await box.run([tool, ...args], { stdin: "x\n" });
      deepEqual([code, normalise(stdout), stderr], [0, convert("x\n"), ""]);
    }
  }, needs);

  toolTest(`${tool} writes all that a full disk has room for`, [tool], async (box) => {
    await box.sh(`yes 'some text' | head -c 3000000 >text; mkdir disk
      mount -t tmpfs -o size=1m none disk && { ${tool} <text >disk/out; echo $? >code; }
      cp disk/out .; umount disk`);
    const out = box.read("out");
    deepEqual([box.read("code"), out.length], ["111\n", 1 << 20]);
    const wholeLines = normalise(out.slice(0, out.lastIndexOf("\n") + 1));
    equal(convert(box.read("text")).startsWith(wholeLines), true);
  }, { ...needs, root: true });
}
