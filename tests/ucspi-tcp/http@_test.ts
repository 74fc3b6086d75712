// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";
import { askingTests, askServer } from "../harness/ask.ts";
import { freePort, toolTest } from "../harness/harness.ts";

const HTTP = { tool: "http@", port: 80, request: "GET / HTTP/1.0\r\n" };
const TOOLS = ["http@", "tcpclient"];

askingTests(HTTP);

toolTest("http@ asks for a page, and shows its lines that are not empty", TOOLS, async (box) => {
  const answers: [string, string][] = [
    ["HTTP/1.0 200 OK\r\nA: b\r\n\r\none\r\n\r\ntwo\r\n", "one\ntwo\n"],
    ["HTTP/1.0 200 OK\n\n\n\nbody\n\n", "body\n"],
    ["HTTP/1.0 200 OK\r\n\r\nend", "end\n"],
    ["HTTP/1.0 200 OK\r\n\r\nend\r", "end\r\n"],
    ["HTTP/1.0 200 OK\r\n\r\n \n\t\n\r\r\n", " \n\t\n\r\n"],
    ["HTTP/1.0 200 OK\r\n", ""],
    ["\r\nno header\n", "no header\n"],
    ["", ""],
    [
      "a\n\n" + "x".repeat(200_000) + "\n\n\xe9\xff\x01\n",
      "x".repeat(200_000) + "\n\xe9\xff\x01\n",
    ],
  ];
  for (const [answer, shown] of answers) {
    const request = "GET /a/b.html?c HTTP/1.0\r\nHost: HOST:80\r\n\r\n";
    const { code, stdout } = await askServer(box, HTTP, ["a/b.html?c"], { request, answer });
    deepEqual([code, stdout], [0, shown]);
  }
}, { root: true });

toolTest("http@ asks another port for /", TOOLS, async (box) => {
  const port = freePort();
  const { stdout } = await askServer(box, { tool: "http@", port }, ["", String(port)], {
    request: `GET / HTTP/1.0\r\nHost: HOST:${port}\r\n\r\n`,
    answer: "\nx",
  });
  deepEqual(stdout, "x\n");
});
