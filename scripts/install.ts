// SPDX-License-Identifier: 0BSD
/**
 * deno task install [--root DIR]: lays out what dist/ holds, the slashpackage way (https://cr.yp.to/slashpackage.html).
 *
 *   DIR/package/admin/djbox-VERSION/djbox         the executable (with runtime/ beside it in the script form)
 *   DIR/package/admin/djbox-VERSION/command/NAME  a link to it for every tool
 *   DIR/package/admin/djbox                       a link to the version in use
 *   DIR/command/NAME                              links into it
 *   DIR/service                                   the directory that svscan looks after
 *
 * Every step can be repeated. The switch to the version is one rename of a link; the version that was in
 * use before stays. All links are relative, so that DIR can be moved, or be the root of a chroot.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };

const DIST = new URL("../dist", import.meta.url).pathname;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.length !== 0 && (args.length !== 2 || args[0] !== "--root")) {
    console.error("install: usage: install [ --root dir ]");
    return 100;
  }
  const root = (args[1] ?? "").replace(/\/+$/, "");
  try {
    await install(root);
  } catch (error) {
    console.error(`install: fatal: ${error instanceof Error ? error.message : error}`);
    return 111;
  }
  console.log(
    `install: djbox ${config.version} is in ${root}/package/admin, its commands in ${root}/command`,
  );
  return 0;
}

/** Installs dist/ under `root` ("" is /). */
export async function install(root: string): Promise<void> {
  const names = await toolNames();
  const version = `djbox-${config.version}`;
  const admin = `${root}/package/admin`;
  await Deno.mkdir(admin, { recursive: true });
  await Deno.chmod(`${root}/package`, 0o1755);
  await placeVersion(`${admin}/${version}`, names);
  await placeLink(version, `${admin}/djbox`);
  await Deno.mkdir(`${root}/command`, { recursive: true });
  for (const name of names) {
    await placeLink(`../package/admin/djbox/command/${name}`, `${root}/command/${name}`);
  }
  await Deno.mkdir(`${root}/service`, { recursive: true });
}

async function toolNames(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command(`${DIST}/djbox`, { args: ["--list"] }).output()
    .catch(() => {
      throw new Error("dist/djbox cannot be run: deno task build makes it");
    });
  if (!success) throw new Error("dist/djbox --list failed");
  return ["djbox", ...new TextDecoder().decode(stdout).trim().split("\n")];
}

/** Fills the version's directory. A file that is being executed is replaced by rename, never written over. */
async function placeVersion(directory: string, names: readonly string[]): Promise<void> {
  await Deno.mkdir(`${directory}/command`, { recursive: true });
  for (const file of ["djbox", "runtime/djbox.js", "runtime/toolbox.js", "runtime/deno"]) {
    await placeFile(`${DIST}/${file}`, `${directory}/${file}`);
  }
  for (const name of names) await placeLink("../djbox", `${directory}/command/${name}`);
}

/**
 * A copy; a hard link where that is possible (the runtime is 95 MB) and harmless: what root runs must not be a file
 * that whoever built it could still change.
 */
async function placeFile(from: string, to: string): Promise<void> {
  let ours: boolean;
  try {
    ours = (await Deno.stat(from)).uid === Deno.uid();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // the compiled form has no runtime beside it
    throw error;
  }
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  const fresh = `${to}.new`;
  await removeIfThere(fresh);
  const linked = ours && await Deno.link(from, fresh).then(() => true, () => false);
  if (!linked) await Deno.copyFile(from, fresh);
  // link(2) to the file that is there already leaves both names, and rename(2) does nothing then.
  await Deno.rename(fresh, to);
  await removeIfThere(fresh);
}

async function placeLink(target: string, path: string): Promise<void> {
  const fresh = `${path}.new`;
  await removeIfThere(fresh);
  await Deno.symlink(target, fresh);
  await Deno.rename(fresh, path);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
