// SPDX-License-Identifier: 0BSD

// Name servers that lie, and people who answer in their place. What is in an answer is the subject of
// lib/net/dns_packet_test.ts; more lies are in tcpserver_lookups_test.ts. Not tested here: answers from elsewhere that arrive
// before the kernel knows where the socket leads (connect(2) comes before the question).

import { createSocket } from "node:dgram";
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import {
  A,
  type Answer,
  CNAME,
  loopbackNet,
  NameServer,
  PTR,
  type Question,
  reply,
  type Resource,
  talk,
  TXT,
  wireAddress,
  wireName,
} from "../harness/network.ts";
import { end, serve } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];
const HOST = ["sh", "-c", 'echo "${TCPREMOTEHOST-unset}"'];

/** What a tcpserver finds out about so many clients with this name server. */
async function namesFound(box: Box, address: string, clients = 1): Promise<string[]> {
  const server = await serve(box, ["-R", "-l0", "127.0.0.1", "0", ...HOST], {
    env: { DNSCACHEIP: address },
  });
  const found: string[] = [];
  for (let i = 0; i < clients; i++) found.push(await talk("127.0.0.1", server.port));
  await end(server);
  return found.map((line) => line.trimEnd());
}

const LIAR: Resource = [PTR, wireName("liar.test")];
const HONEST: Resource = [PTR, wireName("honest.test")];

toolTest("DNS: numbers and ports of questions are no row", TOOLS, async (box) => {
  const net = loopbackNet();
  const ids: number[] = [];
  const ports: number[] = [];
  await using _names = await NameServer.start(`${net}.1`, ({ packet, from }) => {
    ids.push((packet[0] ?? 0) * 256 + (packet[1] ?? 0));
    ports.push(from?.port ?? 0);
    return { records: [HONEST] };
  });
  await namesFound(box, `${net}.1`, 60);
  for (const numbers of [ids, ports]) {
    equal(numbers.length, 60);
    const steps = numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0));
    // By chance this fails once in a great many lives of this test.
    ok(new Set(numbers).size > 50, numbers.join());
    ok(new Set(steps).size > 50, numbers.join());
    ok(Math.max(...numbers) > 40_000 && Math.min(...numbers) < 25_000, numbers.join());
  }
}, {
  root: true,
  djboxOnly: "C's tcpserver asks each of its clients' questions with the same numbers",
});

toolTest("DNS: nobody else can answer, from another address or port", TOOLS, async (box) => {
  const net = loopbackNet();
  const others = [[`${net}.2`, 53], [`${net}.1`, 5353]] as const;
  const sockets = await Promise.all(others.map(async ([address, port]) => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
    return socket;
  }));
  await using names = await NameServer.start(`${net}.1`, (question) => {
    void (async (): Promise<void> => {
      const { from = { address: "", port: 0 } } = question;
      for (const socket of sockets) {
        const sent = (resolve: () => void): void =>
          socket.send(reply(question, [LIAR]), from.port, from.address, () => resolve());
        await new Promise<void>(sent);
      }
      names.send(reply(question, [HONEST]), from);
    })();
    return undefined;
  });
  deepEqual(await namesFound(box, `${net}.1`, 5), Array(5).fill("honest.test"));
  for (const socket of sockets) socket.close();
}, { root: true });

toolTest("DNS: a thousand guesses do no harm", TOOLS, async (box) => {
  const net = loopbackNet();
  await using _names = await NameServer.start(`${net}.1`, (question) => {
    const lie = reply(question, [LIAR]);
    const id = (lie[0] ?? 0) * 256 + (lie[1] ?? 0);
    const guesses = Array.from({ length: 1000 }, (_, i) => {
      const guess = lie.slice(0, 60);
      guess.set([((id + i + 1) >> 8) & 255, (id + i + 1) & 255]);
      return guess;
    });
    return { packets: [...guesses, reply(question, [HONEST])] };
  });
  deepEqual(await namesFound(box, `${net}.1`), ["honest.test"]);
}, { root: true });

toolTest("DNS: a datagram that is too long, empty, or loops is no answer", TOOLS, async (box) => {
  const net = loopbackNet();
  await using _names = await NameServer.start(`${net}.1`, (question) => {
    const lie = reply(question, [LIAR]);
    const looping = lie.slice();
    looping.set([0xc0, 0x0c], 12);
    const backwards = lie.slice();
    backwards.set([0xc0, 0x0e, 0xc0, 0x0c], 12);
    const long = [513, 1400, 60_000].map((size) => new Uint8Array([...lie, ...Array(size)]));
    return { packets: [looping, backwards, ...long, reply(question, [HONEST])] };
  });
  deepEqual(await namesFound(box, `${net}.1`), ["honest.test"]);
}, { root: true });

toolTest(
  "DNS: the name behind a chain of aliases counts, a chain alone has none",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    const links = Array.from({ length: 12 }, (_, i): Resource => [CNAME, wireName(`c${i}.test`)]);
    const around: Resource[] = [[CNAME, "\xc0\x0c"], [CNAME, wireName("a.test")]];
    const answers = [[...links, HONEST], links, [...around, ...around], [HONEST, LIAR]];
    await using _names = await NameServer.start(`${net}.1`, () => ({
      records: answers.shift() ?? [],
    }));
    deepEqual(
      await namesFound(box, `${net}.1`, 5),
      ["honest.test", "unset", "unset", "honest.test", "unset"],
    );
  },
  { root: true },
);

/** A message as it travels by TCP. */
function message(packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array([packet.length >> 8, packet.length & 255, ...packet]);
}

/** An answer of 65535 bytes, with the name at its end. */
function enormous(question: Question): Uint8Array<ArrayBuffer> {
  const fill: Resource = [TXT, "x".repeat(988)];
  const records: Resource[] = Array(65).fill(fill);
  const rest = 65535 - reply(question, [...records, [TXT, ""], HONEST]).length;
  return reply(question, [...records, [TXT, "y".repeat(rest)], HONEST]);
}

/** What comes by TCP, and the name that is found in it. */
const BY_TCP: readonly (readonly [(question: Question) => Answer, string])[] = [
  [(question): Answer => ({
    pieces: Array.from(message(reply(question, [HONEST])), (byte) => new Uint8Array([byte])),
  }), "honest.test"],
  [(question): Answer => ({ pieces: [message(enormous(question))] }), "honest.test"],
  [(): Answer => ({ pieces: [] }), "unset"],
  [(): Answer => ({ pieces: [new Uint8Array([0])] }), "unset"],
  [(): Answer => ({ pieces: [new Uint8Array([0, 0])] }), "unset"],
  // It says that more will come than does.
  [(question): Answer => ({ pieces: [message(reply(question, [LIAR])).with(0, 255)] }), "unset"],
  // What is behind the message does not count.
  [(question): Answer => ({
    pieces: [message(reply(question, [HONEST])), message(reply(question, [LIAR]))],
  }), "honest.test"],
  [
    (question): Answer => ({ pieces: [message(reply(question, [LIAR]).with(0, 77).with(1, 77))] }),
    "unset",
  ],
  [(question): Answer => ({ pieces: [message(reply(question, [LIAR]).with(2, 0x83))] }), "unset"],
  [(question): Answer => ({ pieces: [message(reply(question, [LIAR]).with(3, 0x82))] }), "unset"],
];

toolTest("DNS: by TCP the whole message counts, and nothing else", TOOLS, async (box) => {
  const net = loopbackNet();
  let next: ((question: Question) => Answer) | undefined;
  const rest = [...BY_TCP];
  await using _names = await NameServer.start(`${net}.1`, (question) => {
    if (question.tcp) return next?.(question);
    next = rest.shift()?.[0];
    return { packets: [reply(question, []).with(2, 0x83)] };
  });
  deepEqual(await namesFound(box, `${net}.1`, BY_TCP.length), BY_TCP.map(([, name]) => name));
}, { root: true });

toolTest(
  "DNS: addresses are what a name has, whatever else is answered",
  ["tcpclient"],
  async (box) => {
    const net = loopbackNet();
    await using _names = await NameServer.start(`${net}.1`, ({ name }) => ({
      records: name === "none.test" ? [[TXT, wireAddress("127.0.0.1")], [A, "\x7f\0\0"]] : [
        [A, "\x7f\0\0"],
        [A, "\x7f\0\0\x01\x02"],
        [PTR, wireAddress("127.0.0.9")],
        [CNAME, "\xc0\x0c"],
        ...Array(20).fill([A, wireAddress("127.0.0.1")]),
      ],
    }));
    const connect = async (host: string): Promise<[number, string]> => {
      const { code, stderr } = await box.run(["tcpclient", "-RHl0", host, "1", "true"], {
        env: { DNSCACHEIP: `${net}.1`, DNSREWRITEFILE: "/dev/null", LOCALDOMAIN: "" },
      });
      return [code, stderr];
    };
    const [code, stderr] = await connect("some.test");
    equal(code, 111);
    ok(stderr.includes("127.0.0.1 port 1: connection refused"), stderr);
    deepEqual(await connect("none.test"), [
      111,
      "tcpclient: fatal: no IP address for none.test\n",
    ]);
  },
  { root: true },
);

toolTest(
  "DNS: tcpclient tells a failure by TCP from what is no answer",
  ["tcpclient"],
  async (box) => {
    const net = loopbackNet();
    const changes: Readonly<Record<string, readonly [at: number, byte: number]>> = {
      "number.test": [0, 0],
      "cut.test": [2, 0x83],
      "failure.test": [3, 0x82],
    };
    await using _names = await NameServer.start(`${net}.1`, (question) => {
      if (!question.tcp) return { packets: [reply(question, []).with(2, 0x83)] };
      const packet = reply(question, [[A, wireAddress("127.0.0.1")]]);
      const [at, byte] = changes[question.name] ?? [0, 0];
      return { packets: [packet.with(at, at === 0 ? (packet[0] ?? 0) ^ 1 : byte)] };
    });
    const reasons: string[] = [];
    for (const host of Object.keys(changes)) {
      const { stderr } = await box.run(["tcpclient", "-RHl0", host, "1", "true"], {
        env: { DNSCACHEIP: `${net}.1`, DNSREWRITEFILE: "/dev/null", LOCALDOMAIN: "" },
      });
      reasons.push(stderr.slice(stderr.lastIndexOf(": ") + 2).trimEnd());
    }
    deepEqual(reasons, ["input/output error", "input/output error", "temporary failure"]);
  },
  { root: true },
);

toolTest("DNS: addresses count before a record that is cut off", ["tcpclient"], async (box) => {
  const net = loopbackNet();
  const RRSIG = 46;
  await using _names = await NameServer.start(`${net}.1`, (question) => ({
    packets: [
      reply(question, [[A, wireAddress("127.0.0.1")], [RRSIG, "signature"]]).slice(0, -3),
    ],
  }));
  const { stderr } = await box.run(["tcpclient", "-RHl0", "some.test", "1", "true"], {
    env: { DNSCACHEIP: `${net}.1`, DNSREWRITEFILE: "/dev/null", LOCALDOMAIN: "" },
  });
  equal(stderr, "tcpclient: unable to connect to 127.0.0.1 port 1: connection refused\n");
}, { root: true });
