// SPDX-License-Identifier: 0BSD

// The code for the other machine is compared with what the assembler makes; `deno task arm64` runs it.

import { deepEqual, equal, ok } from "node:assert/strict";
import { assembled, hasAssembler } from "../../tests/harness/assembler.ts";
import { stringArray } from "./c_string.ts";
import { SIGKILL } from "./constants.ts";
import { close, pipe, readlink, writeAll } from "./file.ts";
import { CODE, holderData, startHolder } from "./holder.ts";
import { type Arch, assemble, source } from "./listing.ts";
import { commandName, processFacts } from "./proc.ts";
import { kill } from "./process.ts";
import { waitFor, waitIfEnded } from "./wait.ts";

const DEADLINE = 10_000;

for (const [arch, listing] of Object.entries(CODE) as [Arch, string][]) {
  Deno.test({
    name: `the ${arch} holder is what the assembler makes of its text`,
    ignore: !hasAssembler(arch),
    fn: async () => {
      const data = holderData("name", [3, 1000]);
      deepEqual(
        assemble(arch, listing, data),
        await assembled(arch, source(arch, listing, data)),
      );
    },
  });
}

function start(readers: number[]): number {
  const inheritance = { mask: 0n, softFiles: undefined, limits: new Map(), descriptors: [] };
  const environ = stringArray(["A=a"]);
  const pid = startHolder({ name: "holds", argv: ["holds", "x"], environ, inheritance, readers });
  until(() => commandName(pid) === "holds");
  return pid;
}

function until(condition: () => boolean): void {
  for (const end = Date.now() + DEADLINE; !condition();) ok(Date.now() < end, "not in time");
}

/** It waits for something. */
function sleeps(pid: number): boolean {
  return processFacts(pid)?.state === "S";
}

Deno.test("a holder has the reading ends, and ends when nobody writes any more", () => {
  const [first, second] = [pipe(), pipe()];
  const pid = start([first.reader, second.reader]);
  equal(readlink(`/proc/${pid}/cwd`), "/");
  for (const { reader } of [first, second]) {
    equal(readlink(`/proc/${pid}/fd/${reader}`), readlink(`/proc/self/fd/${reader}`));
    close(reader);
  }
  // Nobody has the reading end but the holder: no EPIPE.
  writeAll(first.writer, new Uint8Array(10));
  writeAll(second.writer, new Uint8Array(10));
  const back = [first, second].map(({ reader }) => Deno.openSync(`/proc/${pid}/fd/${reader}`));
  for (const file of back) equal(file.readSync(new Uint8Array(100)), 10);
  close(second.writer);
  until(() => sleeps(pid));
  equal(waitIfEnded(pid), undefined);
  close(first.writer);
  equal(waitFor(pid)?.status, 0);
  for (const file of back) file.close();
});

Deno.test("a holder stays with what nobody has read", () => {
  const { reader, writer } = pipe();
  const pid = start([reader]);
  writeAll(writer, new Uint8Array(10));
  close(writer);
  close(reader);
  until(() => sleeps(pid));
  const file = Deno.openSync(`/proc/${pid}/fd/${reader}`);
  equal(file.readSync(new Uint8Array(100)), 10);
  file.close();
  equal(waitIfEnded(pid), undefined);
  kill(pid, SIGKILL);
  equal(waitFor(pid)?.status, SIGKILL);
});
