// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";
import { askingTests, askServer, visibleTests } from "../harness/ask.ts";
import { fromLatin1, toolTest } from "../harness/harness.ts";

const FINGER = { tool: "finger@", port: 79, request: "\r\n" };
const TOOLS = ["finger@", "tcpclient"];

askingTests(FINGER);
visibleTests(FINGER);

toolTest("finger@ sends the user and CR LF", TOOLS, async (box) => {
  for (const user of ["joe", "", "two words", "caf\xe9", "two\nlines", "x".repeat(100_000)]) {
    const { code, stdout } = await askServer(box, FINGER, [user], {
      request: fromLatin1(new TextEncoder().encode(user))
        .replaceAll("\n", "\r\n") + "\r\n",
      answer: "Login: x\r\n",
    });
    deepEqual([code, stdout], [0, "Login: x\n"]);
  }
}, { root: true });

toolTest("finger@ sends a backslash as it is", TOOLS, async (box) => {
  const request = "a\\nb\r\n";
  const { stdout } = await askServer(box, FINGER, ["a\\nb"], { request, answer: "x" });
  deepEqual(stdout, "x");
}, { root: true, djboxOnly: "the C package leaves it to the shell's echo" });
