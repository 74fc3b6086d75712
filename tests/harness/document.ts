// SPDX-License-Identifier: 0BSD
/**
 * Commands that stand in a document, with what they print: the README, docs/ and the manual pages are typed as they
 * stand there.
 *
 * - In Markdown, the block of `sh` behind `<!-- tested -->`, and the block of `text` behind that: what it prints. Where
 *   there is none nothing is said about it.
 * - In a manual page, each literal display that begins with a prompt, `$ ` for an ordinary user in a folder of his own
 *   and `# ` for root on a machine with services. A here-document's lines begin with `> `. The lines up to the next
 *   prompt are what the command prints.
 *
 * What a document shows is compared exactly, but for what is another each time: see `VARIABLE`.
 *
 * @module
 */
import { unescaped } from "../../lib/man/phrase.ts";
import { House } from "../../scripts/house.ts";
import { ROOT } from "../../scripts/root.ts";
import { type Machine, machineTest } from "./machine.ts";

/** Commands, and what they print; undefined: nothing is said about it. */
export interface Block {
  readonly commands: string;
  readonly output: string | undefined;
}

/** The tested commands of a document, README.md or docs/X.md. */
export function documentBlocks(path: string): Block[] {
  const fences = /<!-- tested -->\n\n```sh\n([^]*?)```\n(?:\n```text\n([^]*?)```\n)?/g;
  return [...Deno.readTextFileSync(ROOT + path).matchAll(fences)]
    .map(([, commands = "", output]) => ({ commands, output }));
}

/** The examples of a manual page behind `prompt`. */
export function pageBlocks(source: string, prompt: "$ " | "# "): Block[] {
  const displays = [...source.matchAll(/^\.Bd -literal.*\n([^]*?)\n\.Ed$/gm)];
  return displays.map(([, text = ""]) => text.split("\n").map(unescaped).join("\n"))
    .filter((text) => text.startsWith(prompt))
    .flatMap((text) => `\n${text}`.split(`\n${prompt}`).slice(1).map(blockOf));
}

/** What stands between two prompts. */
function blockOf(text: string): Block {
  const lines = text.split("\n");
  let here = 1;
  if (lines[0]?.includes("<<")) { while (lines[here]?.startsWith("> ")) here++; }
  const commands = lines.slice(0, here).map((line, at) => at === 0 ? line : line.slice(2));
  const joined = (lines: readonly string[]): string => lines.map((line) => line + "\n").join("");
  return { commands: joined(commands), output: joined(lines.slice(here)) };
}

/** Pids, seconds, the port of a client, times, stamps. */
const VARIABLE = new RegExp(
  [
    /\(pid \d+\) \d+ seconds|(?:up|down) \d+ seconds/,
    /tcpserver: (?:ok|pid|end) \d+/,
    /:\d{5}$/,
    /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}/,
    /@4[0-9a-f]{23}/,
  ].map(({ source }) => source).join("|"),
  "gm",
);

/** What matches `text` as it would be another time. */
export function pattern(text: string): RegExp {
  const literal = (part: string): string => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  let source = "";
  let at = 0;
  for (const { 0: part, index } of text.matchAll(VARIABLE)) {
    source += literal(text.slice(at, index));
    source += part.startsWith("@") ? "@4[0-9a-f]{23}" : literal(part).replace(/\d+/g, "\\d+");
    at = index + part.length;
  }
  return new RegExp(`^${source}${literal(text.slice(at))}$`);
}

/** The tools that stand in commands. */
export function toolsIn(blocks: readonly Block[]): string[] {
  const words = new Set(blocks.flatMap(({ commands }) => commands.match(/[\w@-]+/g) ?? []));
  return new House(ROOT).table().map(({ name }) => name).filter((name) => words.has(name));
}

/** Types the commands as root. What they print may take its time, as svscan does. */
export async function typeBlocks(machine: Machine, blocks: readonly Block[]): Promise<void> {
  for (const { commands, output } of blocks) {
    if (output === undefined) await machine.output(commands);
    else if (output === "") await machine.until(commands, /^$/);
    else await machine.until(commands, pattern(output));
  }
}

/** A test that types the commands of a document, on a machine where svscan runs, and then looks at what is left. */
export function documentTest(
  path: string,
  behind: (machine: Machine) => Promise<void> = async () => {},
): void {
  const blocks = documentBlocks(path);
  machineTest(`${path}: what is typed there`, toolsIn(blocks), async (machine) => {
    machine.start("svscan /service"); // Debian's svscanboot looks after another directory
    await typeBlocks(machine, blocks);
    await behind(machine);
  });
}
