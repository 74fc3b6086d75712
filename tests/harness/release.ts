// SPDX-License-Identifier: 0BSD
/**
 * Releases to be installed, and looking at what installing leaves.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { type Box, COMMANDS } from "./harness.ts";

/** The tree that the commands under test lie in. */
const TREE = Deno.realPathSync(`${COMMANDS}/..`) + "/package/admin/djbox";

/** The version that was built. */
export const VERSION = Deno.readLinkSync(TREE).replace("djbox-", "");

/** A version that never was, and comes after every other. */
export const NEXT_VERSION = "99.1.0";

/** Tells whether there can be a release of a version that was not built: it is written into the bundle. */
export const HAS_BUNDLE = isThere(`${TREE}/runtime/base.js`);

export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Makes a release, as it is when it has been unpacked, in the folder `name` of the box; returns its path. */
export async function makeRelease(box: Box, name: string, version = VERSION): Promise<string> {
  const path = `${box.dir}/${name}`;
  const copy = `mkdir -p "$2" && cd "$1" && for part in *; do
    [ $part = command ] || cp -al $part "$2" 2>/dev/null || cp -a $part "$2"; done`;
  const { code, stderr } = await box.run(["sh", "-c", copy, "sh", Deno.realPathSync(TREE), path]);
  equal(code, 0, stderr);
  if (version !== VERSION) renumber(`${path}/runtime`, version);
  return path;
}

function renumber(runtime: string, version: string): void {
  for (const { name } of Deno.readDirSync(runtime)) {
    if (!name.endsWith(".js")) continue;
    const file = `${runtime}/${name}`;
    const text = Deno.readTextFileSync(file);
    const fresh = text.replaceAll(`"version":"${VERSION}"`, `"version":"${version}"`);
    if (fresh === text) continue;
    Deno.removeSync(file); // it may be a link to what is installed
    Deno.writeTextFileSync(file, fresh);
  }
}

/** All that is below `dir`: permissions and name, and where links lead. */
export function tree(dir: string, prefix = ""): string[] {
  return [...Deno.readDirSync(dir + prefix)].sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory, isSymlink }) => {
      const path = `${prefix}/${name}`;
      if (isSymlink) return [`${path} -> ${Deno.readLinkSync(dir + path)}`];
      const mode = ((Deno.statSync(dir + path).mode ?? 0) & 0o7777).toString(8);
      return [`${mode} ${path}`, ...(isDirectory ? tree(dir, path) : [])];
    });
}
