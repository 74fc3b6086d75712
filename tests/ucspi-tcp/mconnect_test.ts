// SPDX-License-Identifier: 0BSD

// Not tested here: the default host and port 25.

import { deepEqual, equal } from "node:assert/strict";
import { freePort, toolTest } from "../harness/harness.ts";
import { Listener } from "../harness/network.ts";

const TOOLS = ["mconnect", "mconnect-io", "tcpclient"];

toolTest("mconnect is a conversation, lines out with CR", TOOLS, async (box) => {
  let received = "";
  await using server = await Listener.start("127.0.0.1", 0, (socket) => {
    socket.write("220 hello\r\n");
    socket.on("data", (data: Uint8Array) => {
      received += new TextDecoder().decode(data);
      if (received.endsWith("QUIT\r\n")) socket.end("221 bye\n");
    });
  });
  const { code, stdout, stderr } = await box.run(["mconnect", "127.0.0.1", String(server.port)], {
    stdin: "HELO x\nQUIT\n",
  });
  deepEqual([code, stdout, stderr], [0, "220 hello\r\n221 bye\n", ""]);
  equal(received, "HELO x\r\nQUIT\r\n");
});

toolTest("mconnect passes megabytes in both directions at once", TOOLS, async (box) => {
  const size = 3_000_000;
  let received = 0;
  await using server = await Listener.start("127.0.0.1", 0, (socket) => {
    socket.write(new Uint8Array(size).fill(120));
    socket.on("data", (data: Uint8Array) => {
      received += data.length;
      if (received === size) socket.end();
    });
  });
  const { code, stdout } = await box.run(["mconnect", "127.0.0.1", String(server.port)], {
    stdin: new Uint8Array(size).fill(121),
  });
  deepEqual([code, stdout.length, received], [0, size, size]);
});

toolTest("mconnect ends with 0 where the server breaks the connection", TOOLS, async (box) => {
  await using server = await Listener.start("127.0.0.1", 0, (socket) => {
    socket.on("data", () => socket.resetAndDestroy());
  });
  const { code } = await box.sh(`mkfifo in; echo >in & mconnect 127.0.0.1 ${server.port} <>in`);
  equal(code, 0);
});

toolTest("mconnect ends with 111 where there is no server", TOOLS, async (box) => {
  const port = String(freePort());
  deepEqual(await box.run(["mconnect", "0", port]), {
    code: 111,
    stdout: "",
    stderr: `tcpclient: unable to connect to 127.0.0.1 port ${port}: connection refused\n`,
  });
  deepEqual(await box.run(["mconnect", "-v", "no-such-service"]), {
    code: 111,
    stdout: "",
    stderr: "tcpclient: fatal: unable to figure out port number for no-such-service\n",
  });
});
