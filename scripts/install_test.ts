// SPDX-License-Identifier: 0BSD
// Most of it with a made-up djbox: install wants to know nothing but --version and --list of it.
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";

const SCRIPTS = new URL(".", import.meta.url).pathname;
const NOBODY = 65534;
const ROOT_ONLY = { ignore: Deno.uid() !== 0 };

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  program: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function install(...args: string[]): Promise<Finished> {
  return run(Deno.execPath(), ["run", "-A", `${SCRIPTS}install.ts`, ...args]);
}

/** Installs and expects it to go well. */
async function installed(from: string, root: string): Promise<void> {
  const { code, stderr } = await install("--from", from, "--root", root);
  deepEqual([code, stderr], [0, ""]);
}

function test(
  name: string,
  body: (dir: string) => Promise<void>,
  options: { ignore?: boolean } = {},
): void {
  Deno.test({
    name,
    ...options,
    fn: async () => {
      const dir = await Deno.makeTempDir({ prefix: "djbox install." });
      await Deno.chmod(dir, 0o755);
      try {
        await body(dir);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

/** Makes a folder as deno task build does, with a djbox that tells its version, its tools and its argv[0]. */
async function makeDist(dir: string, version: string, tools: string[]): Promise<string> {
  await Deno.mkdir(`${dir}/runtime`, { recursive: true });
  await Deno.writeTextFile(
    `${dir}/djbox`,
    `#!/bin/sh
case "$1" in
--version) echo "djbox ${version} (made up)" ;;
--list) echo '${tools.join("\n")}' ;;
*) echo "$0" ;;
esac
`,
  );
  await Deno.chmod(`${dir}/djbox`, 0o755);
  for (const name of ["deno", "djbox.js", "tool.svok.js"]) {
    await Deno.writeTextFile(`${dir}/runtime/${name}`, `${name} of ${version}\n`);
  }
  await Deno.chmod(`${dir}/runtime/deno`, 0o755);
  return dir;
}

/** All that is below `dir`: mode and name, and where links lead. */
function tree(dir: string, prefix = ""): string[] {
  return [...Deno.readDirSync(dir + prefix)].sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory, isSymlink }) => {
      const path = `${prefix}/${name}`;
      if (isSymlink) return [`${path} -> ${Deno.readLinkSync(dir + path)}`];
      const mode = ((Deno.statSync(dir + path).mode ?? 0) & 0o7777).toString(8);
      return [`${mode} ${path}`, ...(isDirectory ? tree(dir, path) : [])];
    });
}

const LAYOUT = [
  "755 /command",
  "/command/djbox -> ../package/admin/djbox/command/djbox",
  "/command/svc -> ../package/admin/djbox/command/svc",
  "/command/svok -> ../package/admin/djbox/command/svok",
  "1755 /package",
  "755 /package/admin",
  "/package/admin/djbox -> djbox-1.0",
  "755 /package/admin/djbox-1.0",
  "755 /package/admin/djbox-1.0/command",
  "/package/admin/djbox-1.0/command/djbox -> ../djbox",
  "/package/admin/djbox-1.0/command/svc -> ../djbox",
  "/package/admin/djbox-1.0/command/svok -> ../djbox",
  "755 /package/admin/djbox-1.0/djbox",
  "755 /package/admin/djbox-1.0/runtime",
  "755 /package/admin/djbox-1.0/runtime/deno",
  "644 /package/admin/djbox-1.0/runtime/djbox.js",
  "644 /package/admin/djbox-1.0/runtime/tool.svok.js",
  "755 /service",
];

test("install lays out the package; its links are relative, and it can be done again", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc", "svok"]);
  for (let i = 0; i < 2; i++) {
    deepEqual(await install("--from", from, "--root", `${dir}/a root/`), {
      code: 0,
      stdout: `install: djbox 1.0 is in ${dir}/a root/package/admin, ` +
        `its commands are in ${dir}/a root/command\n`,
      stderr: "",
    });
    deepEqual(tree(`${dir}/a root`), LAYOUT);
  }
  await Deno.rename(`${dir}/a root`, `${dir}/elsewhere`);
  equal((await run(`${dir}/elsewhere/command/svok`, [])).stdout, `${dir}/elsewhere/command/svok\n`);
});

test("install does not depend on the umask", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc", "svok"]);
  const command = `umask 077; exec "$@"`;
  const args = [Deno.execPath(), "run", "-A", `${SCRIPTS}install.ts`];
  await run("/bin/sh", ["-c", command, "sh", ...args, "--from", from, "--root", `${dir}/root`]);
  deepEqual(tree(`${dir}/root`), LAYOUT);
});

test("install switches versions, keeps the old one, and goes back", async (dir) => {
  const old = await makeDist(`${dir}/old`, "1.0", ["svc", "svok"]);
  const fresh = await makeDist(`${dir}/fresh`, "1.1", ["svc", "svstat"]);
  const root = `${dir}/root`;
  await installed(old, root);
  await installed(fresh, root);
  equal(Deno.readLinkSync(`${root}/package/admin/djbox`), "djbox-1.1");
  deepEqual(namesIn(`${root}/command`), ["djbox", "svc", "svstat"]);
  deepEqual(namesIn(`${root}/package/admin`), ["djbox", "djbox-1.0", "djbox-1.1"]);
  equal((await run(`${root}/package/admin/djbox-1.0/command/svok`, [])).code, 0);
  await installed(old, root);
  equal(Deno.readLinkSync(`${root}/package/admin/djbox`), "djbox-1.0");
  deepEqual(namesIn(`${root}/command`), ["djbox", "svc", "svok"]);
});

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

test("a command can be run at any moment of a switch", async (dir) => {
  const dists = [
    await makeDist(`${dir}/1`, "1.0", ["svc"]),
    await makeDist(`${dir}/2`, "1.1", ["svc"]),
  ];
  const root = `${dir}/root`;
  await installed(dists[0] ?? "", root);
  let switching = true;
  let runs = 0;
  const running = (async () => {
    for (; switching; runs++) {
      equal((await run(`${root}/command/svc`, ["--version"])).code, 0);
    }
  })();
  try {
    for (let i = 0; i < 6; i++) await installed(dists[i % 2] ?? "", root);
  } finally {
    switching = false;
    await running;
  }
  ok(runs > 0);
});

test("install leaves a file that is being executed alone, and puts a new one there", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc"]);
  const runtime = `${dir}/root/package/admin/djbox-1.0/runtime/deno`;
  await Deno.copyFile("/bin/sleep", `${from}/runtime/deno`);
  await Deno.chmod(`${from}/runtime/deno`, 0o700); // not to be linked
  await installed(from, `${dir}/root`);
  const sleep = new Deno.Command(runtime, { args: ["60"] }).spawn();
  try {
    await Deno.writeTextFile(`${from}/runtime/deno`, "new\n");
    await installed(from, `${dir}/root`);
    equal(await Deno.readTextFile(runtime), "new\n");
  } finally {
    sleep.kill();
    await sleep.status;
  }
});

test("the compiled form has no runtime beside it", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc", "svok"]);
  await installed(from, `${dir}/root`);
  await Deno.remove(`${from}/runtime`, { recursive: true });
  await installed(from, `${dir}/root`);
  deepEqual(tree(`${dir}/root`), LAYOUT.filter((line) => !line.includes("runtime")));
});

test("install does not replace somebody else's commands, and says so before it begins", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc", "svok"]);
  const root = `${dir}/root`;
  await Deno.mkdir(`${root}/command`, { recursive: true });
  await Deno.symlink("/package/admin/daemontools/command/svok", `${root}/command/svok`);
  await Deno.writeTextFile(`${root}/command/other`, "");
  const before = tree(root);
  deepEqual(await install("--from", from, "--root", root), {
    code: 111,
    stdout: "",
    stderr: `install: fatal: ${root}/command/svok is not djbox's; nothing was changed\n`,
  });
  deepEqual(tree(root), before);
});

test("install says what is wrong", async (dir) => {
  const usage = "install: usage: install [ --root dir ] [ --from dist ]\n";
  for (const args of [["--root", ""], ["--root"], ["more"], ["--x"]]) {
    deepEqual(await install(...args), { code: 100, stdout: "", stderr: usage });
  }
  const empty = await install("--from", `${dir}/empty`, "--root", `${dir}/root`);
  equal(empty.code, 111);
  match(
    empty.stderr,
    /^install: fatal: unable to run .*\/empty\/djbox \(.*\); deno task build makes it\n$/,
  );
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc"]);
  await Deno.writeTextFile(`${dir}/file`, "");
  const blocked = await install("--from", from, "--root", `${dir}/file/root`);
  equal(blocked.code, 111);
  match(blocked.stderr, /^install: fatal: Not a directory .*\n$/);
});

test("what root installs is root's own copy, not the builder's file", async (dir) => {
  const from = await makeDist(`${dir}/dist`, "1.0", ["svc"]);
  const files = ["djbox", "runtime/deno", "runtime/djbox.js", "runtime/tool.svok.js"];
  for (const name of files) await Deno.chown(`${from}/${name}`, NOBODY, NOBODY);
  await installed(from, `${dir}/root`);
  for (const name of files) {
    const theirs = await Deno.stat(`${from}/${name}`);
    const ours = await Deno.stat(`${dir}/root/package/admin/djbox-1.0/${name}`);
    equal(ours.uid, 0);
    notEqual(ours.ino, theirs.ino);
  }
}, ROOT_ONLY);

test("an ordinary user installs where that user may write", async (dir) => {
  // A copy of what is needed, since others may not be let in where we lie.
  await run(Deno.execPath(), [
    "run",
    "-A",
    `${SCRIPTS}build.ts`,
    "--form",
    "script",
    "--to",
    `${dir}/dist`,
  ]);
  await Deno.mkdir(`${dir}/scripts`);
  for (const name of ["install.ts", "placing.ts"]) {
    await Deno.copyFile(SCRIPTS + name, `${dir}/scripts/${name}`);
  }
  await Deno.mkdir(`${dir}/home`);
  await Deno.mkdir(`${dir}/other`);
  const uid = Deno.uid() === 0 ? NOBODY : Deno.uid() ?? NOBODY;
  if (Deno.uid() === 0) await Deno.chown(`${dir}/home`, uid, uid);
  else await Deno.chmod(`${dir}/other`, 0o555);
  const options = { uid, cwd: `${dir}/home`, env: { HOME: `${dir}/home`, DENO_DIR: "" } };
  const deno = `${dir}/dist/runtime/deno`;
  const args = ["run", "-A", `${dir}/scripts/install.ts`, "--from", `${dir}/dist`, "--root"];

  // A relative DIR counts from the working directory.
  const own = await run(deno, [...args, "own"], options);
  deepEqual([own.code, own.stderr], [0, ""]);
  const svok = await run(`${dir}/home/own/command/svok`, [], options);
  deepEqual([svok.code, svok.stderr], [100, "svok: usage: svok dir\n"]);

  const others = await run(deno, [...args, `${dir}/other`], options);
  equal(others.code, 111);
  match(others.stderr, /^install: fatal: Permission denied .*\n$/);
});
