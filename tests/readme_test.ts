// SPDX-License-Identifier: 0BSD
// The commands in README.md that are marked as tested, typed as they stand there; what is shown below some of them must
// be what they print, but for the numbers. Not tested: building and installing (scripts/install_test.ts), booting.
import { ok } from "node:assert/strict";
import { type Machine, machineTest } from "./harness/machine.ts";

const README = new URL("../README.md", import.meta.url);

/** Commands, and what they print; undefined: nothing is said about it. */
interface Block {
  readonly commands: string;
  readonly output: string | undefined;
}

function blocks(): Block[] {
  const fences = /<!-- tested -->\n\n```sh\n([^]*?)```\n(?:\n```text\n([^]*?)```\n)?/g;
  return [...Deno.readTextFileSync(README).matchAll(fences)].map(([, commands = "", output]) => ({
    commands,
    output,
  }));
}

/** What matches `text` whatever its numbers are. */
function pattern(text: string): RegExp {
  const parts = text.split(/\d+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("\\d+")}$`);
}

async function type(machine: Machine, { commands, output }: Block): Promise<void> {
  if (output === undefined) await machine.output(commands);
  else await machine.until(commands, pattern(output));
}

machineTest(
  "README: a first service",
  ["svscan", "svc", "svstat", "multilog", "tai64nlocal", "setuidgid", "tcpserver", "tcpcat"],
  async (machine) => {
    machine.start("svscan /service"); // Debian's svscanboot looks after another directory

    const all = blocks();
    ok(all.length >= 7, "the README's blocks are found");
    for (const block of all) await type(machine, block);
    await machine.until("svstat /etc/hello /etc/hello/log", /^(.*: supervise not running\n){2}$/);
  },
);
