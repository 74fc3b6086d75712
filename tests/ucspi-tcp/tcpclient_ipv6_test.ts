// SPDX-License-Identifier: 0BSD

// tcpclient, and the tools that connect with it, by IPv6 in the manner of ucspi-tcp-ipv6. Not tested: link-local
// addresses, for which no interface can be counted on.

import { deepEqual, equal } from "node:assert/strict";
import { type Box, type Needs, toolTest } from "../harness/harness.ts";
import {
  A,
  AAAA,
  type Answer,
  Listener,
  loopbackNet,
  NameServer,
  PTR,
  type Question,
  reply,
  wireAddress,
  wireIpv6,
  wireName,
} from "../harness/network.ts";

const TOOLS = ["tcpclient"];
const OURS: Needs = { djboxOnly: "ucspi-tcp-0.88 has no IPv6" };
const OURS_AS_ROOT: Needs = { ...OURS, root: true };
const SHOW = ["sh", "-c", 'echo "$PROTO $TCPLOCALIP $TCPREMOTEIP"; cat <&6'];
const ONE = "0:0:0:0:0:0:0:1";

function greeter(host: string, port = 0): Promise<Listener> {
  return Listener.start(host, port, (socket) => {
    socket.end("hello\n");
    socket.resume();
  });
}

/** What a program of `tcpclient ARGS PORT` says, or tcpclient itself. */
async function connect(
  box: Box,
  args: readonly string[],
  port: number,
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout, stderr } = await box.run(
    ["tcpclient", "-RHl0", ...args, String(port), ...SHOW],
    { env },
  );
  return stdout + stderr.replaceAll(`port ${port}`, "port N");
}

const REFUSED = "connection refused\n";
const CASES: readonly (readonly [args: string, said: string])[] = [
  ["::1", "TCP6 ::1 ::1\nhello\n"],
  ["0:0::0:01", "TCP6 ::1 ::1\nhello\n"],
  ["-6 0", "TCP6 ::1 ::1\nhello\n"],
  ["-I lo 0", "TCP6 ::1 ::1\nhello\n"],
  ["-i ::1 0", "TCP6 ::1 ::1\nhello\n"],
  ["-i ::1 ::1", "TCP6 ::1 ::1\nhello\n"],
  ["0", `tcpclient: unable to connect to 127.0.0.1 port N: ${REFUSED}`],
  ["-4 0", `tcpclient: unable to connect to 127.0.0.1 port N: ${REFUSED}`],
  ["-6 127.0.0.1", `tcpclient: unable to connect to 127.0.0.1 port N: ${REFUSED}`],
  ["::ffff:127.0.0.1", `tcpclient: unable to connect to 127.0.0.1 port N: ${REFUSED}`],
  ["-4 ::1", "tcpclient: unable to connect to ::1 port N: address family not supported\n"],
  ["fe80::1", "tcpclient: unable to connect to fe80::1 port N: invalid argument\n"],
  ["-i ::1 127.0.0.1", "tcpclient: fatal: unable to bind socket: address family not supported\n"],
  ["-i 2001:db8::1 ::1", "tcpclient: fatal: unable to bind socket: address not available\n"],
];

toolTest("tcpclient connects by IPv6 where that is asked for", TOOLS, async (box) => {
  await using server = await greeter("::1");
  for (const [args, said] of CASES) {
    equal(await connect(box, args.split(" "), server.port), said, args);
  }
}, OURS);

toolTest("tcpclient -6 shows IPv4 addresses as IPv6's", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1");
  const mapped = "::ffff:127.0.0.1";
  equal(await connect(box, ["-6", "127.0.0.1"], server.port), `TCP6 ${mapped} ${mapped}\nhello\n`);
  equal(
    await connect(box, ["-6v", "-i", "::", "127.0.0.1"], server.port),
    `TCP6 ${mapped} ${mapped}\nhello\ntcpclient: connected to ${mapped} port N\n`,
  );
  equal(await connect(box, [mapped], server.port), "TCP 127.0.0.1 127.0.0.1\nhello\n");
  equal(await connect(box, ["-4", "0"], server.port), "TCP 127.0.0.1 127.0.0.1\nhello\n");
}, OURS);

toolTest("tcpclient tries a name's IPv6 addresses before its IPv4 ones", TOOLS, async (box) => {
  const net = loopbackNet();
  const zone = (question: Question): Answer => {
    const { name, type } = question;
    if (name === "broken.test" && type === AAAA) {
      return { packets: [reply(question, [[AAAA, "cut off"]]).slice(0, -1)] };
    }
    if (name === "nothing.test") return { records: [], code: 3 };
    return {
      records: type === AAAA
        ? name === "old.test" ? [] : [[AAAA, wireIpv6(ONE)]]
        : name === "new.test"
        ? []
        : [[A, wireAddress(`${net}.2`)]],
    };
  };
  await using names = await NameServer.start(`${net}.9`, zone);
  const env = { DNSCACHEIP: `${net}.9` };
  await using server = await greeter(`${net}.2`);
  const ask = (...args: string[]): Promise<string> => connect(box, args, server.port, env);
  const failed = "tcpclient: unable to connect to ::1 port N: connection refused\n";
  // Our own address may be any of 127.
  const heard = (text: string): string => text.replace(/127\.\d+\.\d+\.\d+ 127/, "X 127");
  equal(heard(await ask("-6", "both.test")).includes("TCP6 ::ffff:"), true);
  equal(
    heard(await ask("-I", "lo", "both.test")),
    `TCP X ${net}.2\nhello\n${failed}`,
  );
  equal(heard(await ask("-I", "lo", "old.test")), `TCP X ${net}.2\nhello\n`);
  equal(heard(await ask("-I", "lo", "broken.test")), `TCP X ${net}.2\nhello\n`);
  equal(await ask("-I", "lo", "new.test"), failed);
  equal(heard(await ask("-i", `${net}.3`, "-I", "lo", "both.test")), `TCP X ${net}.2\nhello\n`);
  equal(heard(await ask("-4", "both.test")), `TCP X ${net}.2\nhello\n`);
  equal(await ask("-6", "nothing.test"), "tcpclient: fatal: no IP address for nothing.test\n");
  names.questions.length = 0;
  equal(heard(await ask("both.test")), `TCP X ${net}.2\nhello\n`);
  equal(await ask("new.test"), "tcpclient: fatal: no IP address for new.test\n");
  deepEqual(names.questions, ["both.test 1", "new.test 1"]);
}, OURS_AS_ROOT);

toolTest("tcpclient finds the name of an IPv6 address", TOOLS, async (box) => {
  const net = loopbackNet();
  await using names = await NameServer.start(
    `${net}.9`,
    () => ({ records: [[PTR, wireName("v6.test")]] }),
  );
  await using server = await greeter("::1");
  const { stdout } = await box.run(
    [
      "tcpclient",
      "-R",
      "::1",
      String(server.port),
      "sh",
      "-c",
      "echo $TCPLOCALHOST $TCPREMOTEHOST",
    ],
    { env: { DNSCACHEIP: `${net}.9` } },
  );
  equal(stdout, "v6.test v6.test\n");
  equal(names.questions[0], `1${".0".repeat(31)}.ip6.arpa 12`);
}, OURS_AS_ROOT);

toolTest(
  "the tools that connect take IPv6 addresses",
  ["tcpcat", "mconnect", "http@"],
  async (box) => {
    await using server = await greeter("::1");
    const port = String(server.port);
    equal((await box.run(["tcpcat", "::1", port])).stdout, "hello\n");
    equal((await box.run(["mconnect", "::1", port], { stdin: "x\n" })).stdout, "hello\n");
    let request = "";
    await using web = await Listener.start("::1", 0, (socket) => {
      socket.on("data", (data: Uint8Array) => {
        request += new TextDecoder().decode(data);
        if (request.includes("\r\n\r\n")) socket.end("HTTP/1.0 200 OK\r\n\r\npage\r\n");
      });
    });
    equal((await box.run(["http@", "::1", "", String(web.port)])).stdout, "page\n");
    equal(request, `GET / HTTP/1.0\r\nHost: [::1]:${web.port}\r\n\r\n`);
  },
  OURS,
);
