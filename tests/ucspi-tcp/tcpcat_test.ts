// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { freePort, latin1, toolTest } from "../harness/harness.ts";
import { Listener, loopbackNet } from "../harness/network.ts";
import { Random } from "../harness/random.ts";

const TOOLS = ["tcpcat", "tcpclient"];

toolTest("tcpcat prints all that comes as it is", TOOLS, async (box) => {
  const anything = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  const text = new Random(1).text(1_000_000, anything);
  await using server = await Listener.start("127.0.0.1", 0, (socket) => socket.end(latin1(text)));
  const { code, stdout } = await box.run(["tcpcat", "127.0.0.1", String(server.port)]);
  equal(code, 0);
  equal(stdout === text, true);
});

toolTest("tcpcat asks port 17 by itself, and sends nothing", TOOLS, async (box) => {
  const host = `${loopbackNet()}.1`;
  let received = "";
  await using _server = await Listener.start(host, 17, (socket) => {
    socket.on("data", (data: Uint8Array) => received += data.length);
    socket.on("end", () => socket.end());
    socket.write("quote");
    setTimeout(() => socket.end(), 50);
  });
  const { code, stdout } = await box.run(["tcpcat", host], { stdin: "not for the server\n" });
  deepEqual([code, stdout, received], [0, "quote", ""]);
}, { root: true });

toolTest("tcpcat ends with 111 where there is no server", TOOLS, async (box) => {
  const port = String(freePort());
  deepEqual(await box.run(["tcpcat", "", port]), {
    code: 111,
    stdout: "",
    stderr: `tcpclient: unable to connect to 127.0.0.1 port ${port}: connection refused\n`,
  });
});
