// SPDX-License-Identifier: 0BSD
/**
 * The djbox that scripts try out.
 *
 * @module
 */
import { ROOT } from "../root.ts";
/** PATH of what is tried out, without our commands. */
export const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/**
 * Builds djbox and installs it below `root`. Returns whether that could be done; why it could not has been said.
 *
 * @param stdout "inherit": what the two have to say is shown
 */
export async function buildAndInstall(root: string, stdout: "inherit" | "null"): Promise<boolean> {
  for (const script of [["build.ts"], ["install.ts", "--root", root]]) {
    const [file, ...args] = script as [string, ...string[]];
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${ROOT}scripts/${file}`, ...args],
      stdout,
    }).spawn().status;
    if (!success) return false;
  }
  return true;
}

/** Builds and installs djbox below a folder where everybody may use it: that folder. */
export async function installed(): Promise<string> {
  const root = `${ROOT}build/root`;
  if (!await buildAndInstall(root, "null")) throw new Error("there is nothing to try");
  return root;
}
