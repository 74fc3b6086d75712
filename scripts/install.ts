// SPDX-License-Identifier: 0BSD
/**
 * deno task install [--root DIR] [--from DIST]: lays out what deno task build made, the slashpackage way
 * (https://cr.yp.to/slashpackage.html).
 *
 *   DIR/package/admin/djbox-VERSION/djbox         the executable (with runtime/ beside it in the script form)
 *   DIR/package/admin/djbox-VERSION/command/NAME  a link to it for every tool
 *   DIR/package/admin/djbox-VERSION/man           the manual pages, for MANPATH and djbox help
 *   DIR/package/admin/djbox-VERSION/completions   completions for shells
 *   DIR/package/admin/djbox                       a link to the version in use
 *   DIR/command/NAME                              links into it
 *   DIR/service                                   the directory that svscan looks after
 *
 * Every step can be repeated. The switch to the version is one rename of a link; the version that was in
 * use before stays. All links are relative, so that DIR can be moved, or be the root of a chroot. Nothing
 * but DIST is needed, and nothing in DIR/command is replaced that belongs to somebody else.
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be installed; what was in use before still is.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { placeFile, placeFolder, placeLink, removeIfThere } from "./placing.ts";

const DIST = new URL("../dist", import.meta.url).pathname;
const USAGE = "install: usage: install [ --root dir ] [ --from dist ]";

/** What the links in DIR/command lead to, seen from there. */
const COMMANDS = "../package/admin/djbox/command/";

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    console.error(USAGE);
    return 100;
  }
  const { root, from } = options;
  try {
    // As slashpackage's installers do: everybody may run what is installed, whatever the caller's umask.
    Deno.umask(0o022);
    const version = await install(root, from);
    console.log(
      `install: djbox ${version} is in ${root}/package/admin, its commands are in ${root}/command`,
    );
    return 0;
  } catch (error) {
    console.error(`install: fatal: ${error instanceof Error ? error.message : error}`);
    if (error instanceof Deno.errors.PermissionDenied && root === "") {
      console.error("install: only root can install at /; --root DIR installs elsewhere");
    }
    return 111;
  }
}

function parse(args: readonly string[]): { root: string; from: string } | undefined {
  try {
    const { root = "/", from = DIST } = parseArgs({
      args: [...args],
      options: { root: { type: "string" }, from: { type: "string" } },
    }).values;
    if (root === "" || from === "") return undefined;
    const absolute = (path: string): string =>
      path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
    return { root: absolute(root).replace(/\/+$/, ""), from: absolute(from) };
  } catch {
    return undefined;
  }
}

/** Installs what is in `from` under `root` ("" is /). Returns the version. */
async function install(root: string, from: string): Promise<string> {
  const { version, names } = await ask(`${from}/djbox`);
  const admin = `${root}/package/admin`;
  await expectOurs(`${root}/command`, names);
  await Deno.mkdir(admin, { recursive: true });
  await Deno.chmod(`${root}/package`, 0o1755);
  await placeVersion(from, `${admin}/djbox-${version}`, names);
  await placeLink(`djbox-${version}`, `${admin}/djbox`);
  await placeCommands(`${root}/command`, names, (name) => COMMANDS + name);
  await Deno.mkdir(`${root}/service`, { recursive: true });
  return version;
}

/** What the executable says about itself. */
async function ask(djbox: string): Promise<{ version: string; names: string[] }> {
  try {
    const version = /^djbox (\S+) /.exec(await tell(djbox, "--version"))?.[1];
    if (version === undefined) throw new Error("it tells no version");
    return { version, names: ["djbox", ...(await tell(djbox, "--list")).trim().split("\n")] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`unable to run ${djbox} (${reason}); deno task build makes it`);
  }
}

async function tell(djbox: string, option: string): Promise<string> {
  const { code, stdout } = await new Deno.Command(djbox, { args: [option] }).output();
  if (code !== 0) throw new Error(`exit code ${code}`);
  return new TextDecoder().decode(stdout);
}

/** Fails where a name that is to be placed in DIR/command is somebody else's: the C tools may be installed there. */
async function expectOurs(directory: string, names: readonly string[]): Promise<void> {
  for (const [name, target] of await entriesOf(directory)) {
    if (!names.includes(name) || target === COMMANDS + name) continue;
    throw new Error(`${directory}/${name} is not djbox's; nothing was changed`);
  }
}

/** Fills the version's directory. A file that is being executed is replaced by rename, never written over. */
async function placeVersion(
  from: string,
  directory: string,
  names: readonly string[],
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  const runtime = await entriesOf(`${from}/runtime`);
  if (runtime.size > 0) await Deno.mkdir(`${directory}/runtime`, { recursive: true });
  for (const name of [...runtime.keys()].sort()) {
    const mode = name === "deno" ? 0o755 : 0o644;
    await placeFile(`${from}/runtime/${name}`, `${directory}/runtime/${name}`, mode);
  }
  for (const texts of ["man", "completions"]) {
    await placeFolder(`${from}/${texts}`, `${directory}/${texts}`);
  }
  await placeFile(`${from}/djbox`, `${directory}/djbox`, 0o755);
  // What another build had beside it; the compiled form has nothing.
  for (const name of (await entriesOf(`${directory}/runtime`)).keys()) {
    if (!runtime.has(name)) await removeIfThere(`${directory}/runtime/${name}`);
  }
  if (runtime.size === 0) await removeIfThere(`${directory}/runtime`);
  await placeCommands(`${directory}/command`, names, () => "../djbox");
}

/** A link for each name, and none of ours for a name that is no more. */
async function placeCommands(
  directory: string,
  names: readonly string[],
  target: (name: string) => string,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const name of names) await placeLink(target(name), `${directory}/${name}`);
  for (const [name, old] of await entriesOf(directory)) {
    if (!names.includes(name) && old === target(name)) await Deno.remove(`${directory}/${name}`);
  }
}

/** What is in a directory: names, and where those lead that are links. Nothing, where there is no directory. */
async function entriesOf(directory: string): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  try {
    for await (const { name, isSymlink } of Deno.readDir(directory)) {
      found.set(name, isSymlink ? await Deno.readLink(`${directory}/${name}`) : undefined);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
