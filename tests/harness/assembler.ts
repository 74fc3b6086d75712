// SPDX-License-Identifier: 0BSD
import { ok } from "node:assert/strict";
import type { Arch } from "../../lib/os/listing.ts";
import { findProgram } from "./harness.ts";

const tools = (arch: Arch): string[] =>
  ["as", "objcopy"].map((tool) => `${arch}-linux-gnu-${tool}`);

/** Whether there is a GNU assembler for `arch` here. */
export function hasAssembler(arch: Arch): boolean {
  return tools(arch).every((tool) => findProgram(tool) !== undefined);
}

/** The machine code that the GNU assembler makes of `source`. */
export async function assembled(arch: Arch, source: string): Promise<Uint8Array<ArrayBuffer>> {
  const cwd = await Deno.makeTempDir({ prefix: "djbox-test." });
  try {
    await Deno.writeTextFile(`${cwd}/a.s`, source);
    const arguments_ = [["a.s", "-o", "a.o"], ["-O", "binary", "-j", ".text", "a.o", "a.bin"]];
    for (const [i, tool] of tools(arch).entries()) {
      const { success, stderr } = await new Deno.Command(tool, { args: arguments_[i] ?? [], cwd })
        .output();
      ok(success, new TextDecoder().decode(stderr));
    }
    return await Deno.readFile(`${cwd}/a.bin`);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
