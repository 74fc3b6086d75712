// SPDX-License-Identifier: 0BSD
/*
 * Random scripts and random input, on djbox's multilog and the C one: every file, its mode and its content must be the
 * same, stamps aside. Not tested here: input that arrives in small parts, and signals.
 */
import { deepEqual } from "node:assert/strict";
import { Box, COMMANDS, cTool } from "../harness/harness.ts";
import { Random } from "../harness/random.ts";

const ROUNDS = 40;

const WORDS = [
  "error",
  "debug",
  "fatal",
  "status",
  "tcpserver:",
  "*",
  "a*b",
  "10.0.0.1",
  "\0",
  "\xff\xfe",
  "\r",
  "",
];
/** Around the sizes at which something changes: alerts, heads of lines, the C tool's buffers, files. */
const SIZES = [
  199,
  200,
  201,
  487,
  511,
  512,
  513,
  973,
  974,
  975,
  999,
  1000,
  1001,
  1024,
  5000,
  70_000,
];
/** None of them looks at the digits of a stamp, which differ from run to run. */
const PATTERNS = [
  "* debug*",
  "*",
  "* error*",
  "* * *",
  "*x",
  "error*",
  "",
  "**",
  "@* status*",
  "* *\xfe*",
];

function line(random: Random): string {
  switch (random.below(8)) {
    case 0:
      return "";
    case 1:
      return random.text(random.below(40), "ab \0\xfe");
    case 2:
      return random.pick(WORDS).repeat(1 + random.below(200));
    case 3:
      return random.text(1, "abcd").repeat(random.pick(SIZES));
    default:
      return Array.from({ length: 1 + random.below(13) }, () => random.pick(WORDS)).join(" ");
  }
}

function input(random: Random): string {
  const size = random.pick([0, 100, 3000, 20_000, 200_000]);
  let text = "";
  while (text.length < size) text += line(random) + "\n";
  return random.once(2) ? text : text + line(random);
}

function script(random: Random): string[] {
  const actions = random.once(2) ? ["t"] : [];
  let directories = 0;
  for (let left = 1 + random.below(9); left > 0; left--) {
    actions.push(
      random.pick([
        () => "-" + random.pick(PATTERNS),
        () => "+" + random.pick(PATTERNS),
        () => "e",
        () => `=status${random.below(2)}`,
        () => "s" + random.pick([4096, 4097, 5000, 8192, 20_000]),
        () => "n" + random.pick([2, 3, 50]),
        () => "!" + random.pick(["cat", "tr a-z A-Z", "cat; wc -c <&4 >&5"]),
        () => `./log${directories++}`,
        () => `./log${directories++}`,
      ])(),
    );
  }
  return directories > 0 ? actions : [...actions, "./log"];
}

/** What is in a directory of the box after a run: names, modes and contents, with all stamps made the same. */
function contents(box: Box, directory: string): unknown[] {
  const entries = [...Deno.readDirSync(`${box.dir}/${directory}`)].sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
  return entries.flatMap(({ name, isDirectory }): unknown[] => {
    const path = `${directory}/${name}`;
    const mode = ((Deno.statSync(`${box.dir}/${path}`).mode ?? 0) & 0o7777).toString(8);
    if (isDirectory) return [[path, mode], ...contents(box, path)];
    return [[withoutStamps(path), mode, withoutStamps(box.read(path))]];
  });
}

/** A processor may have made the digits upper case. */
function withoutStamps(text: string): string {
  return text.replace(/@40000000[0-9a-f]{16}/gi, "@4TTTTTTTTTTTTTTTTTTTTTTT");
}

async function run(
  commands: string | undefined,
  actions: string[],
  stdin: string,
): Promise<unknown> {
  const box = new Box(commands);
  try {
    box.write("work/in", stdin);
    const { code, stdout, stderr } = await box.run([
      "/bin/sh",
      "-c",
      'cd work && exec multilog "$@" <in',
      "sh",
      // Bytes as they are in the script are not valid UTF-8, which an argument of Deno.Command must be.
      ...actions.map((action) => action.replaceAll("\xfe", "?")),
    ]);
    return { code, stdout, stderr: withoutStamps(stderr), contents: contents(box, "work") };
  } finally {
    await box.clear();
  }
}

Deno.test({
  name: "multilog makes the same files as the C tool, to the byte",
  ignore: cTool("multilog") === undefined,
  fn: async () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = new Random(seed * 7919);
      const actions = script(random);
      const stdin = input(random);
      const [ours, theirs] = await Promise.all([
        run(COMMANDS, actions, stdin),
        run(undefined, actions, stdin),
      ]);
      deepEqual(ours, theirs, `seed ${seed}: multilog ${actions.join(" ")}`);
    }
  },
});
