// SPDX-License-Identifier: 0BSD
// Several things at one moment, and what somebody has stopped in the middle of it.
import { equal, ok } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import {
  isAlive,
  oneProcessTest,
  pidOf,
  processesCalled,
  processesIn,
  scan,
  SUPERVISION,
  untilOld,
  untilSupervised,
  untilUp,
  writeLogged,
  writeServices,
} from "../harness/services.ts";

toolTest(
  "a service that is killed when svscan is ended is started again",
  SUPERVISION,
  async (box) => {
    writeServices(box, ["sv/a", "sv/a/log"]);
    const svscan = scan(box);
    const [service = 0] = await untilUp(box, ["sv/a", "sv/a/log"]);
    await untilOld(box, ["sv/a", "sv/a/log"]);
    svscan.kill("SIGSTOP");
    Deno.kill(service, "SIGKILL");
    svscan.kill("SIGTERM");
    svscan.kill("SIGCONT");
    equal(await svscan.ended, 128 + 15);
    await box.until("it runs again", () => ![0, service].includes(pidOf(box, "sv/a")));
    await untilSupervised(box, ["sv/a", "sv/a/log"]);
    equal(processesIn(box, "sv/a").length, 1);
  },
);

oneProcessTest("the logger is there before the service", async (box) => {
  writeLogged(box, "sv/a");
  scan(box);
  const [service = 0, logger = 0] = await untilUp(box, ["sv/a", "sv/a/log"]);
  ok(logger < service, `${logger} ${service}`);
});

/** Attaches to a process (ptrace(2)) and does nothing, as gdb(1) does at its prompt. */
const DEBUGGER = `
import ctypes, os, sys, time
pid = int(sys.argv[1])
if ctypes.CDLL(None).ptrace(16, pid, None, None) != 0: sys.exit(1)
os.waitpid(pid, 0x40000000)
print("attached", flush=True)
time.sleep(100000)
`;

oneProcessTest("a debugger on log-pipes holds nobody else up", async (box) => {
  writeLogged(box, "sv/a");
  writeServices(box, ["sv/b"]);
  scan(box);
  const [service = 0] = await untilUp(box, ["sv/b", "sv/a", "sv/a/log"]);
  await box.until("the pipe is held", () => processesCalled(box, "log-pipes").length === 1);
  const [holder = 0] = processesCalled(box, "log-pipes");
  const tracer = box.start(["python3", "-c", DEBUGGER, `${holder}`], { out: "tracer" });
  await box.until("it is debugged", () => box.read("tracer") === "attached\n");
  // With another pipe comes another holder.
  writeLogged(box, "sv/c");
  await untilUp(box, ["sv/c", "sv/c/log"]);
  Deno.kill(service, "SIGKILL");
  await box.until("it is restarted", () => ![0, service].includes(pidOf(box, "sv/b")));
  tracer.kill("SIGKILL");
  await box.until("the old holder has gone", () => !isAlive(holder));
}, { root: true, programs: ["python3"] });

for (const [signal, ended] of [["SIGTERM", 15], ["SIGKILL", 9]] as const) {
  oneProcessTest(
    `a version that does not answer does not outlive svscan (${signal})`,
    async (box) => {
      writeServices(box, ["sv/a"]);
      Deno.mkdirSync(`${box.dir}/new`);
      const svscan = box.start([
        "sh",
        "-c",
        "ln -s $(command -v svscan) new/svscan; exec new/svscan sv",
      ]);
      const [service = 0] = await untilUp(box, ["sv/a"]);
      await untilOld(box, ["sv/a"]);
      Deno.removeSync(`${box.dir}/new/svscan`);
      box.script("new/svscan", `echo $$ >${box.dir}/trial; exec sleep 100000`);
      svscan.kill("SIGHUP");
      const trial = (): number => Number(box.read("trial"));
      await box.until("it is tried", () => trial() !== 0);
      svscan.kill(signal);
      equal(await svscan.ended, 128 + ended);
      await box.until("it has gone", () => !isAlive(trial()));
      equal(isAlive(service), true);
      if (signal === "SIGTERM") {
        await box.run(["svc", "-dx", "sv/a"]);
        await box.until("nobody is left", () => processesCalled(box, "supervise").length === 0);
      }
      scan(box);
      await untilSupervised(box, ["sv/a"]);
    },
  );
}

oneProcessTest(
  "who goes on after svscan starts no service whose directory was removed",
  async (box) => {
    writeServices(box, ["sv/a"]);
    const svscan = scan(box);
    const [service = 0] = await untilUp(box, ["sv/a"]);
    await untilOld(box, ["sv/a"]);
    svscan.kill("SIGTERM");
    equal(await svscan.ended, 128 + 15);
    await untilSupervised(box, ["sv/a"]);
    Deno.removeSync(`${box.dir}/sv/a`, { recursive: true });
    Deno.kill(service, "SIGKILL");
    await box.until("it has ended", () => processesCalled(box, "supervise").length === 0);
  },
);
