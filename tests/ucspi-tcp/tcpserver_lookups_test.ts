// SPDX-License-Identifier: 0BSD

// What tcpserver finds out about its clients: DNS and IDENT. Not tested here: a name server that never answers, to
// the end (59 seconds).

import { deepEqual, equal, ok } from "node:assert/strict";
import { slow, toolTest } from "../harness/harness.ts";
import {
  A,
  type Answer,
  Client,
  CNAME,
  Listener,
  loopbackNet,
  NameServer,
  PTR,
  type Question,
  reply,
  type Resource,
  talk,
  wireAddress,
  wireName,
} from "../harness/network.ts";
import { end, has, idle, log, serve } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];

/** A DNS in which nothing is known but what `zone` says. */
function zone(known: Record<string, readonly Resource[]>): (question: Question) => Answer {
  return ({ name, type }) => {
    const records = known[name.toLowerCase()];
    return {
      records: (records ?? []).filter(([kind]) => kind === type || kind === CNAME),
      code: records === undefined ? 3 : 0,
    };
  };
}

const HOST = ["sh", "-c", `printf '%s\\n' "\${TCPREMOTEHOST-unset}"`];
const INFO = ["sh", "-c", `printf '%s\\n' "\${TCPREMOTEINFO-unset}"`];

function reverse(address: string): string {
  return address.split(".").toReversed().join(".") + ".in-addr.arpa";
}

toolTest("tcpserver asks the next server where one is dead or fails", TOOLS, async (box) => {
  const net = loopbackNet();
  const name: Resource = [PTR, wireName("Host.test")];
  await using failing = await NameServer.start(`${net}.2`, () => ({ records: [], code: 2 }));
  await using working = await NameServer.start(`${net}.3`, () => ({ records: [name] }));
  const server = await serve(box, ["-R", "-l0", "127.0.0.1", "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1.${net}.2.${net}.3` },
  });
  equal(await talk("127.0.0.1", server.port), "host.test\n");
  deepEqual([failing.questions.length, working.questions.length], [1, 1]);
  await end(server);
}, { root: true });

toolTest("tcpserver asks by TCP for an answer that was cut off", TOOLS, async (box) => {
  const net = loopbackNet();
  await using names = await NameServer.start(`${net}.1`, (question) => {
    if (question.tcp) return { records: [[PTR, wireName("long.test")]] };
    const packet = reply(question, []);
    packet[2] = 0x83;
    return { packets: [packet] };
  });
  const server = await serve(box, ["-R", "-l0", "127.0.0.1", "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  equal(await talk("127.0.0.1", server.port), "long.test\n");
  deepEqual(names.questions, [`${reverse("127.0.0.1")} 12`, `${reverse("127.0.0.1")} 12 tcp`]);
  await end(server);
}, { root: true });

toolTest("tcpserver believes no answer to another question", TOOLS, async (box) => {
  const net = loopbackNet();
  await using _names = await NameServer.start(`${net}.1`, (question) => {
    const lie = reply(question, [[PTR, wireName("liar.test")]]);
    const otherNumber = lie.slice();
    otherNumber[0] = (otherNumber[0] ?? 0) ^ 1;
    const otherName = lie.slice();
    otherName[13] = (otherName[13] ?? 0) ^ 1;
    const otherType = reply({ ...question, packet: question.packet.slice() }, []);
    otherType[otherType.length - 3] = A;
    const truth = reply(question, [[PTR, wireName("honest.test")]]);
    return {
      packets: [
        otherNumber,
        otherName,
        otherType,
        lie.slice(0, 11),
        new Uint8Array(0).slice(),
        truth,
      ]
        .filter((packet) => packet.length > 0),
    };
  });
  const server = await serve(box, ["-R", "-l0", "127.0.0.1", "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  equal(await talk("127.0.0.1", server.port), "honest.test\n");
  await end(server);
}, { root: true });

toolTest("tcpserver survives answers made to harm", TOOLS, async (box) => {
  const net = loopbackNet();
  const evil = [
    "\xc0\x2b", // points at itself
    "\xff\xff",
    "\x3fshort",
    "\x01a\xc0\x2b",
    "\0",
    "\x04a\x00b\n\0",
    `${"\x3f" + "x".repeat(63)}`.repeat(5) + "\0",
  ];
  let next = 0;
  await using _names = await NameServer.start(`${net}.1`, () => ({
    records: [[PTR, evil[next++] ?? wireName("end.test")]],
  }));
  const server = await serve(box, ["-R", "-l0", "127.0.0.1", "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  const got: string[] = [];
  for (let i = 0; i <= evil.length; i++) got.push(await talk("127.0.0.1", server.port));
  deepEqual(
    got,
    [
      ...["unset", "unset", "unset", "unset", ".", "a\\000b\\012", "unset"],
      "end.test",
    ].map((line) => line + "\n"),
  );
  await end(server);
}, { root: true });

toolTest("tcpserver -p keeps a name only if it leads back", TOOLS, async (box) => {
  const net = loopbackNet();
  const client = "127.0.0.1";
  await using names = await NameServer.start(
    `${net}.1`,
    zone({
      [reverse(client)]: [[PTR, wireName("alias.test")]],
      "alias.test": [[CNAME, wireName("real.test")], [A, wireAddress("10.0.0.1")], [
        A,
        wireAddress(client),
      ]],
    }),
  );
  const server = await serve(box, ["-p", "-R", "-l0", client, "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  equal(await talk(client, server.port), "alias.test\n");
  deepEqual(names.questions, [`${reverse(client)} 12`, "alias.test 1"]);
  equal(await talk(client, server.port, { from: `${net}.9` }), "unset\n");
  await end(server);
}, { root: true });

toolTest("tcpserver lets nobody wait for another's name server", TOOLS, async (box) => {
  const net = loopbackNet();
  let held: (() => void) | undefined;
  await using _names = await NameServer.start(`${net}.1`, ({ name }) => {
    if (name !== reverse(`${net}.8`)) return { records: [[PTR, wireName("quick.test")]] };
    held?.();
    return undefined;
  });
  const server = await serve(box, ["-v", "-R", "-l0", "0", "0", ...HOST], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  const asked = new Promise<void>((resolve) => held = resolve);
  const slow = new Client("127.0.0.1", server.port, `${net}.8`);
  await asked;
  for (let i = 0; i < 5; i++) equal(await talk("127.0.0.1", server.port), "quick.test\n");
  deepEqual(
    log(box).filter((line) => line.includes(`${net}.8`)),
    [`tcpserver: pid N from ${net}.8`],
  );
  equal(slow.received, "");
  await slow.reset();
  await end(server);
}, { root: true });

toolTest("tcpserver's child can be killed while the client is looked up", TOOLS, async (box) => {
  const net = loopbackNet();
  await using _names = await NameServer.start(`${net}.1`, () => undefined);
  const server = await serve(box, ["-v", "-c1", "-R", "-l0", "127.0.0.1", "0", "cat"], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  const client = new Client("127.0.0.1", server.port);
  await has(box, " pid ");
  const pid = Number(/ pid (\d+) /.exec(box.read("err"))?.[1]);
  Deno.kill(pid, "SIGKILL");
  await client.closed;
  await idle(box, 1);
  deepEqual(log(box).slice(-2), ["tcpserver: end N status 9", "tcpserver: status: 0/1"]);
  await end(server);
}, { root: true });

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  toolTest(
    `tcpserver takes clients that it still looks up with it: ${signal}`,
    TOOLS,
    async (box) => {
      const net = loopbackNet();
      await using _names = await NameServer.start(
        `${net}.1`,
        ({ name }) => name === reverse(`${net}.8`) ? undefined : { records: [] },
      );
      const server = await serve(box, ["-v", "-R", "-l0", "0", "0", "cat"], {
        env: { DNSCACHEIP: `${net}.1` },
      });
      const slow = new Client("127.0.0.1", server.port, `${net}.8`);
      const served = new Client("127.0.0.1", server.port);
      served.say("a");
      await box.until("an answer", () => served.received === "a");
      server.kill(signal);
      equal(await server.ended, signal === "SIGTERM" ? 0 : 137);
      await slow.closed;
      served.say("b");
      await box.until("an answer", () => served.received === "ab");
      served.end();
      await served.closed;
    },
    { root: true, djboxOnly: "C has a process for each, which goes on" },
  );
}

toolTest(
  "tcpserver takes no more than 257 bytes from IDENT, and nothing from a flood",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    let answer = "";
    await using _ident = await Listener.start(`${net}.8`, 113, (socket) => {
      socket.once("data", () => {
        const send = (): void => {
          while (answer === "flood" && socket.writable && socket.write("x".repeat(65536)));
        };
        if (answer === "flood") {
          socket.on("drain", send);
          return send();
        }
        socket.end(answer);
      });
    });
    const server = await serve(box, ["-H", "-t", "1", "-l0", "0", "0", ...INFO]);
    const ask = (text: string): Promise<string> => {
      answer = text;
      return talk("127.0.0.1", server.port, { from: `${net}.8` });
    };
    equal(await ask(":::" + "y".repeat(300) + "\n"), "y".repeat(257) + "\n");
    equal(await ask(":::joe\0x\n"), "joe\n");
    equal(await ask(":::joe"), "unset\n");
    equal(await ask(""), "unset\n");
    equal(await ask("flood"), "unset\n");
    await end(server);
  },
  { root: true },
);

for (const [manner, bytes] of [["not for each byte", "1"], ["where nothing comes", ""]] as const) {
  toolTest(`tcpserver gives IDENT the time of -t as a whole, ${manner}`, TOOLS, async (box) => {
    const net = loopbackNet();
    await using _ident = await Listener.start(`${net}.8`, 113, (socket) => {
      const timer = setInterval(() => socket.write(bytes), 100);
      socket.on("close", () => clearInterval(timer));
      socket.resume();
    });
    const server = await serve(box, ["-H", "-t", "1", "-l0", "0", "0", ...INFO]);
    const before = performance.now();
    equal(await talk("127.0.0.1", server.port, { from: `${net}.8` }), "unset\n");
    const took = performance.now() - before;
    ok(took > 900 && took < slow(5000), `${took} ms`);
    await end(server);
  }, { root: true });
}

toolTest("tcpserver lives when somebody kills what waits for an answer", TOOLS, async (box) => {
  const net = loopbackNet();
  await using _silent = await NameServer.start(`${net}.1`, () => ({ packets: [] }));
  const server = await serve(box, ["-v", "-R", "-l0", "127.0.0.1", "0", "echo", "hello"], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  const signals = { SIGSEGV: 11, SIGBUS: 7 } as const;
  for (const name of ["SIGSEGV", "SIGBUS", "SIGSEGV", "SIGBUS"] as const) {
    const client = new Client("127.0.0.1", server.port);
    const started = /tcpserver: pid (\d+) from [0-9.]+\n$/;
    await box.until("it is taken in", () => started.test(box.read("err")));
    const pid = Number(started.exec(box.read("err"))?.[1]);
    Deno.kill(pid, name);
    await client.closed;
    await has(box, `tcpserver: end ${pid} status ${signals[name]}\n`);
  }
  await end(server);
}, { root: true });
