// SPDX-License-Identifier: 0BSD
// Not tested here: a run file on a file system that hangs; the clock being set (waiting is done by the monotonic
// clock alone, which no test can set).
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, mixedTest, slow, type Started, toolTest } from "../harness/harness.ts";
import {
  isAlive,
  isSupervised,
  original,
  pidOf,
  processesIn,
  stateOf,
  statusOf,
  untilOld,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

const TOOLS = ["supervise", "svc", "svok"];

/** Starts a supervise for each; what they say is collected in `err`. */
function superviseEach(box: Box, services: readonly string[], program = "supervise"): Started[] {
  return services.map((service) => box.start([program, service]));
}

toolTest("supervise wants one directory, and one it can enter", TOOLS, async (box) => {
  const usage = { code: 100, stdout: "", stderr: "supervise: usage: supervise dir\n" };
  deepEqual(await box.run(["supervise"]), usage);
  deepEqual(await box.run(["supervise", "a", "b"]), usage);
  box.write("file", "");
  for (const [name, reason] of [["", "file does not exist"], ["file", "not a directory"]]) {
    deepEqual(await box.run(["supervise", name as string]), {
      code: 111,
      stdout: "",
      stderr: `supervise: fatal: unable to chdir to ${name}: ${reason}\n`,
    });
  }
});

toolTest("supervise says what keeps it from taking over a directory", TOOLS, async (box) => {
  box.write("file/supervise", "");
  box.write("lock/supervise/lock/x", "");
  box.write("control/supervise/control/x", "");
  box.write("ok/supervise/control", "");
  await box.sh("mkdir loop slash; ln -s down loop/down; ln -s /nonexistent/x slash/supervise");
  const fatal = async (name: string, text: string): Promise<void> => {
    const stderr = `supervise: fatal: unable to ${text}\n`;
    deepEqual(await box.run(["supervise", name]), { code: 111, stdout: "", stderr });
  };
  await fatal("file", "acquire file/supervise/lock: not a directory");
  await fatal("lock", "acquire lock/supervise/lock: is a directory");
  await fatal("loop", "stat loop/down: symbolic link loop");
  await fatal("slash", "acquire slash/supervise/lock: file does not exist");
  await fatal("control", "write control/supervise/control: is a directory");
});

toolTest("supervise needs a directory that it may write to", TOOLS, async (box) => {
  await box.sh("mkdir -m 0 closed; mkdir -p no-entry/supervise; chmod 555 no-entry/supervise");
  await box.sh("mkdir -m 555 unwritable; chown -R nobody .");
  const run = async (name: string): Promise<string> =>
    (await box.sh(`exec setuidgid nobody supervise ${name}`)).stderr;
  equal(await run("closed"), "supervise: fatal: unable to chdir to closed: access denied\n");
  const lock = "supervise/lock";
  equal(
    await run("unwritable"),
    `supervise: fatal: unable to acquire unwritable/${lock}: file does not exist\n`,
  );
  equal(
    await run("no-entry"),
    `supervise: fatal: unable to acquire no-entry/${lock}: access denied\n`,
  );
}, { root: true });

toolTest("supervise does what each letter says, in each state", TOOLS, async (box) => {
  /* Notes the signals that it gets; TERM ends it. */
  const body = `for s in HUP ALRM INT; do trap "echo $s >>log" $s; done
trap "echo TERM >>log; exit" TERM
echo started >>starts
while :; do sleep 0.02; done`;
  const up = {
    d: "down want d, log TERM",
    u: "up want u",
    o: "up want ",
    x: "up want u",
    p: "up want u, paused T",
    c: "up want u",
    h: "up want u, log HUP",
    a: "up want u, log ALRM",
    i: "up want u, log INT",
    t: "up want u, log TERM, again",
    k: "up want u, again",
    z: "up want u",
  };
  const down = {
    d: "down want d",
    u: "up want u",
    o: "up want ",
    x: "down want d, over",
    p: "down want d",
    c: "down want d",
    h: "down want d",
    a: "down want d",
    i: "down want d",
    t: "down want d",
    k: "down want d",
    z: "down want d",
  };
  const cases = Object.entries({ up, fresh: up, down }).flatMap(([state, letters]) =>
    Object.entries(letters).map(([letter, effect]) => ({ service: `${state}-${letter}`, effect }))
  );
  writeServices(box, cases.map(({ service }) => service), body);
  for (const { service } of cases) {
    if (service.startsWith("down")) box.write(`${service}/down`, "");
    if (service.startsWith("fresh")) continue;
    box.start(["supervise", service]);
  }
  const lettersOf = (state: string): string[] =>
    cases.map(({ service }) => service).filter((service) => service.startsWith(state));
  const send = (service: string): void => {
    const letter = service.at(-1) as string;
    Deno.writeTextFileSync(`${box.dir}/${service}/supervise/control`, letter);
  };
  const effectOn = async (service: string): Promise<string> => {
    const { pid, paused, want } = statusOf(box, service) ?? { pid: 0, paused: false, want: "?" };
    const log = box.read(`${service}/log`).replaceAll("\n", " ").trim();
    const again = box.read(`${service}/starts`).split("\n").length > 2;
    const over = service === "down-x" && !await isSupervised(box, service);
    return `${isAlive(pid) ? "up" : "down"} want ${want}` +
      (paused ? `, paused ${stateOf(pid)}` : "") + (log === "" ? "" : `, log ${log}`) +
      (again ? ", again" : "") + (over ? ", over" : "");
  };
  await untilSupervised(box, [...lettersOf("up"), ...lettersOf("down")]);
  await untilUp(box, lettersOf("up"));
  for (const service of lettersOf("down")) send(service);
  for (const service of lettersOf("fresh")) {
    box.start(["supervise", service]);
    await untilUp(box, [service]);
    send(service);
  }
  // By now the second after the start of those in `up` is over, or about to be.
  for (const service of lettersOf("up")) {
    await untilOld(box, [service]);
    send(service);
  }
  const settle = async (): Promise<void> => {
    for (const { service, effect } of cases) {
      let seen = "";
      const matches = async (): Promise<boolean> => (seen = await effectOn(service)) === effect;
      await box.until("", matches, 10_000).catch(() => equal(`${service}: ${seen}`, effect));
    }
  };
  await settle();
  // What had no effect at first must have none later.
  await settle();
  // A paused service gets its TERM when it goes on; d sends both.
  await box.run(["svc", "-d", "up-p"]);
  await box.until("the paused one is down", () => pidOf(box, "up-p") === 0);
});

toolTest("supervise obeys letters in their order, and ignores what is none", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  const [started] = superviseEach(box, ["a"]);
  await untilUp(box, ["a"]);
  Deno.writeFileSync(`${box.dir}/a/supervise/control`, Uint8Array.of(0, 255, 0x20, 0x0a));
  equal((await box.run(["svc", "-doduox", "a"])).code, 0);
  await box.until("it is paused by nothing and not ended", () => statusOf(box, "a")?.want === "u");
  await box.run(["svc", "-d", "a"]);
  equal(await started?.ended, 0);
  const { pid, want } = statusOf(box, "a") ?? {};
  deepEqual([pid, want], [0, "d"]);
  equal(await isSupervised(box, "a"), false);
});

toolTest("supervise starts a service that fails once a second", TOOLS, async (box) => {
  writeServices(box, ["a"], "date +%s%N >>times; exit 1");
  superviseEach(box, ["a"]);
  const times = (): number[] =>
    box.read("a/times").split("\n").filter((line) => line !== "").map((line) => Number(line) / 1e6);
  await box.until("it was started four times", () => times().length >= 4);
  const gaps = times().slice(1).map((time, i) => time - (times()[i] as number));
  ok(gaps.every((gap) => gap > 900), `gaps of ${gaps} ms`);
  // One that always ends at once can be put down all the same.
  await box.run(["svc", "-d", "a"]);
  await box.until("it is down", () => statusOf(box, "a")?.want === "d" && pidOf(box, "a") === 0);
});

toolTest("supervise restarts at once what has run for a second", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  superviseEach(box, ["a"]);
  const [first] = await untilUp(box, ["a"]) as [number];
  await untilOld(box, ["a"]);
  Deno.kill(first, "SIGKILL");
  const killed = performance.now();
  await box.until("it runs again", () => ![0, first].includes(pidOf(box, "a")));
  ok(performance.now() - killed < slow(900), `after ${performance.now() - killed} ms`);
});

toolTest(
  "supervise tells why run cannot be started, each second, until it can",
  TOOLS,
  async (box) => {
    const reasons = {
      missing: "file does not exist",
      denied: "access denied",
      plain: "exec format error",
      interpreter: "file does not exist",
      empty: "exec format error",
      directory: "access denied",
      busy: "text busy",
    };
    box.write("denied/run", "#!/bin/sh\n", 0o644);
    box.write("plain/run", "echo no interpreter\n", 0o755);
    box.write("interpreter/run", "#!/nonexistent/interpreter\n", 0o755);
    box.write("empty/run", "", 0o755);
    box.write("directory/run/x", "");
    await box.sh("mkdir missing busy; cp /bin/sleep busy/run");
    const writer = Deno.openSync(`${box.dir}/busy/run`, { append: true });
    const names = Object.keys(reasons);
    superviseEach(box, names);
    const said = (name: string): number =>
      box.read("err").split(`unable to start ${name}/run:`).length - 1;
    for (const name of names) await box.until(`${name} fails twice`, () => said(name) >= 2);
    const expected = Object.entries(reasons).map(([name, reason]) =>
      `supervise: fatal: unable to start ${name}/run: ${reason}`
    );
    deepEqual([...new Set(box.read("err").trim().split("\n"))].sort(), expected.sort());
    writer.close();
    await box.sh("rm -r directory/run");
    writeServices(box, names.filter((name) => name !== "busy"));
    await untilUp(box, names.filter((name) => name !== "busy"));
  },
);

toolTest(
  "supervise keeps down what has a file called down, of whatever type",
  TOOLS,
  async (box) => {
    const names = ["file", "directory", "fifo", "link", "dangling"];
    writeServices(box, names);
    await box.sh(`: >file/down; mkdir directory/down; mkfifo fifo/down
ln -s run link/down; ln -s nowhere dangling/down`);
    superviseEach(box, names);
    await untilSupervised(box, names);
    // A link that leads nowhere is none.
    await untilUp(box, ["dangling"]);
    for (const name of names.slice(0, 4)) {
      deepEqual([name, pidOf(box, name), statusOf(box, name)?.want], [name, 0, "d"]);
      equal(box.read(`${name}/starts`), "");
    }
  },
);

toolTest(
  "supervise keeps a second one off, and leaves everything to the next",
  TOOLS,
  async (box) => {
    writeServices(box, ["a"]);
    const [first] = superviseEach(box, ["a"]);
    await untilUp(box, ["a"]);
    const stderr = "supervise: fatal: unable to acquire a/supervise/lock: temporary failure\n";
    deepEqual(await box.run(["supervise", "a"]), { code: 111, stdout: "", stderr });
    await box.run(["svc", "-dx", "a"]);
    equal(await first?.ended, 0);
    const modes = "stat -c '%n %F %a' a/supervise a/supervise/*";
    equal(
      (await box.sh(`umask 0; ${modes}`)).stdout,
      `a/supervise directory 700
a/supervise/control fifo 600
a/supervise/lock regular empty file 600
a/supervise/ok fifo 600
a/supervise/status regular file 644
`,
    );
    superviseEach(box, ["a"]);
    await box.until("it runs again", () => box.read("a/starts") === "started\nstarted\n");
  },
);

toolTest(
  "supervise dies of TERM; the service lives, and another copy can start",
  TOOLS,
  async (box) => {
    writeServices(box, ["a"]);
    const [first] = superviseEach(box, ["a"]);
    const [pid] = await untilUp(box, ["a"]) as [number];
    first?.kill("SIGTERM");
    equal(await first?.ended, 128 + 15);
    // Not at once, where the child of C's has not become ./run yet.
    await box.until("nobody supervises it", async () => !await isSupervised(box, "a"));
    equal(isAlive(pid), true);
    superviseEach(box, ["a"]);
    await box.until("two run", () => processesIn(box, "a").length === 2);
  },
);

toolTest("supervise goes on when its files are taken away", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  superviseEach(box, ["a"]);
  const [pid] = await untilUp(box, ["a"]) as [number];
  await box.sh("rm -r a/supervise");
  Deno.kill(pid, "SIGTERM");
  const warning =
    "supervise: warning: unable to open a/supervise/status.new: file does not exist\n";
  await box.until("it says so", () => box.read("err").startsWith(warning));
  await box.until("it runs again", () => box.read("a/starts") === "started\nstarted\n");
  equal(processesIn(box, "a").length, 1);
});

toolTest("supervise follows a dangling link, so that DIR may be read-only", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  await box.sh("mkdir var; ln -s ../var/a a/supervise");
  superviseEach(box, ["a"]);
  await untilUp(box, ["a"]);
  equal((await box.sh("ls var/a")).stdout, "control\nlock\nok\nstatus\n");
});

toolTest(
  "supervise's service may have any name, and the directory may move",
  TOOLS,
  async (box) => {
    const names = ["with space", "new\nline", "./-dash", "latin\xff".normalize()];
    writeServices(box, names);
    superviseEach(box, names);
    await untilUp(box, names);
    await box.sh("mv 'with space' moved");
    await box.run(["svc", "-dx", "moved"]);
    await box.until("the moved one is down", () => pidOf(box, "moved") === 0);
  },
);

toolTest(
  "supervise warns, and goes on, where the disk is full, and recovers",
  TOOLS,
  async (box) => {
    // The mount is seen in this namespace alone, and goes with it.
    box.script(
      "inside",
      `mkdir full && mount -t tmpfs -o size=64k none full && mkdir full/a || exit 99
printf '#!/bin/sh\\nexec sleep 100000\\n' >full/a/run; chmod 755 full/a/run
supervise full/a 2>err & p=$!
n=0; until svok full/a || [ $n -gt 100 ]; do sleep 0.05; n=$((n+1)); done
n=0; until svstat full/a | grep -q ' [2-9] seconds' || [ $n -gt 100 ]; do sleep 0.05; n=$((n+1)); done
pid() { svstat full/a | sed 's/.*pid \\([0-9]*\\).*/\\1/'; }
old=$(pgrep -P $p)
dd if=/dev/zero of=full/fill bs=1k 2>/dev/null
kill $old
n=0; until new=$(pgrep -P $p) && [ "$new" != $old ] || [ $n -gt 100 ]; do sleep 0.05; n=$((n+1)); done
[ -n "$new" ] && echo runs again
rm full/fill
n=0; until svc -t full/a; [ "$(pid)" = "$(pgrep -P $p)" ] || [ $n -gt 100 ]; do sleep 0.1; n=$((n+1)); done
[ "$(pid)" = "$(pgrep -P $p)" ] && echo right again
svc -dx full/a; wait $p; echo "exit $?"`,
    );
    const { stdout, stderr } = await box.run(["unshare", "-m", "./inside"]);
    deepEqual([stdout, stderr], ["runs again\nright again\nexit 0\n", ""]);
    const lines = new Set(box.read("err").trim().split("\n"));
    const [warning, ...more] = lines;
    const step =
      /^supervise: warning: unable to (open|write) full\/a\/supervise\/status.new: (.*)$/;
    ok(step.test(warning as string) && more.length === 0, [...lines].join("\n"));
  },
  { root: true, programs: ["unshare", "pgrep"] },
);

mixedTest("supervise and C's keep each other off", TOOLS, async (box) => {
  writeServices(box, ["a", "b"]);
  box.start(["supervise", "a"]);
  box.start([original("supervise"), "b"]);
  await untilUp(box, ["a", "b"]);
  const refusal = (name: string): string =>
    `supervise: fatal: unable to acquire ${name}/supervise/lock: temporary failure\n`;
  equal((await box.run([original("supervise"), "a"])).stderr, refusal("a"));
  equal((await box.run(["supervise", "b"])).stderr, refusal("b"));
});

mixedTest("supervise and C's take a directory over from each other", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  for (const program of ["supervise", original("supervise"), "supervise", original("supervise")]) {
    box.write("a/starts", "");
    const started = box.start([program, "a"]);
    await box.until("it is up", () => box.read("a/starts") === "started\n");
    await untilSupervised(box, ["a"]);
    await box.run(["svc", "-dx", "a"]);
    equal(await started.ended, 0);
  }
});

/** ptrace(2) PTRACE_SEIZE of the first argument; it is let go of when there is a file `enough`. */
const TRACE = `
my $pid = 0 + shift;
syscall(${Deno.build.arch === "x86_64" ? 101 : 117}, 0x4206, $pid, 0, 0) == 0 or die $!;
$| = 1;
print "traced";
select undef, undef, undef, 0.01 until -e "enough";
waitpid $pid, 0x40000000;
`;

toolTest("supervise waits for a process that is somebody else's to look at", TOOLS, async (box) => {
  writeServices(box, ["a"]);
  superviseEach(box, ["a"]);
  const [pid] = await untilUp(box, ["a"]) as [number];
  await untilOld(box, ["a"]);
  const tracer = box.start(["perl", "-e", TRACE, String(pid)], { out: "tracer" });
  await box.until("it is traced", () => box.read("tracer") === "traced");
  Deno.kill(pid, "SIGKILL");
  await box.until("it has ended", () => stateOf(pid) === "X");
  // A letter is obeyed, and changes nothing.
  await box.run(["svc", "-t", "a"]);
  equal(box.read("a/starts"), "started\n");
  box.write("enough", "");
  equal(await tracer.ended, 0);
  await box.until("it runs again", () => box.read("a/starts") === "started\nstarted\n");
  equal([...Deno.readDirSync("/proc")].some(({ name }) => name === String(pid)), false);
}, { root: true, programs: ["perl"] });
