// SPDX-License-Identifier: 0BSD
// In the manner of the regression suite of the daemontools package (rts): one script walks through every program, and its
// transcript is the same with our tools as with the C ones, in the same run.
import { ok } from "node:assert/strict";
import { COMMANDS, toolTest } from "../harness/harness.ts";
import { sameTranscript } from "../harness/transcript.ts";

const SCRIPT = Deno.readTextFileSync(new URL("daemontools.sh", import.meta.url));

toolTest("daemontools' transcript is that of the C tools", ["svscan"], async (box) => {
  const run = (folder: string, commands: string): Promise<string[]> => {
    Deno.mkdirSync(`${box.dir}/${folder}`);
    Deno.chmodSync(`${box.dir}/${folder}`, 0o755);
    return box.run(["/bin/sh", "-c", SCRIPT], {
      cwd: `${box.dir}/${folder}`,
      env: { PATH: `${commands}:${box.path}` },
    }).then(({ stdout }) => stdout.split("\n"));
  };
  const [ours, theirs] = await Promise.all([run("ours", COMMANDS), run("c", "/usr/bin")]);
  sameTranscript(ours, theirs);
  ok(theirs.length > 300, theirs.join("\n"));
  ok(!theirs.some((line) => line.includes("not within time")), theirs.join("\n"));
}, { root: true, djboxOnly: "it runs both itself", programs: ["svscan", "ps"] });
