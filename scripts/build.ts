// SPDX-License-Identifier: 0BSD
/**
 * deno task build: makes dist/djbox in the form that this machine allows.
 *
 *   dist/djbox             the executable: compiled, or the launcher of the script form
 *   dist/runtime/          in the script form: djbox.js (the bundle) and deno
 *
 * `deno compile` needs Deno's runtime archive, which it downloads once or takes from DENORT_BIN; where neither is
 * to be had, the script form is made. `--form compiled` or `--form script` insists on one.
 *
 * @module
 */
import { launcher } from "./launcher.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const DIST = ROOT + "dist";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const form = args[0] === "--form" ? args[1] : undefined;
  if (args.length > 0 && (args.length !== 2 || (form !== "compiled" && form !== "script"))) {
    console.error("build: usage: build [ --form compiled | --form script ]");
    return 100;
  }
  await Deno.mkdir(DIST, { recursive: true });
  if (form !== "script" && await buildCompiled(form === "compiled")) return 0;
  if (form === "compiled") return 111;
  return await buildScript() ? 0 : 111;
}

/** Tries `deno compile`; says why it did not work only where that form was insisted on. */
async function buildCompiled(insist: boolean): Promise<boolean> {
  const file = `${DIST}/djbox.new`;
  const { success, stderr } = await deno([
    "compile",
    "-A",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    "--v8-flags=--max-semi-space-size=1", // as in launcher.ts
    "--output",
    file,
    ROOT + "main.ts",
  ]);
  if (!success) {
    if (insist) console.error(stderr.trim());
    return false;
  }
  await Deno.rename(file, `${DIST}/djbox`);
  await removeIfThere(`${DIST}/runtime`);
  console.log("build: dist/djbox, compiled form");
  return true;
}

async function buildScript(): Promise<boolean> {
  await Deno.mkdir(`${DIST}/runtime`, { recursive: true });
  const bundle = `${DIST}/runtime/djbox.js`;
  const { success, stderr } = await deno([
    "bundle",
    "--quiet",
    "--minify",
    "--output",
    bundle + ".new",
    ROOT + "main.ts",
  ]);
  if (!success) {
    console.error(`build: fatal: unable to bundle\n${stderr.trim()}`);
    return false;
  }
  await Deno.rename(bundle + ".new", bundle);
  await placeRuntime(`${DIST}/runtime/deno`);
  const file = `${DIST}/djbox.new`;
  await Deno.writeFile(file, launcher(Deno.build.arch), { mode: 0o755 });
  await Deno.rename(file, `${DIST}/djbox`);
  console.log("build: dist/djbox, script form (the bundle and its runtime are in dist/runtime)");
  return true;
}

/** A link to the runtime that builds, where that is on the same file system; else a copy. */
async function placeRuntime(file: string): Promise<void> {
  const runtime = Deno.execPath();
  await removeIfThere(file);
  try {
    await Deno.link(runtime, file);
  } catch {
    await Deno.copyFile(runtime, file);
    await Deno.chmod(file, 0o755);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function deno(args: string[]): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}
