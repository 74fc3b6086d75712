// SPDX-License-Identifier: 0BSD
/**
 * The djbox that scripts try out.
 *
 * @module
 */
import { ROOT } from "../root.ts";
/** PATH of what is tried out, without our commands. */
export const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** Builds djbox and installs it below `root`; it says what it does where `stdout` is not "null". */
export async function buildAndInstall(root: string, stdout: "inherit" | "null"): Promise<void> {
  for (const script of [["build.ts"], ["install.ts", "--root", root]]) {
    const [file, ...args] = script as [string, ...string[]];
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${ROOT}scripts/${file}`, ...args],
      stdout,
    }).spawn().status;
    if (!success) throw new Error(`scripts/${file} has failed`);
  }
}

/** Builds and installs djbox below a folder where everybody may use it: that folder. */
export async function installed(): Promise<string> {
  const root = `${ROOT}build/root`;
  await buildAndInstall(root, "null");
  return root;
}
