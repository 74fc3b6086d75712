// SPDX-License-Identifier: 0BSD
// Not tested here: a kernel without prctl(2) PR_SET_MM_MAP, where the title cannot grow.
import { deepEqual, equal, match } from "node:assert/strict";
import {
  type Box,
  fromLatin1,
  latin1,
  type Result,
  type Started,
  toolTest,
} from "../harness/harness.ts";

toolTest("readproctitle wants five characters, silently", ["readproctitle"], async (box) => {
  const exit = (code: number): Result => ({ code, stdout: "", stderr: "" });
  deepEqual(await box.run(["readproctitle"], { stdin: "x" }), exit(100));
  for (const last of ["", ".", "....", "abcd"]) {
    deepEqual(await box.run(["readproctitle", "x", last], { stdin: "x" }), exit(100));
  }
  deepEqual(await box.run(["readproctitle", "....."], { stdin: "x" }), exit(0));
  deepEqual(await box.run(["readproctitle", "x", "abcde"], { stdin: "x" }), exit(0));
});

toolTest("readproctitle cannot read and says 111", ["readproctitle"], async (box) => {
  const failed = { code: 111, stdout: "", stderr: "" };
  deepEqual(await box.sh("readproctitle x ........ <."), failed);
  deepEqual(await box.sh("readproctitle x ........ <&-"), failed);
  deepEqual(await box.sh("readproctitle x ........ 0>file"), failed);
});

/** The arguments of a process, as anybody sees them. */
function shown(pid: number): string {
  return fromLatin1(Deno.readFileSync(`/proc/${pid}/cmdline`));
}

/** A readproctitle that reads a FIFO, and the FIFO open for writing. */
async function startTitle(
  box: Box,
  args: readonly string[],
): Promise<{ process: Started; input: Deno.FsFile }> {
  await box.sh("mkfifo fifo");
  const process = box.start(["sh", "-c", 'exec readproctitle "$@" <fifo', "sh", ...args]);
  return { process, input: await Deno.open(`${box.dir}/fifo`, { write: true }) };
}

toolTest("readproctitle shows its latest input", ["readproctitle"], async (box) => {
  const { process, input } = await startTitle(box, ["service", "errors:", "abcdefghijklmno"]);
  const shows = (last: string): Promise<void> =>
    box.until(
      `the title is ${last}, not ${JSON.stringify(shown(process.pid))}`,
      () => shown(process.pid) === `readproctitle\0service\0errors:\0${last}\0`,
    );
  const write = (text: string): void => void input.writeSync(latin1(text));
  await shows("...............");
  write("one\n");
  await shows("...........one\n");
  write("t\0w\xe4\0\0o");
  await shows(".......one\ntw\xe4o");
  write("0123456789".repeat(10_000));
  await shows("...890123456789");
  write("!");
  await shows("...90123456789!");
  write("\0\0");
  write("?");
  await shows("...0123456789!?");
  input.close();
  equal(await process.ended, 0);
});

toolTest("readproctitle is found by its name", ["readproctitle"], async (box) => {
  const { process, input } = await startTitle(box, ["service", "errors:", ".".repeat(400)]);
  input.writeSync(latin1("unable to start dummy/run: file does not exist\n"));
  await box.until("the text is there", () => shown(process.pid).includes("not exist"));
  const { stdout } = await box.sh(`ps -ww -o comm=,args= -p ${process.pid}`);
  match(stdout, /^readproctitle +readproctitle service errors: \.{353}unable to start dummy\/run/);
  equal(shown(process.pid).length, "readproctitle service errors: ".length + 401);
  input.close();
  equal(await process.ended, 0);
}, { programs: ["ps"] });

toolTest("readproctitle shows much too", ["readproctitle"], async (box) => {
  const { process, input } = await startTitle(box, [".".repeat(50_000)]);
  const text = Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join("");
  input.writeSync(latin1(text));
  const expected = `readproctitle\0...${text.slice(3 - 50_000)}\0`;
  await box.until("the end of it is there", () => shown(process.pid) === expected);
  input.close();
  equal(await process.ended, 0);
});
