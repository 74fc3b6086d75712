// SPDX-License-Identifier: 0BSD
// Service directories that were made to do harm, and odd names. A service directory often belongs to the user whom it
// serves while svscan is root's. Not tested here: users who may not write to the FIFOs (the kernel sees to that).
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import {
  type Box,
  cTool,
  mixedTest,
  type Needs,
  type Result,
  toolTest,
} from "../harness/harness.ts";
import {
  isAlive,
  openFiles,
  pidOf,
  processesCalled,
  processesIn,
  STAYS,
  untilSupervised,
  untilUp,
  writeServices,
} from "../harness/services.ts";

const TOOLS = ["svscan", "supervise", "svc", "svstat"];

const PRECIOUS = "precious\n".repeat(50);

function abuseTest(name: string, body: (box: Box) => Promise<void>, needs: Needs = {}): void {
  toolTest(name, TOOLS, body, needs);
}

const FOLLOWS = { djboxOnly: "C's tools follow links" };

abuseTest("no link in supervise leads to a file that is written over", async (box) => {
  writeServices(box, ["sv/soft", "sv/hard", "sv/fifo", "sv/locked", "sv/hardlock"]);
  box.write("victim", PRECIOUS, 0o600);
  const { stderr } = await box.sh(`
    mkdir -m 700 sv/soft/supervise sv/hard/supervise sv/fifo/supervise sv/locked/supervise sv/hardlock/supervise
    ln -s ../../../victim sv/soft/supervise/status.new
    ln victim sv/hard/supervise/status.new
    mkfifo sv/fifo/supervise/status.new
    ln -s ../../../victim sv/locked/supervise/lock
    ln victim sv/hardlock/supervise/lock
  `);
  equal(stderr, "");
  box.start(["svscan", "sv"]);
  const names = ["sv/soft", "sv/hard", "sv/fifo", "sv/hardlock"];
  await untilUp(box, names);
  await box.run(["svc", "-t", ...names]);
  await box.until(
    "they run again",
    () => names.every((name) => box.read(`${name}/starts`).split("\n").length === 3),
  );
  await box.until("it says so", () => box.read("err") !== "");
  equal(
    box.read("err"),
    "supervise: fatal: unable to acquire locked/supervise/lock: symbolic link loop\n",
  );
  equal(pidOf(box, "sv/locked"), 0);
  equal(box.read("victim"), PRECIOUS);
  equal(Deno.statSync(`${box.dir}/victim`).mode, 0o100600);
  for (const name of names.slice(0, 3)) {
    ok(Deno.lstatSync(`${box.dir}/${name}/supervise/status`).isFile, name);
  }
  // Nor is what is left there when supervision ends.
  const before = pidOf(box, "sv/hardlock");
  await box.run(["svc", "-dx", "sv/hardlock"]);
  await box.until("it is started anew", () => ![0, before].includes(pidOf(box, "sv/hardlock")));
  equal(box.read("victim"), PRECIOUS);
}, FOLLOWS);

const RECORDS = { djboxOnly: "C's supervise leaves no record, and adopts nothing", root: true };

abuseTest(
  "no user's link in the place of supervise has files of others taken away",
  async (box) => {
    writeServices(box, ["sv/foo"]);
    const files = ["control", "ok", "lock", "lock.new"];
    for (const file of files) box.write(`others/${file}`, PRECIOUS, 0o600);
    await box.sh(
      'chown -R 1 others; chown nobody sv/foo; ln -s "$PWD/others" sv/foo/supervise; ' +
        "chown -h nobody sv/foo/supervise",
    );
    box.start(["svscan", "sv"]);
    // C's supervise has no FIFOs then, and starts it; ours says why it can't.
    await box.until(
      "it has been looked at",
      () => box.read("err").includes("foo") || box.read("sv/foo/starts") !== "",
    );
    for (const file of files) equal(box.read(`others/${file}`), PRECIOUS, file);
  },
  { root: true },
);

abuseTest("no user's link to a log has svscan give him that service's pipe", async (box) => {
  writeServices(box, ["one/bar", "one/bar/log", "two/foo"]);
  await box.sh('ln -s "$PWD/one/bar/log" two/foo/log; chown -h nobody two/foo two/foo/log');
  box.start(["svscan", "one"]);
  const [bar] = await untilUp(box, ["one/bar", "one/bar/log"]);
  box.start(["svscan", "two"]);
  const [foo] = await untilUp(box, ["two/foo"]);
  const output = (pid: number | undefined): string => Deno.readLinkSync(`/proc/${pid}/fd/1`);
  notEqual(output(foo), output(bar));
}, { root: true });

/** Runs svscan over services until it is killed, and what ran in `ended` has ended. */
async function leaveRecords(box: Box, names: readonly string[], ended = names): Promise<void> {
  const svscan = box.start(["svscan", "sv"]);
  const pids = await untilUp(box, names);
  if (names.some((name) => name.endsWith("/log"))) {
    await box.until("the pipes are held", () => processesCalled(box, "log-pipes").length === 1);
  }
  svscan.kill("SIGKILL");
  await svscan.ended;
  for (const [i, pid] of pids.entries()) {
    if (!ended.includes(names[i] ?? "")) continue;
    Deno.kill(pid, "SIGKILL");
    await box.until("it has ended", () => !isAlive(pid));
  }
}

/** Names another process in a record that a killed svscan has left. */
function forge(box: Box, lock: string, pid: number): void {
  const started = startOf(pid);
  const text = box.read(lock).replace(/running \d+ \d+ */, `running ${pid} ${started}`);
  match(text, new RegExp(`^djbox .* running ${pid} ${started}\n$`));
  box.write(lock, text.replace("\n", "").padEnd(199) + "\n", 0o600);
}

/** When process `pid` was started, as its stat file says. */
function startOf(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[19] ?? "";
}

abuseTest("no user has svscan adopt a process that is not his", async (box) => {
  const names = ["sv/lock", "sv/shared", "sv/link", "sv/logged", "sv/stray"];
  writeServices(box, names);
  writeServices(box, ["sv/logged/log"]);
  await leaveRecords(box, [...names, "sv/logged/log"]);
  const victim = box.start(["sleep", "100000"]);
  for (const name of [...names, "sv/logged/log"]) forge(box, `${name}/supervise/lock`, victim.pid);
  const { stderr } = await box.sh(`
    chown nobody sv/* sv/logged/log sv/lock/supervise/lock sv/stray/supervise/lock sv/logged/log/supervise/lock
    chmod 620 sv/shared/supervise/lock
    mv sv/link/supervise other; ln -s "$PWD/other" sv/link/supervise; chown -h nobody sv/link/supervise
    sed -i 's/running [0-9]* [0-9]*/starting 1          /' sv/stray/supervise/lock
  `);
  equal(stderr, "");
  const stray = box.start(["sh", "-c", "cd sv/stray; sleep 100000 & wait"]);
  await box.until("it is there", () => processesIn(box, "sv/stray").length === 2);
  stray.kill("SIGKILL");
  await stray.ended;
  const [root] = processesIn(box, "sv/stray");
  const svscan = box.start(["svscan", "sv"]);
  const says = (what: string): string =>
    `svscan: warning: unable to ${what}: supervise/lock is another user's and ` +
    `names process ${victim.pid}, which is not his\n`;
  for (const name of ["lock", "shared", "link"]) {
    await box.until("it says so", () => box.read("err").includes(says(`start supervise ${name}`)));
  }
  await box.until("it says so", () => box.read("err").includes(says("create pipe for logged")));
  await box.until("a process of root's is no stray of his", () => {
    return ![0, root, victim.pid].includes(pidOf(box, "sv/stray"));
  });
  ok(isAlive(victim.pid));
  // When what they name is gone, there is nothing to be started twice.
  victim.kill("SIGKILL");
  await untilUp(box, [...names.slice(0, 4), "sv/logged/log"]);
  Deno.kill(root ?? 0, "SIGKILL");
  svscan.kill("SIGTERM");
  await svscan.ended;
}, RECORDS);

abuseTest("a user's own process is adopted, and his lock becomes svscan's", async (box) => {
  box.script("sv/a/run", "echo started >>starts; exec setuidgid nobody sleep 100000");
  await box.sh("chown nobody sv/a");
  const svscan = box.start(["svscan", "sv"]);
  const pids = await untilUp(box, ["sv/a"]);
  await box.until("it is his", () => Deno.statSync(`/proc/${pids[0]}`).uid !== 0);
  await box.sh("chown -R nobody sv/a/supervise");
  svscan.kill("SIGKILL");
  await svscan.ended;
  const next = box.start(["svscan", "sv"]);
  await untilSupervised(box, ["sv/a"]);
  equal(pidOf(box, "sv/a"), pids[0]);
  await box.until("it writes into a lock of its own", () => {
    return Deno.statSync(`${box.dir}/sv/a/supervise/lock`).uid === 0;
  });
  // It still is a lock, and what is in it counts.
  equal((await box.run(["setlock", "-n", "sv/a/supervise/lock", "true"])).code, 111);
  next.kill("SIGKILL");
  await next.ended;
  box.start(["svscan", "sv"]);
  await untilSupervised(box, ["sv/a"]);
  equal(pidOf(box, "sv/a"), pids[0]);
  equal(box.read("sv/a/starts"), "started\n");
}, RECORDS);

abuseTest("no user has svscan give him the log of another service", async (box) => {
  writeServices(box, ["sv/a", "sv/a/log", "sv/b", "sv/b/log"]);
  await leaveRecords(box, ["sv/a", "sv/a/log", "sv/b", "sv/b/log"], ["sv/b", "sv/b/log"]);
  const pipeIn = (name: string): string =>
    /pipe:\[\d+\]/.exec(box.read(`${name}/supervise/lock`))?.[0] ?? "";
  const pipe = pipeIn("sv/a");
  for (const name of ["sv/b", "sv/b/log"]) {
    const lock = `${name}/supervise/lock`;
    box.write(lock, box.read(lock).replace(/pipe:\[\d+\]/, pipe), 0o600);
    await box.sh(`chown nobody ${lock}`);
  }
  box.start(["svscan", "sv"]);
  await untilUp(box, ["sv/a", "sv/a/log", "sv/b", "sv/b/log"]);
  equal(pipeIn("sv/a"), pipe);
  notEqual(pipeIn("sv/b"), pipe);
}, RECORDS);

abuseTest("no link in supervise leads to what svscan reads", async (box) => {
  writeServices(box, ["sv/status", "sv/lock"]);
  await box.sh(`mkfifo fifo; mkdir -m 700 sv/status/supervise sv/lock/supervise
    ln -s ../../../fifo sv/status/supervise/status
    ln -s ../../../fifo sv/lock/supervise/lock`);
  using fifo = Deno.openSync(`${box.dir}/fifo`, { read: true, write: true });
  const secret = "for somebody else";
  fifo.writeSync(new TextEncoder().encode(secret));
  box.start(["svscan", "sv"]);
  await box.until("one runs", () => box.read("sv/status/starts") !== "");
  await box.until("it says so", () => box.read("err").includes("unable to acquire lock/supervise"));
  equal((await box.run(["dd", "if=fifo", "iflag=nonblock", "bs=100"])).stdout, secret);
}, FOLLOWS);

abuseTest("what is in supervise has the owner's permissions alone", async (box) => {
  writeServices(box, ["sv/a"]);
  box.start(["svscan", "sv"]);
  await untilUp(box, ["sv/a"]);
  await untilSupervised(box, ["sv/a"]);
  const modes = await box.sh(`cd sv/a; for file in . control lock ok status; do
    stat -c '%A %n' supervise/$file; done`);
  equal(
    modes.stdout,
    "drwx------ supervise/.\nprw------- supervise/control\n-rw------- supervise/lock\n" +
      "prw------- supervise/ok\n-rw-r--r-- supervise/status\n",
  );
});

abuseTest("services with odd names are services", async (box) => {
  const names = ["-x", "--", "new\nline", "a b", "$(touch evil)", "*", "a:b"];
  writeServices(box, names.map((name) => `sv/${name}`));
  // These are none.
  writeServices(box, ["sv/.hidden", "sv/..."]);
  box.write("sv/-file", "");
  box.start(["svscan", "sv"]);
  const paths = names.map((name) => `sv/${name}`);
  await untilUp(box, paths);
  await untilSupervised(box, paths);
  for (const name of names) {
    const { stdout } = await box.run(["svstat", `./${name}`], { cwd: `${box.dir}/sv` });
    match(stdout, /: up \(pid \d+\) \d+ seconds\n$/);
    equal(stdout.slice(0, name.length + 4), `./${name}: `);
  }
  await box.run(["svc", "-d", "--", ...names], { cwd: `${box.dir}/sv` });
  await box.until("they are down", () => paths.every((path) => pidOf(box, path) === 0));
  equal(box.read("sv/.hidden/starts") + box.read("sv/.../starts"), "");
  equal(box.read("err"), "");
});

abuseTest("a log directory's links lead to nothing that is written", async (box) => {
  box.write("victim", PRECIOUS, 0o755);
  for (const file of ["current", "lock", "state"]) {
    const { stderr } = await box.sh(`mkdir ${file}; ln -s ../victim ${file}/${file}`);
    equal(stderr, "");
    const { code } = await box.run(["multilog", `./${file}`], { stdin: "a line\n" });
    // "state" is removed and made anew: nothing is wrong then.
    equal(code, file === "state" ? 0 : 111, file);
    equal(box.read("victim"), PRECIOUS);
    equal(Deno.statSync(`${box.dir}/victim`).mode, 0o100755);
  }
}, FOLLOWS);

abuseTest("a variable that looks like a handover and is none changes nothing", async (box) => {
  const state = { shape: "djbox supervision 3", services: [], mask: "0", limits: [] };
  const files: Record<string, string> = {
    null: "null",
    shape: JSON.stringify({ shape: state.shape }),
    services: JSON.stringify({ ...state, services: [null], descriptors: [] }),
    closed: JSON.stringify({ ...state, descriptors: [[77, 77]] }),
    noise: "\xff\0\n",
  };
  for (const [name, content] of Object.entries(files)) box.write(`in/${name}`, content);
  equal((await box.run(["mkfifo", "in/fifo"])).code, 0);
  const values = ["", "garbage", "-1", "99", "99999999999999999999", "3 tri", "0"];
  const cases = [
    ...values.map((value) => [value, "null"] as const),
    ...[...Object.keys(files), "fifo"].map((file) => ["3", file] as const),
  ];
  for (const [i, [value, file]] of cases.entries()) {
    box.script(`sv${i}/a/run`, 'echo "${DJBOX_SUPERVISION-unset}" >>starts; exec sleep 100000');
    box.start(["sh", "-c", `exec svscan sv${i} 3<>in/${file}`], {
      env: { DJBOX_SUPERVISION: value },
    });
  }
  for (const [i, [value, file]] of cases.entries()) {
    await box.until(`${value} with ${file}`, () => box.read(`sv${i}/a/starts`) === "unset\n");
  }
  equal(box.read("err"), "");
}, { djboxOnly: "C's svscan hands nothing over" });

/** What may stand where a file of a service is expected, as shell commands that make it. */
const ODD: Readonly<Record<string, string>> = {
  file: ': >"$1"',
  directory: 'mkdir "$1"',
  fifo: 'mkfifo "$1"',
  socket: `python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"`,
  dangling: 'ln -s nowhere "$1"',
  loop: 'ln -s "${1##*/}" "$1"',
  null: 'ln -s /dev/null "$1"',
  zero: 'ln -s /dev/zero "$1"',
};
/** `put PLACE KIND` makes one. */
const PUT = 'set -e; put() { mkdir -p "${1%/*}"; $2 "$1"; }\n' +
  Object.entries(ODD).map(([kind, command]) => `${kind}() { ${command}; }\n`).join("");
const PLACES = [
  ...["run", "down", "log", "log/run", "log/supervise", "supervise", "supervise/lock"],
  ...["supervise/control", "supervise/ok", "supervise/status", "supervise/status.new"],
];

abuseTest("whatever stands in a service directory, the others are served", async (box) => {
  let script = PUT;
  for (const place of PLACES) {
    for (const kind of Object.keys(ODD)) {
      const service = `sv/${place.replace("/", ".")}-${kind}`;
      if (place !== "run") box.script(`${service}/run`, STAYS);
      script += `put ${service}/${place} ${kind}\n`;
    }
  }
  const made = await box.sh(script);
  deepEqual([made.code, made.stderr], [0, ""]);
  writeServices(box, ["sv/honest"]);
  const svscan = box.start(["svscan", "sv"]);
  // Where a command cannot come from, a FIFO is made.
  const healed = Object.keys(ODD).filter((kind) =>
    !["directory", "dangling", "loop"].includes(kind)
  )
    .flatMap((kind) => [`sv/supervise.control-${kind}`, `sv/supervise.ok-${kind}`]);
  const names = ["sv/honest", ...healed];
  await untilUp(box, names);
  await untilSupervised(box, names);
  // What cannot be started was tried a second time.
  const tries = (): number => box.read("err").split("unable to start run-file/run").length - 1;
  await box.until("there was a second try", () => tries() >= 2);
  equal((await box.run(["svc", "-d", ...names])).stderr, "");
  await box.until("they are down", () => names.every((name) => pidOf(box, name) === 0));
  await box.run(["svc", "-u", ...names]);
  await untilUp(box, names);
  ok(!box.read("err").includes("svscan: fatal"), box.read("err"));
  svscan.kill("SIGTERM");
  await svscan.ended;
}, {
  djboxOnly: "C's supervise reads a control that is a file over and over",
  programs: ["python3"],
});

mixedTest("svstat, svok and svc say of odd files what C's say", TOOLS, async (box) => {
  const kinds = Object.keys(ODD);
  // C's svstat takes a status that is a directory for one of the year 1970.
  const readable = kinds.filter((kind) => kind !== "directory");
  const services = kinds.flatMap((ok) =>
    readable.map((status) => ({ ok, status, name: `${ok}-${status}` }))
  );
  const made = await box.sh(
    PUT + services.map(({ ok, status, name }) =>
      `put ${name}/supervise/ok ${ok}; put ${name}/supervise/status ${status}\n`
    ).join("") + kinds.map((kind) =>
      `put control-${kind}/supervise/control ${kind}\n`
    ).join(""),
  );
  deepEqual([made.code, made.stderr], [0, ""]);
  const names = services.map(({ name }) => name);
  for (
    const [tool, ...args] of [
      ["svstat", ...names],
      ["svc", "-h", ...kinds.map((kind) => `control-${kind}`)],
      ...names.map((name) => ["svok", name]),
    ] as [string, ...string[]][]
  ) {
    const shown = async (program: string): Promise<Result> => {
      const result = await box.run([program, ...args]);
      return { ...result, stdout: result.stdout.replace(/\d+ seconds/g, "N seconds") };
    };
    deepEqual(await shown(tool), await shown(cTool(tool) ?? ""));
  }
}, ["python3"]);

/**
 * A write lease (fcntl(2), F_SETLEASE) on the first argument, kept whatever the kernel says. There is none while somebody
 * else has the file open.
 */
const LEASE = `
my $file = shift;
$SIG{IO} = sub {};
open my $run, "+<", $file or die $!;
select undef, undef, undef, 0.01 until fcntl $run, 1024, 1;
$| = 1;
print "leased";
sleep 1 while 1;
`;

abuseTest(
  "whoever has a lease on his run keeps nobody else's service from running",
  async (box) => {
    writeServices(box, ["sv/leased"]);
    writeServices(box, ["sv/ends"], "echo started >>starts");
    box.start(["svscan", "sv"]);
    const [pid] = await untilUp(box, ["sv/leased"]) as [number];
    const holder = box.start(["perl", "-e", LEASE, "sv/leased/run"], { out: "holder" });
    await box.until("it is leased", () => box.read("holder") === "leased");
    const starts = (name: string): number => box.read(`sv/${name}/starts`).split("\n").length - 1;
    const before = starts("ends");
    Deno.kill(pid, "SIGKILL");
    await box.until("the other one is started", () => starts("ends") > before + 5);
    equal(starts("leased"), 1);
    if (box.ours) {
      // Nor does his process keep what is others': the next svscan is to have their locks.
      const held = openFiles(pidOf(box, "sv/leased"));
      deepEqual(held.filter((path) => path.includes("/supervise/")), []);
      // A signal for which the runtime has a handler ends that process, and nothing else.
      const seen = starts("ends");
      Deno.kill(pidOf(box, "sv/leased"), "SIGSEGV");
      await box.until("others are started", () => starts("ends") > seen + 2);
    }
    holder.kill("SIGKILL");
    await box.until("it runs again", () => starts("leased") === 2);
    await box.run(["svc", "-t", "sv/leased"]);
    await box.until("it obeys", () => starts("leased") === 3);
  },
  { programs: ["perl"] },
);
