// SPDX-License-Identifier: 0BSD
// Not tested: a compiled form that works, which takes Deno's runtime archive.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ROOT } from "./root.ts";

const BUILD = ROOT + "scripts/build.ts";
const NOTE = "so it will be the script form";

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", HOME: Deno.env.get("HOME") ?? "/", ...env },
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function build(args: string[], env?: Record<string, string>): Promise<Finished> {
  return run(Deno.execPath(), ["run", "-A", BUILD, ...args], env);
}

function test(name: string, body: (dir: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir({ prefix: "djbox build." });
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

/** What is in `dir` is djbox in the script form, whole, and works. */
async function isScriptForm(dir: string): Promise<void> {
  deepEqual(namesIn(dir), ["completions", "djbox", "doc", "man", "package", "runtime"]);
  deepEqual(
    namesIn(`${dir}/runtime`).filter((name) => !name.startsWith("tool.")),
    ["base.js", "deno", "djbox.js"],
  );
  const { code, stdout, stderr } = await run(`${dir}/djbox`, ["--version"]);
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /^djbox \S+ \(script form, Deno 2\.\S+, \w+\)\n$/);
  ok((await run(`${dir}/djbox`, ["--list"])).stdout.includes("svscan\n"));
}

test("build --form script makes the script form, in a folder with a space, again and again", async (dir) => {
  for (let i = 0; i < 2; i++) {
    const { code, stdout, stderr } = await build(["--form", "script", "--to", `${dir}/new/dist`]);
    deepEqual([code, stderr], [0, ""]);
    match(stdout, /^build: .*\/new\/dist\/djbox, script form /);
    await isScriptForm(`${dir}/new/dist`);
  }
});

test("the runtime of the script form is prelinked, unless that is not wanted", async (dir) => {
  const own = Deno.readFileSync(Deno.execPath());
  const ET_EXEC = 2;
  for (const more of [[], ["--no-prelink"], []]) {
    const { code, stdout } = await build(["--form", "script", "--to", dir, ...more]);
    deepEqual([code, stdout.split("\n").length], [0, 2]);
    const runtime = Deno.readFileSync(`${dir}/runtime/deno`);
    equal(runtime.length, own.length);
    equal(runtime[16], more.length > 0 ? own[16] : ET_EXEC);
    await isScriptForm(dir);
  }
});

test("the script form can be moved", async (dir) => {
  equal((await build(["--form", "script", "--to", `${dir}/a`])).code, 0);
  await Deno.rename(`${dir}/a`, `${dir}/b`);
  await isScriptForm(`${dir}/b`);
});

test("build makes the script form where there is no network", async (dir) => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  const proxy = `http://127.0.0.1:${port}`;
  const { code, stdout, stderr } = await build(["--to", `${dir}/dist`], offline(dir, proxy));
  deepEqual([code, stderr], [0, ""]);
  ok(stdout.includes(NOTE), stdout);
  await isScriptForm(`${dir}/dist`);
});

test("build does not wait for a network that does not answer", async (dir) => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of silent) connections.push(connection);
  })();
  const proxy = `http://127.0.0.1:${(silent.addr as Deno.NetAddr).port}`;
  const begun = performance.now();
  const { code, stdout } = await build(["--to", `${dir}/dist`], offline(dir, proxy));
  equal(code, 0);
  ok(stdout.includes(NOTE), stdout);
  ok(connections.length > 0, "it has asked");
  ok(performance.now() - begun < 20_000);
  silent.close();
  await accepting;
  for (const connection of connections) connection.close();
  await isScriptForm(`${dir}/dist`);
});

/** An environment in which nothing is cached and the network is behind `proxy`. */
function offline(dir: string, proxy: string): Record<string, string> {
  return {
    DENO_DIR: `${dir}/cache`,
    HTTPS_PROXY: proxy,
  };
}

test("build does not take what deno compile made on trust", async (dir) => {
  const broken = { DENORT_BIN: "/bin/true" };
  equal((await build(["--form", "script", "--to", dir])).code, 0);
  const insisting = await build(["--form", "compiled", "--to", dir], broken);
  deepEqual([insisting.code, insisting.stdout], [111, ""]);
  equal(insisting.stderr, "build: fatal: what deno compile made does not run\n");
  await isScriptForm(dir);

  const { code, stdout } = await build(["--to", dir], broken);
  equal(code, 0);
  ok(stdout.includes(NOTE), stdout);
  await isScriptForm(dir);
});

test("build says why the compiled form cannot be made", async (dir) => {
  const { code, stdout, stderr } = await build(["--form", "compiled", "--to", dir], {
    DENORT_BIN: `${dir}/missing`,
  });
  deepEqual([code, stdout], [111, ""]);
  match(stderr, /^build: fatal: deno compile: .*No such file or directory.*\n$/);
  deepEqual(namesIn(dir), []);
});

test("build wants a form that there is, and a place to write to", async (dir) => {
  for (const args of [["--form", "other"], ["--form"], ["--to", ""], ["more"], ["--x"]]) {
    deepEqual(await build(args), {
      code: 100,
      stdout: "",
      stderr:
        "build: usage: build [ --form compiled | --form script ] [ --to dir ] [ --no-prelink ]\n",
    });
  }
  await Deno.writeTextFile(`${dir}/file`, "");
  const { code, stderr } = await build(["--form", "script", "--to", `${dir}/file/dist`]);
  equal(code, 111);
  match(stderr, /^build: fatal: Not a directory .*\n$/);
});
