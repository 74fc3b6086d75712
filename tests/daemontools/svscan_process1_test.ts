// SPDX-License-Identifier: 0BSD
// svscan as process 1 of a container. Not tested: the signals of container runtimes other than TERM and INT.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, COMMANDS, type Started, toolTest } from "../harness/harness.ts";
import { isAlive, processesCalled, statusOf } from "../harness/services.ts";

const NEEDS = {
  root: true,
  programs: ["unshare"],
  djboxOnly: "C's svscan leaves its supervises behind, and process 1's end kills them",
};

interface Container {
  /** svscan's pid as we see it. */
  readonly pid: number;
  readonly started: Started;
}

/** Starts svscan on `services` as process 1, and waits until it is there, or, if that is `early`, its runtime. */
async function contain(box: Box, early = false): Promise<Container> {
  const started = box.start(
    ["unshare", "--pid", "--fork", "--mount-proc", `${COMMANDS}/svscan`, `${box.dir}/services`],
  );
  let pid = 0;
  await box.until("svscan runs", () => {
    const children = Deno.readTextFileSync(`/proc/${started.pid}/task/${started.pid}/children`);
    pid = Number(children);
    if (pid === 0) return false;
    const name = Deno.readTextFileSync(`/proc/${pid}/comm`);
    return name === "svscan\n" || (early && name === "deno\n");
  });
  return { pid, started };
}

/** What a process is called in its own namespace. */
function innerPid(pid: string): string | undefined {
  try {
    return /^NSpid:.*\t(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  } catch {
    return undefined; // waited for meanwhile
  }
}

function isUp(box: Box, service: string): boolean {
  return (statusOf(box, `services/${service}`)?.pid ?? 0) !== 0;
}

for (const signal of ["SIGTERM", "SIGINT", "SIGPWR"] as const) {
  toolTest(
    `svscan as process 1: ${signal} ends services, then their loggers, and svscan with 0`,
    ["svscan"],
    async (box) => {
      box.script(
        "services/a/run",
        `trap 'echo told to end; sleep 0.3; echo the last words; exit' TERM
echo hello; while :; do sleep 0.05; done`,
      );
      box.script("services/a/log/run", "exec multilog ./main");
      box.script("services/b/run", "exec sleep 100000");
      // It goes by its own TERM only if its input has not ended.
      box.script(
        "services/b/log/run",
        "trap 'echo TERM >>signals' TERM; while read -r _; do :; done",
      );
      const { pid, started } = await contain(box);
      await box.until(
        "all are up",
        () =>
          ["a", "a/log", "b", "b/log"].every((name) => isUp(box, name)) &&
          box.read("services/a/log/main/current") === "hello\n",
      );
      Deno.kill(pid, signal);
      equal(await started.ended, 0);
      equal(box.read("services/a/log/main/current"), "hello\ntold to end\nthe last words\n");
      equal(box.read("services/b/log/signals"), "");
      for (const name of ["a", "a/log", "b", "b/log"]) {
        deepEqual(statusOf(box, `services/${name}`)?.pid, 0, name);
      }
      equal(box.read("err"), "");
    },
    NEEDS,
  );
}

toolTest("svscan as process 1 waits for whatever loses its parent", ["svscan"], async (box) => {
  // Some orphans end at once, some later, some while services end all the time.
  box.script(
    "services/parent/run",
    `for i in 1 2 3 4 5 6 7 8; do (sh -c 'sleep 0.$1; exit 3' sh $i &) ; done
echo done >>rounds; exec sleep 100000`,
  );
  box.script("services/ends/run", "(sleep 0.1 &); exit 1");
  const { pid, started } = await contain(box);
  const children = (): string[] =>
    Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
  await box.until("orphans were made", () => box.read("services/parent/rounds") !== "");
  const pids = new Set<number>();
  // That it is down lasts for less than a millisecond each time.
  await box.until("services have ended", () => {
    pids.add(statusOf(box, "services/ends")?.pid ?? 0);
    return pids.size > 2;
  });
  // A service that ends within its first second is looked at after that.
  const own = (): string => `${statusOf(box, "services/ends")?.pid}`;
  await box.until("no zombie is left", () => {
    const zombies = children().filter((child) => child !== "" && !isAlive(Number(child)));
    return zombies.every((child) => innerPid(child) === own()) && children().length <= 2;
  });
  ok(isUp(box, "parent"));
  Deno.kill(pid, "SIGTERM");
  equal(await started.ended, 0);
}, NEEDS);

toolTest(
  "svscan as process 1 brings a service down that is only just starting, and starts no other",
  ["svscan"],
  async (box) => {
    box.script("services/a/run", "echo started >>starts; exec sleep 100000");
    const { pid, started } = await contain(box);
    await box.until("it has been started", () => box.read("services/a/starts") !== "");
    Deno.kill(pid, "SIGTERM");
    box.script("services/late/run", "echo started >>starts; exec sleep 100000");
    equal(await started.ended, 0);
    deepEqual([box.read("services/a/starts"), box.read("services/late/starts")], ["started\n", ""]);
  },
  NEEDS,
);

toolTest(
  "svscan as process 1 ends a service whose FIFO is full",
  ["svscan", "svc"],
  async (box) => {
    box.script("services/a/run", "exec sleep 100000");
    const { pid, started } = await contain(box);
    await box.until("it is up", () => isUp(box, "a"));
    const before = statusOf(box, "services/a")?.pid;
    await box.until("it is started anew", async () => {
      await box.run(["svc", "-k", "services/a"]);
      return ![0, before].includes(statusOf(box, "services/a")?.pid);
    });
    // For a second now, nobody reads there.
    const { stderr } = await box.run([
      ...["perl", "-MFcntl", "-e"],
      'sysopen F, shift, O_WRONLY | O_NONBLOCK or die $!; 1 while syswrite F, "z" x 4096',
      "services/a/supervise/control",
    ]);
    equal(stderr, "");
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
  },
  { ...NEEDS, programs: ["unshare", "perl"] },
);

toolTest(
  "svscan as process 1: a logger whose input is held open is sent TERM in the end",
  ["svscan"],
  async (box) => {
    box.script("services/a/run", "(trap '' TERM; exec sleep 100000) & exec sleep 100001");
    box.script("services/a/log/run", "exec multilog ./main");
    const { pid, started } = await contain(box);
    await box.until("both are up", () => isUp(box, "a") && isUp(box, "a/log"));
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
  },
  NEEDS,
);

toolTest(
  "svscan as process 1 starts no logger again when its input ends",
  ["svscan"],
  async (box) => {
    const names = ["a", "b", "c", "d"];
    for (const name of names) {
      box.script(`services/${name}/run`, "exec sleep 100000");
      box.script(`services/${name}/log/run`, "echo started >>starts; exec cat >/dev/null");
    }
    const { pid, started } = await contain(box);
    await box.until(
      "all are up",
      () => names.every((name) => isUp(box, name) && isUp(box, `${name}/log`)),
    );
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
    equal(box.read("err"), "");
    for (const name of names) equal(box.read(`services/${name}/log/starts`), "started\n");
  },
  NEEDS,
);

toolTest(
  "svscan as process 1 is told to end when it has been upgraded in a logger's first second",
  ["svscan"],
  async (box) => {
    box.script("services/a/run", "exec sleep 100000");
    box.script("services/a/log/run", "echo started >>starts; exec cat >/dev/null");
    const slow = "trap 'sleep 1; : >ended; exit' TERM; : >begun; while :; do sleep 0.05; done";
    box.script("services/slow/run", slow);
    const { pid, started } = await contain(box);
    const exists = (path: string): boolean =>
      [...Deno.readDirSync(`${box.dir}/services/slow`)].some(({ name }) => name === path);
    await box.until("all are up", () => isUp(box, "a") && isUp(box, "a/log") && exists("begun"));
    const logger = (): number | undefined => processesCalled(box, "cat")[0];
    await box.until("the logger is what it runs", () => logger() !== undefined);
    Deno.kill(logger() as number, "SIGKILL");
    await box.until("it runs again", () => box.read("services/a/log/starts").length > 8);
    const addresses = (): string => Deno.readFileSync(`/proc/${pid}/auxv`).join();
    const before = addresses();
    Deno.kill(pid, "SIGHUP");
    await box.until("it has started over", () => addresses() !== before);
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
    equal(box.read("err"), "");
    ok(exists("ended"));
  },
  NEEDS,
);

toolTest("svscan as process 1 is told to end while it is starting", ["svscan"], async (box) => {
  Deno.mkdirSync(`${box.dir}/services`);
  for (let i = 0; i < 5; i++) {
    const { pid, started } = await contain(box, true);
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
  }
}, NEEDS);

toolTest(
  "svscan as process 1 is told to end while it tries a new version",
  ["svscan"],
  async (box) => {
    box.script(
      "services/a/run",
      "echo started >>starts; trap 'sleep 1; exit' TERM; while :; do sleep 0.05; done",
    );
    const { pid, started } = await contain(box);
    const children = (): string[] =>
      Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
    await box.until("it is up", () => isUp(box, "a") && box.read("services/a/starts") !== "");
    const own = children();
    const addresses = (): string => Deno.readFileSync(`/proc/${pid}/auxv`).join();
    const before = addresses();
    Deno.kill(pid, "SIGHUP");
    // It may have started over by the time that it is looked at: then there is nothing to give up.
    await box.until("it tries", () => children().length > own.length || addresses() !== before);
    Deno.kill(pid, "SIGTERM");
    equal(await started.ended, 0);
    equal(box.read("services/a/starts"), "started\n");
  },
  NEEDS,
);
