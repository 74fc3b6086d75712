// SPDX-License-Identifier: 0BSD
/**
 * deno task build [--form compiled|script] [--to DIR] [--no-prelink]: makes djbox in the form that this machine allows.
 *
 *   DIR/djbox       the executable: compiled, or the launcher of the script form (launcher.ts)
 *   DIR/runtime/    in the script form: deno, and djbox in JavaScript (bundle.ts)
 *   DIR/package/    the steps of installing, for whoever has nothing but DIR
 *   DIR/doc/, DIR/man/, DIR/completions/   what there is of documents, manual pages and completions
 *
 * DIR is dist if it is not given. `deno compile` needs Deno's runtime archive, which it downloads once or takes from
 * DENORT_BIN; where neither is to be had the script form is made, which needs nothing. `--form` insists on one.
 *
 * The script form's runtime is a copy of the one that runs this, with its place in memory decided (prelink.ts); with
 * `--no-prelink` it is exactly the same.
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be made.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { bundle } from "./bundle.ts";
import { launcher } from "./launcher.ts";
import {
  isThere,
  makeDirectories,
  placeBytes,
  placeFile,
  placeText,
  placeTree,
  removeAll,
} from "./placing.ts";
import { NotPrelinkable, prelinked } from "./prelink.ts";
import { ROOT } from "./root.ts";
import { reasonOf } from "../lib/cli/messages.ts";
import { V8_FLAGS } from "../lib/os/runtime.ts";

const USAGE =
  "build: usage: build [ --form compiled | --form script ] [ --to dir ] [ --no-prelink ]";

/** How long the server that has the runtime archive may take to say so, in milliseconds. */
const PATIENCE = 3000;

type Form = "compiled" | "script";

/** Why a form cannot be made here. */
class Impossible extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    console.error(USAGE);
    return 100;
  }
  try {
    await build(options);
    addSteps(options.to);
    addTexts(options.to);
    return 0;
  } catch (error) {
    console.error(`build: fatal: ${reasonOf(error)}`);
    return 111;
  }
}

interface Options {
  readonly form: Form | undefined;
  readonly to: string;
  readonly prelink: boolean;
}

function parse(args: readonly string[]): Options | undefined {
  try {
    const { form, to = ROOT + "dist", "no-prelink": relocatable = false } = parseArgs({
      args: [...args],
      options: {
        form: { type: "string" },
        to: { type: "string" },
        "no-prelink": { type: "boolean" },
      },
    }).values;
    if (to === "" || (form !== undefined && form !== "compiled" && form !== "script")) {
      return undefined;
    }
    return { form, to: to.startsWith("/") ? to : `${Deno.cwd()}/${to}`, prelink: !relocatable };
  } catch {
    return undefined;
  }
}

/** Makes the form that is wanted, or, where that is left open, the compiled one if possible and else the script form. */
async function build({ form, to, prelink }: Options): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  if (form !== "script") {
    try {
      if (form === undefined) await expectArchive();
      await buildCompiled(to);
      console.log(`build: ${to}/djbox, compiled form`);
      return;
    } catch (error) {
      if (form === "compiled" || !(error instanceof Impossible)) throw error;
      console.log(`build: no compiled form here (${error.message}), so it will be the script form`);
    }
  }
  await buildScript(to, prelink);
  console.log(`build: ${to}/djbox, script form (its runtime is in ${to}/runtime)`);
}

/**
 * Makes sure that the runtime archive is here or can be downloaded: `deno compile` itself waits for minutes where a
 * network drops what it does not like.
 */
async function expectArchive(): Promise<void> {
  if (Deno.env.has("DENORT_BIN")) return;
  const archive = `release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  if (await isFile(`${await cacheFolder()}/dl/${archive}`)) return;
  try {
    const answer = await fetch(`https://dl.deno.land/${archive}`, {
      method: "HEAD",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.ok) return;
  } catch {
    // no network, or none that leads there
  }
  throw new Impossible("Deno's runtime archive is not here and cannot be downloaded");
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((stat) => stat.isFile, () => false);
}

/** Where the runtime keeps what it downloads. */
async function cacheFolder(): Promise<string> {
  const { stdout } = await deno(["info", "--json"]);
  return JSON.parse(stdout).denoDir;
}

async function buildCompiled(directory: string): Promise<void> {
  const file = `${directory}/djbox`;
  const { success, stderr } = await deno([
    "compile",
    "-A",
    "--no-check",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    // It would be a file in TMPDIR or /tmp, made there by whoever comes first and believed by all.
    "--no-code-cache",
    `--v8-flags=${V8_FLAGS}`,
    "--output",
    `${file}.new`,
    ROOT + "main.ts",
  ]);
  const reason = success ? await fault(`${file}.new`) : `deno compile: ${reasonIn(stderr)}`;
  if (reason !== undefined) {
    // deno compile leaves a temporary file behind where it was refused the archive.
    for (const { name } of Deno.readDirSync(directory)) {
      if (name.startsWith("djbox.new")) removeAll(`${directory}/${name}`);
    }
    throw new Impossible(reason);
  }
  await Deno.chmod(`${file}.new`, 0o755);
  await Deno.rename(`${file}.new`, file);
  removeAll(`${directory}/runtime`);
}

/** What is wrong with the executable: the archive may have been for another machine, or no archive. */
async function fault(file: string): Promise<string | undefined> {
  const told = await run(file, ["--version"]).then(({ stdout }) => stdout, () => "");
  return told.includes("(compiled form,") ? undefined : "what deno compile made does not run";
}

/** What went wrong, out of what `deno` prints about it: the last cause, without colours. */
function reasonIn(stderr: string): string {
  // deno-lint-ignore no-control-regex
  const lines = stderr.replace(/\x1b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim());
  const causes = lines.filter((line) =>
    /^(error: |\d+: )/.test(line) && !line.includes("<unknown>")
  );
  return (causes.at(-1) ?? "deno compile failed").replace(/^(error|\d+): /, "");
}

async function buildScript(directory: string, prelink: boolean): Promise<void> {
  const runtime = `${directory}/runtime`;
  makeDirectories(runtime);
  await placeRuntime(`${runtime}/deno`, prelink);
  const files = await bundle(ROOT);
  for (const [name, content] of files) placeText(content, `${runtime}/${name}`, 0o644);
  for (const { name } of Deno.readDirSync(runtime)) {
    if (name !== "deno" && !files.has(name)) removeAll(`${runtime}/${name}`);
  }
  placeBytes(launcher(Deno.build.arch), `${directory}/djbox`, 0o755);
}

async function placeRuntime(path: string, prelink: boolean): Promise<void> {
  const own = Deno.execPath();
  if (prelink) {
    try {
      placeBytes(prelinked(Deno.readFileSync(own)), path, 0o755);
      if (await run(path, ["--version"]).then(({ success }) => success, () => false)) return;
      throw new NotPrelinkable("then it does not run");
    } catch (error) {
      if (!(error instanceof NotPrelinkable)) throw error;
      console.log(`build: the runtime is not prelinked (${error.message})`);
    }
  }
  placeFile(own, path, 0o755);
}

/** The steps of slashpackage, and where each begins (djbox-install). */
const STEPS = ["compile", "upgrade", "run", "install"];

function addSteps(directory: string): void {
  makeDirectories(`${directory}/package`);
  for (const step of STEPS) {
    const args = step === "install" ? "install" : `install ${step}`;
    placeText(
      `#!/bin/sh\nexec "\${0%/*}/../djbox" ${args} "$@"\n`,
      `${directory}/package/${step}`,
      0o755,
    );
  }
}

/** Texts of the house, and where they are in what is installed. */
const TEXTS = [
  ["README.md", "doc/README.md"],
  ["docs", "doc/docs"],
  ["man", "man"],
  ["completions", "completions"],
] as const;

function addTexts(directory: string): void {
  makeDirectories(`${directory}/doc`);
  for (const [from, to] of TEXTS) {
    removeAll(`${directory}/${to}`);
    if (isThere(ROOT + from)) placeTree(ROOT + from, `${directory}/${to}`);
  }
}

function deno(args: string[]): Promise<Finished> {
  return run(Deno.execPath(), args);
}

interface Finished {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: string[]): Promise<Finished> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { success, stdout: decode(stdout), stderr: decode(stderr) };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
