// SPDX-License-Identifier: 0BSD
/**
 * deno task release [--to DIR] [--no-prelink]: makes what a server needs that has neither Deno nor npm nor a network.
 *
 *   DIR/djbox-VERSION.tar.gz         to be unpacked in /package, as slashpackage has it; then package/install
 *   DIR/djbox_VERSION_MACHINE.deb    for dpkg -i, which calls package/install
 *   DIR/SHA256SUMS                   for sha256sum -c
 *
 * DIR is dist if it is not given. It builds first (build.ts, which has `--no-prelink`, too). The same commit gives the same bytes: everything is as old as
 * SOURCE_DATE_EPOCH says, or, where that is not set, as the commit.
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be made.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { reasonOf } from "../lib/cli/messages.ts";
import { PARTS } from "../lib/package/layout.ts";
import { ar, type Entry, tar } from "./archive.ts";
import { makeDirectories, placeBytes } from "./placing.ts";
import { ROOT } from "./root.ts";
import config from "../deno.json" with { type: "json" };

const USAGE = "release: usage: release [ --to dir ] [ --no-prelink ]";
const DEBIAN_MACHINES = { x86_64: "amd64", aarch64: "arm64" } as const;
/** The C library that the runtime was built with, and what comes with its compiler. */
const DEPENDS = "libc6 (>= 2.27), libgcc-s1";

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    console.error(USAGE);
    return 100;
  }
  const { to, buildOptions } = options;
  try {
    const directory = to.startsWith("/") ? to : `${Deno.cwd()}/${to}`;
    const time = await timeOfCommit();
    await expectSuccess([Deno.execPath(), "run", "-A", `${ROOT}scripts/build.ts`, ...buildOptions]);
    makeDirectories(directory);
    const tree = PARTS.flatMap((part) => [...entriesAt(`${ROOT}dist`, part)]);
    const files: [string, Uint8Array<ArrayBuffer>][] = [
      [`djbox-${config.version}.tar.gz`, tarball(tree, time)],
      [`djbox_${config.version}_${machine()}.deb`, debianPackage(tree, time)],
    ];
    for (const [name, bytes] of files) placeBytes(bytes, `${directory}/${name}`, 0o644);
    const sums = await Promise.all(
      files.map(async ([name, bytes]) =>
        `${hex(await crypto.subtle.digest("SHA-256", bytes))}  ${name}\n`
      ),
    );
    placeBytes(new TextEncoder().encode(sums.join("")), `${directory}/SHA256SUMS`, 0o644);
    for (const [name, { length }] of files) {
      console.log(`release: ${directory}/${name}, ${Math.round(length / 1e6)} MB`);
    }
    return 0;
  } catch (error) {
    console.error(`release: fatal: ${reasonOf(error)}`);
    return 111;
  }
}

function parse(args: readonly string[]): { to: string; buildOptions: string[] } | undefined {
  try {
    const { to = ROOT + "dist", "no-prelink": relocatable } = parseArgs({
      args: [...args],
      options: { to: { type: "string" }, "no-prelink": { type: "boolean" } },
    }).values;
    return to === "" ? undefined : { to, buildOptions: relocatable ? ["--no-prelink"] : [] };
  } catch {
    return undefined;
  }
}

function machine(): string {
  return DEBIAN_MACHINES[Deno.build.arch];
}

async function timeOfCommit(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const time = Number(await expectSuccess(["git", "-C", ROOT, "log", "-1", "--format=%ct"]));
  if (!(time > 0)) throw new Error("git tells no time of the commit; set SOURCE_DATE_EPOCH");
  return time;
}

async function expectSuccess([program, ...args]: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program as string, { args }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decode(stderr).trim()}`);
  return decode(stdout);
}

function hex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is at `name` in `folder`, and below; nothing where that is not there. */
function* entriesAt(folder: string, name: string): Generator<Entry> {
  const path = `${folder}/${name}`;
  let found: Deno.FileInfo;
  try {
    found = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (found.isSymlink) {
    yield { name, mode: 0o777, target: Deno.readLinkSync(path) };
    return;
  }
  if (!found.isDirectory) {
    const mode = ((found.mode ?? 0) & 0o111) === 0 ? 0o644 : 0o755;
    yield { name, mode, content: Deno.readFileSync(path) };
    return;
  }
  yield { name: `${name}/`, mode: 0o755 };
  const names = [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
  for (const inner of names) yield* entriesAt(folder, `${name}/${inner}`);
}

/** `entries` in a folder, and the folders above it. */
function inFolder(folder: string, entries: readonly Entry[]): Entry[] {
  const above = folder.split("/").map((_, at, parts) => parts.slice(0, at + 1).join("/"));
  return [
    ...above.map((name) => ({ name: `${name}/`, mode: 0o755 })),
    ...entries.map((entry) => ({ ...entry, name: `${folder}/${entry.name}` })),
  ];
}

function tarball(tree: readonly Entry[], time: number): Uint8Array<ArrayBuffer> {
  return compressed(tar(inFolder(`admin/djbox-${config.version}`, tree), time));
}

function compressed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

/**
 * deb(5). The release lies in /usr/lib/djbox and installs itself from there: a version that is in use stays in /package,
 * where dpkg does not take it away from under a svscan that runs, and remains the way back.
 */
function debianPackage(tree: readonly Entry[], time: number): Uint8Array<ArrayBuffer> {
  const text = (name: string, content: string, mode = 0o644): Entry => ({
    name,
    mode,
    content: new TextEncoder().encode(content),
  });
  const size = tree.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  const control = [
    { name: "./", mode: 0o755 },
    text("./control", controlFile(Math.ceil(size / 1024))),
    text("./postinst", POSTINST, 0o755),
    text("./prerm", PRERM, 0o755),
  ];
  const data = [
    { name: "./", mode: 0o755 },
    ...inFolder("./usr/lib/djbox", tree).slice(1),
  ];
  return ar([
    ["debian-binary", new TextEncoder().encode("2.0\n")],
    ["control.tar.gz", compressed(tar(control, time))],
    ["data.tar.gz", compressed(tar(data, time))],
  ], time);
}

function controlFile(kilobytes: number): string {
  return `Package: djbox
Version: ${config.version}
Architecture: ${machine()}
Maintainer: The djbox authors <root@localhost>
Installed-Size: ${kilobytes}
Depends: ${DEPENDS}
Section: admin
Priority: optional
Description: daemontools and ucspi-tcp in one executable
 Answers to the names of D. J. Bernstein's tools: svscan, supervise, svc, svstat,
 multilog, setuidgid, tcpserver, tcprules and others, in /command.
 Other packages' programs of the same names are left alone.
`;
}

const POSTINST = `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
exec /usr/lib/djbox/package/install --root / --beside
`;

const PRERM = `#!/bin/sh
set -e
[ "$1" = remove ] || exit 0
# The versions, not the link to the one in use: that goes first, and a removal that was broken off is to go on.
for version in /package/admin/djbox-[0-9]*; do
  # As djbox uninstall tells them from a release that lies there packed, say.
  number=\${version#*/djbox-}
  case \${number%.new} in *[!0-9.]*) continue ;; esac
  [ ! -d "$version" ] || exec /usr/lib/djbox/djbox uninstall --root /
done
`;

if (import.meta.main) Deno.exit(await main(Deno.args));
