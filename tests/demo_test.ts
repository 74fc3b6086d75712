// SPDX-License-Identifier: 0BSD
// deno task demo as a newcomer runs it. Not tested: Ctrl-C on a terminal, which signals the whole process group.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, type RunOptions, toolTest } from "./harness/harness.ts";
import { ROOT } from "../scripts/root.ts";

const DEMO = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  ROOT + "scripts/demo.ts",
];
const OURS = { djboxOnly: "the demo shows djbox" };

/** The demo makes its folder in the box's. */
function options(box: Box): RunOptions {
  Deno.mkdirSync(`${box.dir}/tmp`, { recursive: true });
  return { env: { TMPDIR: `${box.dir}/tmp` } };
}

/** The processes that have something below the box's folder tmp in their environment. */
function living(box: Box): number[] {
  const mark = `DJBOX_DEMO=${box.dir}/tmp/`;
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      return pid > 0 && Deno.readTextFileSync(`/proc/${pid}/environ`).includes(mark);
    } catch {
      return false;
    }
  });
}

function expectNothingLeft(box: Box): void {
  deepEqual(living(box), []);
  deepEqual([...Deno.readDirSync(`${box.dir}/tmp`)], []);
}

/** Commands that are shown, and how what they print goes on. */
const SHOWN = [
  /\$ deno task build --to \S+\n +build: /,
  /\$ deno task install --from \S+ --root \S+\n +djbox: djbox /,
  /\$ djbox --version\n +djbox \S+ \((script|compiled) form, /,
  /\$ TCPREMOTEIP=127\.0\.0\.1 tcprulescheck service\/hello\/rules\.cdb\n +rule 127\.:\n +allow connection\n/,
  /\$ TCPREMOTEIP=192\.0\.2\.1 tcprulescheck service\/hello\/rules\.cdb\n +rule :\n +deny connection\n/,
  /exec tcpserver .*127\.0\.0\.1 \d+/,
  /exec multilog t \.\/main\n/,
  /\$ svscan service .*&\n/,
  /\$ svstat service\/\* service\/\*\/log\n( +service\/\S+: up \(pid \d+\) \d+ seconds\n){6}/,
  /\$ tcpcat 127\.0\.0\.1 \d+\n +Hello 127\.0\.0\.1, this is process \d+\.\n/,
  /\n +@[0-9a-f]{24} tcpserver: end \d+ status 0\n/,
  /\| tai64nlocal\n( +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} tcpserver: .*\n){4}/,
  /\$ svc -t service\/count\n/,
  / line 1\n.* line 2\n/,
  /\$ svc -d service\/count\n.*\n +service\/count: down \d+ seconds, normally up\n/,
  /\$ svc -u service\/count\n.*\n +service\/count: up \(pid \d+\) \d+ seconds\n/,
  /\$ tai64nlocal <service\/ends\/log\/main\/current\n(.* here for three seconds\n){3}/,
  /\$ kill \d+\n.*\n( +service\/\S+: (up|down) .*\n){3}/,
  /\$ svc -dx service\/\*\n +\$ svc -x service\/\*\/log\n/,
  /( +service\/\S+: supervise not running\n){6}/,
  /\nNothing is left running\.\n/,
];

toolTest("demo shows the main job, and with --keep goes on until Ctrl-C", [], async (box) => {
  const plain = box.run(DEMO, options(box));
  const kept = box.start([...DEMO, "--keep"], { ...options(box), out: "kept" });
  let over = false;
  void kept.ended.then(() => over = true);
  await box.until("the demo is kept", () => {
    ok(!over, box.read("kept") + box.read("err"));
    return box.read("kept").includes("Ctrl-C here ends");
  }, 60_000);
  const { code, stdout, stderr } = await plain;
  deepEqual([code, stderr], [0, ""]);
  let rest = stdout;
  for (const shown of SHOWN) {
    const found = shown.exec(rest);
    ok(found !== null, `not shown, or in another order: ${shown}\n${stdout}`);
    rest = rest.slice(found.index);
  }
  ok(!stdout.includes("\x1b"), "colours are for terminals");

  const dir = /\$ cd (\/\S+)\n +\$ PATH/.exec(box.read("kept").split("goes on running")[1] ?? "");
  const status = await box.sh(`cd ${dir?.[1]} && PATH=$PWD/command:$PATH svstat service/count`);
  match(status.stdout, /^service\/count: up /);
  kept.kill("SIGINT");
  equal(await kept.ended, 0);
  match(box.read("kept"), /\nNothing is left running\.\n\n$/);
  expectNothingLeft(box);
}, OURS);

toolTest("demo leaves nothing behind when it is ended in the middle", [], async (box) => {
  const demo = box.start(DEMO, options(box));
  await box.until("svscan runs", () => box.read("out").includes("$ svscan service"));
  await box.until("there are services", () => living(box).length > 5);
  demo.kill("SIGTERM");
  equal(await demo.ended, 128 + 15);
  equal(box.read("err"), "\ndemo: interrupted\n");
  expectNothingLeft(box);
}, OURS);

toolTest("demo leaves nothing behind where a step fails, and says which", [], async (box) => {
  box.script("bin/tail", "exit 7");
  const { env } = options(box);
  const { code, stderr } = await box.run(DEMO, {
    env: { ...env, PATH: `${box.dir}/bin:${box.path}` },
  });
  deepEqual([code, stderr], [
    111,
    "\ndemo: fatal: exit code 7 from: tail -n 4 service/hello/log/main/current\n",
  ]);
  expectNothingLeft(box);
}, OURS);

toolTest("demo says that it has nowhere to play, and how it is used", [], async (box) => {
  const { code, stderr } = await box.run(DEMO, { env: { TMPDIR: `${box.dir}/missing` } });
  equal(code, 111);
  match(stderr, /^\ndemo: fatal: unable to make a folder in TMPDIR or \/tmp: .*\n$/);
  deepEqual(await box.run([...DEMO, "--kepe"]), {
    code: 100,
    stdout: "",
    stderr: "demo: usage: demo [ --keep ]\n",
  });
}, OURS);
