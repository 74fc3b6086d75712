// SPDX-License-Identifier: 0BSD

// Beyond the cases of the conformance suite. Not tested here: IP options; a name server that never answers, to
// the end (59 seconds); ENFILE; fork failing.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, freePort, type Started, toolTest } from "../harness/harness.ts";
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

const TOOLS = ["tcpserver"];

/** A tcpserver that prints its port; its messages are in `err`. */
interface Server extends Started {
  readonly port: number;
}

async function serve(
  box: Box,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly shell?: string } = {},
): Promise<Server> {
  const command = ["tcpserver", "-1", ...args];
  const started = options.shell === undefined
    ? box.start(command, options)
    : box.start(["/bin/sh", "-c", options.shell, "sh", ...command], options);
  await box.until("the port is printed", () => box.read("out").includes("\n"));
  return { ...started, port: Number(box.read("out")) };
}

/** Waits until the log shows so many ended connections, and none open. */
async function idle(box: Box, ended: number): Promise<void> {
  await box.until(`${ended} connections have ended`, () => {
    const lines = box.read("err").trimEnd().split("\n");
    return lines.filter((line) => line.includes(" end ")).length >= ended &&
      (lines.at(-1) ?? "").includes(" status: 0/");
  });
}

/** The log with pids and ports hidden. */
function log(box: Box): string[] {
  return box.read("err").trimEnd().split("\n").map((line) =>
    line.replace(/\b(pid|ok|deny|end) \d+/, "$1 N").replace(/:\d+$/, ":R").replace(/:\d+ /, ":L ")
  );
}

function has(box: Box, text: string): Promise<void> {
  return box.until(`the log has ${text}`, () => box.read("err").includes(text));
}

async function end(server: Server): Promise<void> {
  server.kill("SIGTERM");
  equal(await server.ended, 0);
}

const QUIET = ["-v", "-RHl0", "127.0.0.1", "0"];

toolTest("tcpserver takes a port without digits for 0", TOOLS, async (box) => {
  const server = box.start(["tcpserver", "-1", "-RHl0", "127.0.0.1", "", "true"]);
  await box.until("the port is printed", () => /^[1-9]\d*\n$/.test(box.read("out")));
  server.kill();
  equal(await server.ended, 0);
});

toolTest("tcpserver -q says nothing, but what is wrong with options", TOOLS, async (box) => {
  deepEqual(await box.run(["tcpserver", "-q", "0", "0"]), { code: 100, stdout: "", stderr: "" });
  deepEqual(await box.run(["tcpserver", "-q", "0", "12x"]), { code: 111, stdout: "", stderr: "" });
  ok((await box.run(["tcpserver", "-qZ"])).stderr.startsWith("tcpserver: illegal option -- Z\n"));
});

toolTest("tcpserver cuts fields of the log at 100 bytes and hides odd ones", TOOLS, async (box) => {
  for (const [i, name] of ["x".repeat(99), "x".repeat(100), "a:b c\x7f"].entries()) {
    const server = await serve(box, ["-v", "-RHl", name, "127.0.0.1", "0", "true"]);
    await talk("127.0.0.1", server.port);
    await idle(box, i + 1);
    await end(server);
    box.write("out", "");
  }
  deepEqual(log(box).filter((line) => line.includes(" ok ")), [
    `tcpserver: ok N ${"x".repeat(99)}:127.0.0.1:L :127.0.0.1::R`,
    `tcpserver: ok N ${"x".repeat(100)}...:127.0.0.1:L :127.0.0.1::R`,
    "tcpserver: ok N a?b?c?:127.0.0.1:L :127.0.0.1::R",
  ]);
});

toolTest(
  "tcpserver puts its variables behind the others, and the last one into the gap of one it removes",
  TOOLS,
  async (box) => {
    const server = await serve(box, [...QUIET, "cat", "/proc/self/environ"], {
      shell: 'exec env - A=1 TCPREMOTEHOST=x B=2 TCPLOCALIP=x C=3 PATH="$PATH" "$@"',
    });
    const lines = (await talk("127.0.0.1", server.port)).split("\0").slice(0, -1);
    deepEqual(lines.map((line) => line.replace(/^PATH=.*/, "PATH").replace(/PORT=.*/, "PORT=N")), [
      "A=1",
      "TCPREMOTEPORT=N",
      "B=2",
      "PROTO=TCP",
      "C=3",
      "PATH",
      "TCPLOCALIP=127.0.0.1",
      "TCPLOCALPORT=N",
      "TCPLOCALHOST=0",
      "TCPREMOTEIP=127.0.0.1",
    ]);
    await end(server);
  },
);

toolTest(
  "tcpserver looks for the program in its own PATH, whatever the rules set",
  ["tcpserver", "tcprules"],
  async (box) => {
    await box.sh(`printf ':allow,PATH="/nowhere",X="1",TCPREMOTEIP="x",X="2"\\n' | tcprules r t`);
    const program = ["sh", "-c", 'echo "$PATH $X $TCPREMOTEIP"'];
    const server = await serve(box, ["-x", "r", ...QUIET, ...program]);
    equal(await talk("127.0.0.1", server.port), "/nowhere 2 x\n");
    await end(server);
  },
);

toolTest("tcpserver says ok before the program can say anything", TOOLS, async (box) => {
  const server = await serve(box, ["-b99", ...QUIET, "sh", "-c", "echo hello >&2"]);
  const count = 40;
  await Promise.all(Array.from({ length: count }, () => talk("127.0.0.1", server.port)));
  await idle(box, count);
  let ready = 0;
  for (const line of log(box)) {
    if (line.includes(" ok ")) ready++;
    if (line === "hello") ready--;
    ok(ready >= 0);
  }
  await end(server);
});

toolTest("tcpserver has its signals where they were ignored at the start", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, "grep", "SigIgn", "/proc/self/status"], {
    shell: 'exec env --ignore-signal=TERM,CHLD,PIPE,HUP "$@"',
  });
  // The 32nd and 33rd belong to the C library of whoever started us.
  const ignored = (await talk("127.0.0.1", server.port)).split("\t")[1];
  equal(BigInt(`0x${ignored?.trim()}`) & 0x7fffffffn, 1n);
  await idle(box, 1);
  await end(server);
});

toolTest("tcpserver gives blocked signals on, but not SIGCHLD", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, "grep", "SigBlk", "/proc/self/status"], {
    shell: 'exec env --block-signal=CHLD,HUP "$@"',
  });
  match(await talk("127.0.0.1", server.port), /^SigBlk:\t0+1\n$/);
  await idle(box, 1);
  await end(server);
});

toolTest("tcpserver reports the end of a child that it had before", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, "true"], { shell: '(sleep 0.3; exit 3) & exec "$@"' });
  await idle(box, 1);
  deepEqual(log(box).slice(1), ["tcpserver: end N status 768", "tcpserver: status: 0/40"]);
  await end(server);
});

toolTest(
  "tcpserver keeps its count when a child that it had before ends",
  TOOLS,
  async (box) => {
    const server = await serve(box, [...QUIET, "cat"], { shell: 'sleep 0.5 & exec "$@"' });
    const client = new Client("127.0.0.1", server.port);
    await has(box, " end ");
    equal(log(box).at(-1), "tcpserver: status: 1/40");
    client.end();
    await idle(box, 2);
    await end(server);
  },
  { djboxOnly: "C takes the stranger for one of its own" },
);

toolTest("tcpserver goes on when clients vanish at any moment", TOOLS, async (box) => {
  const server = await serve(box, ["-b99", "-B", "hello", ...QUIET, "cat"]);
  const open = (): number => [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
  await talk("127.0.0.1", server.port, { say: "" });
  const before = open();
  const count = 60;
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const client = new Client("127.0.0.1", server.port);
    if (i % 3 === 0) return client.reset();
    client.say("x");
    if (i % 3 === 1) {
      await box.until("an answer", () => client.received !== "");
      return client.reset();
    }
    client.end();
    await client.closed;
    equal(client.received, "hellox");
  }));
  await box.until("all have ended", () => {
    const lines = log(box);
    return lines.filter((line) => line.includes(" end ")).length ===
        lines.filter((line) => line.includes(" pid ")).length &&
      lines.length > count &&
      (lines.at(-1) ?? "").includes("status: 0/40");
  });
  equal(open(), before);
  await end(server);
});

toolTest("tcpserver serves with 0, 1 or 2 closed", TOOLS, async (box) => {
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]) {
    const port = freePort();
    const server = box.start([
      "/bin/sh",
      "-c",
      `exec tcpserver -RHl0 127.0.0.1 ${port} ls -l /proc/self/fd ${closed}`,
    ]);
    let got = "";
    await box.until("it serves", async () => (got = await talk("127.0.0.1", port)) !== "");
    deepEqual(got.match(/\d+ -> socket/g), ["0 -> socket", "1 -> socket"]);
    server.kill();
    equal(await server.ended, 0);
  }
}, { djboxOnly: "C loses its own socket" });

toolTest("tcpserver without descriptors waits, and goes on", TOOLS, async (box) => {
  const server = await serve(box, ["-v", "-RHl0", "127.0.0.1", "0", "echo", "hi"]);
  const limit = (files: number): Promise<unknown> =>
    box.run(["prlimit", `--pid=${server.pid}`, `--nofile=${files}:`]);
  equal(await talk("127.0.0.1", server.port), "hi\n");
  await limit(0);
  const client = new Client("127.0.0.1", server.port);
  await new Promise((resolve) => setTimeout(resolve, 300));
  equal(client.received, "");
  await limit(1000);
  await client.closed;
  equal(client.received, "hi\n");
  await end(server);
}, { programs: ["prlimit"], djboxOnly: "C's accept already has its descriptor when it waits" });

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

toolTest(
  "tcpserver gives IDENT the time of -t as a whole, not for each byte",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    await using _ident = await Listener.start(`${net}.8`, 113, (socket) => {
      const timer = setInterval(() => socket.write("1"), 100);
      socket.on("close", () => clearInterval(timer));
    });
    const server = await serve(box, ["-H", "-t", "1", "-l0", "0", "0", ...INFO]);
    const before = performance.now();
    equal(await talk("127.0.0.1", server.port, { from: `${net}.8` }), "unset\n");
    const took = performance.now() - before;
    ok(took > 900 && took < 5000, `${took} ms`);
    await end(server);
  },
  { root: true },
);

toolTest("tcpserver serves many at the same time and leaves nothing behind", TOOLS, async (box) => {
  const server = await serve(box, ["-c", "300", "-b", "300", ...QUIET, "cat"]);
  const open = (): number => [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
  await talk("127.0.0.1", server.port, { say: "" });
  const before = open();
  const count = 250;
  const clients = Array.from({ length: count }, () => new Client("127.0.0.1", server.port));
  clients.forEach((client, i) => client.say(String(i)));
  await box.until(
    "all are answered",
    () => clients.every((client, i) => client.received === String(i)),
  );
  for (const client of clients) client.end();
  await Promise.all(clients.map((client) => client.closed));
  await idle(box, count + 1);
  ok(box.read("err").includes(`status: ${count}/300`));
  equal(open(), before);
  await end(server);
});
