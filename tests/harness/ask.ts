// SPDX-License-Identifier: 0BSD
/**
 * What who@, date@, finger@ and http@ have in common: tests for the tools that ask a server and show its answer.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { type Box, fromLatin1, latin1, type Result, toolTest } from "./harness.ts";
import { Listener, loopbackNet } from "./network.ts";

/** A tool under test. */
export interface AskingTool {
  readonly tool: string;
  readonly port: number;
  /** What it sends without further arguments. */
  readonly request: string;
}

/** Runs `tool HOST ARGS...` against a server at `port` that sends `answer` when all of `request` has come. */
export async function askServer(
  box: Box,
  { tool, port }: Pick<AskingTool, "tool" | "port">,
  args: readonly string[],
  { request = "", answer }: { request?: string; answer: string },
): Promise<Result> {
  const host = `${loopbackNet()}.1`;
  const expected = request.replaceAll("HOST", host);
  let received = "";
  await using _server = await Listener.start(host, port, (socket) => {
    const reply = (): void => {
      if (received.length >= expected.length) socket.end(latin1(answer));
    };
    socket.on("data", (data: Uint8Array) => {
      received += fromLatin1(data);
      reply();
    });
    reply();
  });
  const result = await box.run([tool, host, ...args]);
  equal(received, expected);
  return result;
}

/** Declares the tests. */
export function askingTests(asking: AskingTool): void {
  const { tool, port, request } = asking;
  const tools = [tool, "tcpclient"];

  toolTest(`${tool} exits 0 even where nobody answers`, tools, async (box) => {
    const host = `${loopbackNet()}.1`;
    deepEqual(await box.run([tool, host]), {
      code: 0,
      stdout: "",
      stderr: `tcpclient: unable to connect to ${host} port ${port}: connection refused\n`,
    });
    await using _server = await Listener.start(host, port, (socket) => {
      // Not at once: the connection would be refused.
      if (request === "") socket.end();
      else socket.on("data", () => socket.resetAndDestroy());
    });
    const { code, stdout, stderr } = await box.run([tool, host]);
    deepEqual([code, stdout, stderr], [0, "", ""]);
  }, { root: true });

  toolTest(`${tool} fails where it has no output`, tools, async (box) => {
    const host = `${loopbackNet()}.1`;
    await using _server = await Listener.start(host, port, (socket) => {
      const answer = (): void => void socket.end("200 OK\r\n\r\n" + "hello\r\n".repeat(100));
      if (request === "") answer();
      else socket.once("data", answer);
    });
    await box.sh(`${tool} ${host} >&-; echo $? >code`);
    equal(Number(box.read("code")) > 0, true);
  }, { root: true });

  toolTest(`${tool} dies of SIGPIPE where nobody looks`, tools, async (box) => {
    const host = `${loopbackNet()}.1`;
    await using _server = await Listener.start(host, port, (socket) => {
      const text = "\n" + "text\n".repeat(1000);
      const send = (): void => void (socket.writable && socket.write(text, () => setTimeout(send)));
      send();
    });
    await box.sh(`(${tool} ${host}; echo $? >code) | head -n 1`);
    equal(box.read("code"), "141\n");
  }, { root: true });
}

/** Tests for those that make an answer visible. */
export function visibleTests(asking: AskingTool): void {
  const { tool, request } = asking;

  toolTest(`${tool} makes visible what a terminal must not get`, [tool], async (box) => {
    const anything = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
    const answer = anything + "\r\n\r\r\n" + "x".repeat(100_000) + "\r\nend\r";
    const { code, stdout } = await askServer(box, asking, [], { request, answer });
    box.write("answer", answer.replaceAll("\r\n", "\n"));
    const expected = await box.sh("cat -v answer");
    equal(code, 0);
    equal(stdout, expected.stdout);
  }, { root: true });
}
