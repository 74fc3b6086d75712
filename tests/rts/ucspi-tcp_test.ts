// SPDX-License-Identifier: 0BSD
// In the manner of the regression suite of the ucspi-tcp package (rts): one script walks through every program, and its
// transcript is the same for our servers and clients as for the C ones, and for either with the other's.
import { ok } from "node:assert/strict";
import { COMMANDS, toolTest } from "../harness/harness.ts";
import { sameTranscript } from "../harness/transcript.ts";

const SCRIPT = Deno.readTextFileSync(new URL("ucspi-tcp.sh", import.meta.url));
const NAMESPACES = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
const C = "/usr/bin";
const PAIRS = [["C", C, "C", C], ["ours", COMMANDS, "ours", COMMANDS], ["ours", COMMANDS, "C", C], [
  "C",
  C,
  "ours",
  COMMANDS,
]] as const;

toolTest("ucspi-tcp's transcript is that of the C tools", ["tcpserver"], async (box) => {
  const run = async (
    [serving, servers, connecting, clients]: typeof PAIRS[number],
  ): Promise<string[]> => {
    const folder = `${box.dir}/${serving}-${connecting}`;
    Deno.mkdirSync(folder);
    Deno.chmodSync(folder, 0o777);
    const { stdout } = await box.run(
      [...NAMESPACES, "/bin/sh", "-c", SCRIPT, "sh", servers, clients],
      { cwd: folder },
    );
    return stdout.split("\n");
  };
  const [theirs = [], ...others] = await Promise.all(PAIRS.map(run));
  for (const [index, transcript] of others.entries()) {
    sameTranscript(transcript, theirs, PAIRS[index + 1]?.join(" "));
  }
  ok(theirs.length > 250, theirs.join("\n"));
  ok(!theirs.some((line) => line.includes("not within time")), theirs.join("\n"));
}, {
  root: true,
  djboxOnly: "it runs both itself",
  programs: ["tcpserver", "unshare", "ip", "ss", "perl"],
});
