// SPDX-License-Identifier: 0BSD

// Clients who mean harm, and their IDENT servers: they do it to themselves alone. Not tested here: SYN floods, which the
// kernel answers. By hand: DJBOX_ROUNDS=100000 deno task test hostile

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { Client, dribble, Listener, loopbackNet, talk } from "../harness/network.ts";
import { roundsOf } from "../harness/random.ts";
import { end, has, idle, log, QUIET, serve, type Server } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];
/** So much the runtime takes for itself, little by little, and then no more: it is the same after 500000 connections. */
const KB_TO_SPARE = 24_576;

function descriptors(server: Server): string {
  return [...Deno.readDirSync(`/proc/${server.pid}/fd`)].map(({ name }) => name).sort().join();
}

function residentKb(server: Server): number {
  const status = Deno.readTextFileSync(`/proc/${server.pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

async function nobodyIsLeft(box: Box, { pid }: Server): Promise<void> {
  const children = `/proc/${pid}/task/${pid}/children`;
  await box.until("no child is left", () => Deno.readTextFileSync(children).trim() === "");
}

/** Says without end what it is asked to say without end. */
const TALKER = ["sh", "-c", 'read -r line; case $line in flood) exec yes;; *) echo "$line";; esac'];

toolTest("tcpserver serves others while clients do not read", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, ...TALKER]);
  const deaf = Array.from({ length: 10 }, () => new Client("127.0.0.1", server.port));
  for (const client of deaf) {
    client.deafen();
    client.say("flood\n");
  }
  await has(box, "status: 10/40");
  for (let i = 0; i < 10; i++) {
    equal(await talk("127.0.0.1", server.port, { say: `${i}\n` }), `${i}\n`);
  }
  for (const client of deaf) await client.reset();
  await idle(box, 20);
  await end(server);
});

toolTest("tcpserver keeps to its limit with silent clients, then goes on", TOOLS, async (box) => {
  const server = await serve(box, ["-c5", ...QUIET, "cat"]);
  const silent = Array.from({ length: 5 }, () => new Client("127.0.0.1", server.port));
  await has(box, "status: 5/5");
  // They can connect, and wait.
  const waiting = Array.from({ length: 20 }, () => new Client("127.0.0.1", server.port));
  for (const client of waiting) {
    client.say("x");
    client.end();
  }
  // One that waits goes.
  await waiting.pop()?.reset();
  await silent.pop()?.reset();
  await Promise.all(waiting.map((client) => client.closed));
  deepEqual(waiting.map(({ received }) => received), waiting.map(() => "x"));
  for (const client of silent) await client.reset();
  await idle(box, 24);
  ok(!box.read("err").includes("status: 6/5"));
  await end(server);
});

toolTest(
  "tcpserver goes on where it cannot wait for clients for the moment",
  TOOLS,
  async (box) => {
    const server = await serve(box, ["-c1", ...QUIET, "cat"]);
    // Its first epoll_ctl(2) is that of the full server, which no longer waits for clients, the second undoes that.
    const refuse = ["-e", "trace=epoll_ctl", "-e", "inject=epoll_ctl:error=ENOSPC:when=2"];
    const strace = box.start(["strace", "-o", "trace", ...refuse, "-p", String(server.pid)]);
    await box.until(
      "strace is there",
      () => !Deno.readTextFileSync(`/proc/${server.pid}/status`).includes("TracerPid:\t0\n"),
    );
    for (const word of ["one", "two", "three"]) {
      equal(await talk("127.0.0.1", server.port, { say: word }), word);
    }
    await end(server);
    await strace.ended;
  },
  { programs: ["strace"] },
);

toolTest("tcpserver waits for a client that closes half of its connection", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, "sh", "-c", "cat; echo whole; cat >&2; exit 3"]);
  const client = new Client("127.0.0.1", server.port);
  client.say("half ");
  client.end();
  await client.closed;
  equal(client.received, "half whole\n");
  await idle(box, 1);
  match(box.read("err"), /end \d+ status 768\n/);
  await end(server);
});

toolTest("tcpserver is the same after a flood of connections", TOOLS, async (box) => {
  box.write("rules", "127.0.0.1:deny\n127.0.0.2:allow\n");
  equal((await box.sh("tcprules rules.cdb rules.tmp <rules")).code, 0);
  const server = await serve(
    box,
    ["-c200", "-b500", "-q", "-RHl0", "-xrules.cdb", "127.0.0.1", "0", "cat"],
  );
  const flood = async (count: number, visit: (client: Client) => Promise<void>): Promise<void> => {
    const one = async (): Promise<void> => {
      while (count-- > 0) await visit(new Client("127.0.0.1", server.port));
    };
    await Promise.all(Array.from({ length: 50 }, one));
    await nobodyIsLeft(box, server);
  };
  await flood(500, (client) => client.closed);
  const [before, kb] = [descriptors(server), residentKb(server)];
  await flood(roundsOf(10_000), (client) => client.closed);
  await flood(roundsOf(5_000), (client) => client.reset());
  equal(
    await talk("127.0.0.1", server.port, { from: "127.0.0.2", say: "still here" }),
    "still here",
  );
  await nobodyIsLeft(box, server);
  equal(descriptors(server), before);
  const more = residentKb(server) - kb;
  ok(more < KB_TO_SPARE, `${more} kB more`);
  await end(server);
});

/** What IDENT servers answer, in pieces, and what becomes of it. */
const ANSWERS: Readonly<Record<string, readonly [pieces: () => Iterable<string>, info: string]>> = {
  "in single bytes": [() => "1 , 2 : USERID : UNIX : joe\r\n", "joe"],
  "with a wrong port pair": [() => ["9 , 9 : USERID : UNIX : joe\r\n"], "joe"],
  "without a port pair": [() => ["joe:joe:joe\n"], ""],
  "with NULs": [() => ["\0\0:\0:\0:joe\0\0root\n"], "joe"],
  "with control bytes": [() => [":::\x1b[2J\x07\x7fj\x01oe\xff\n"], "\x1b[2J\x07\x7fj\x01oe\xff"],
  "with a megabyte before the colons": [() => mega("x"), ""],
  "with a megabyte of colons": [() => mega(":"), ":".repeat(257)],
  "with a megabyte of blanks": [() => mega(" \t\r"), ""],
  "with a megabyte of NULs": [() => [":::", ...mega("\0")], ""],
  "without a newline": [() => [":::joe"], "unset"],
  "with nothing": [() => [], "unset"],
};

function* mega(text: string): Generator<string> {
  for (let i = 0; i < 16; i++) yield text.repeat(65536 / text.length);
  yield "\n";
}

toolTest("tcpserver takes from IDENT what makes sense, however it is said", TOOLS, async (box) => {
  const net = loopbackNet();
  let pieces: Iterable<string> = [];
  await using _ident = await Listener.start(`${net}.8`, 113, (socket) => {
    socket.once("data", () => void dribble(socket, pieces));
    socket.resume();
  });
  const info = ["sh", "-c", `printf '%s\\n' "\${TCPREMOTEINFO-unset}"`];
  const server = await serve(box, ["-v", "-H", "-t", "20", "-l0", "0", "0", ...info]);
  for (const [manner, [answer, expected]] of Object.entries(ANSWERS)) {
    pieces = answer();
    const got = await talk("127.0.0.1", server.port, { from: `${net}.8` });
    equal(got, expected + "\n", manner);
  }
  await idle(box, Object.keys(ANSWERS).length);
  // Nothing of it can be taken for something else in the log.
  const told = log(box).filter((line) => line.includes(" ok "))
    .map((line) => /^tcpserver: ok N 0:127\.0\.0\.1:L :[0-9.]+:(.*):R$/.exec(line)?.[1]);
  deepEqual(told, [
    ...["joe", "joe", "", "joe", "?[2J??j?oe?", "", "?".repeat(100) + "...", "", ""],
    ...["", ""],
  ]);
  await end(server);
}, { root: true });

toolTest(
  "tcpserver has no information from an IDENT server that breaks off",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    let visits = 0;
    await using _ident = await Listener.start(`${net}.8`, 113, (socket) => {
      // Before the question, and in the middle of the answer.
      if (visits++ === 0) return void socket.resetAndDestroy();
      socket.once("data", () => socket.write(":::joe", () => socket.resetAndDestroy()));
    });
    const info = ["sh", "-c", 'echo "${TCPREMOTEINFO-unset}"'];
    const server = await serve(box, ["-H", "-t", "20", "-l0", "0", "0", ...info]);
    for (let i = 0; i < 2; i++) {
      equal(await talk("127.0.0.1", server.port, { from: `${net}.8` }), "unset\n");
    }
    equal(visits, 2);
    await end(server);
  },
  { root: true },
);

toolTest("tcpserver serves others while IDENT servers flood it", TOOLS, async (box) => {
  const net = loopbackNet();
  await using ident = await Listener.start(`${net}.8`, 113, (socket) => {
    const flood = (): void => {
      while (socket.writable && socket.write(" ".repeat(65536)));
    };
    socket.on("drain", flood);
    socket.once("data", flood);
  });
  const server = await serve(box, ["-v", "-H", "-t", "600", "-l0", "0", "0", "cat"]);
  const evil = Array.from({ length: 5 }, () => new Client("127.0.0.1", server.port, `${net}.8`));
  await box.until("the flood has begun", () => ident.open === 5);
  const kb = residentKb(server);
  for (let i = 0; i < 20; i++) {
    equal(await talk("127.0.0.1", server.port, { say: `${i}` }), `${i}`);
  }
  ok(residentKb(server) - kb < KB_TO_SPARE);
  deepEqual(evil.map(({ received }) => received).join(""), "");
  await end(server);
  for (const client of evil) await client.reset();
}, { root: true });
