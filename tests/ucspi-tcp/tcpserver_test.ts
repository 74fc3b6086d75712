// SPDX-License-Identifier: 0BSD

// Beyond the cases of the conformance suite. Not tested here: IP options; ENFILE; what is looked up about clients
// (tcpserver_lookups_test.ts).

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { freePort, toolTest } from "../harness/harness.ts";
import { Client, talk } from "../harness/network.ts";
import { end, has, idle, log, QUIET, serve } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];

toolTest(
  "tcpserver keeps the lock that it runs under, be its input the same file",
  ["tcpserver", "setlock"],
  async (box) => {
    const shell = 'exec setlock -n lock "$@" <lock';
    box.write("lock", "");
    const server = await serve(box, [...QUIET, "echo", "served"], { shell });
    equal(await talk("127.0.0.1", server.port), "served\n");
    equal((await box.run(["setlock", "-nx", "lock", "true"])).code, 0);
    equal((await box.run(["setlock", "-n", "lock", "true"])).code, 111);
    await end(server);
    equal((await box.run(["setlock", "-n", "lock", "true"])).code, 0);
  },
);

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
    shell: 'exec env --default-signal=INT,QUIT --ignore-signal=TERM,CHLD,PIPE,HUP "$@"',
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
    const stranger = "until [ -e go ]; do sleep 0.1; done";
    const server = await serve(box, [...QUIET, "cat"], { shell: `(${stranger}) & exec "$@"` });
    const client = new Client("127.0.0.1", server.port);
    await has(box, "status: 1/40");
    box.write("go", "");
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

toolTest("tcpserver reads numbers and writes fields as C's does", TOOLS, async (box) => {
  const options = ["-c", "18446744073709551617", "-vRHl", "100%x"];
  const server = await serve(box, [...options, "127.0.0.1", "0", "true"]);
  await talk("127.0.0.1", server.port);
  await box.until("it has ended", () => log(box).some((line) => line.includes(" end ")));
  deepEqual(log(box).filter((line) => / ok | status: 1/.test(line)), [
    "tcpserver: status: 1/1",
    "tcpserver: ok N 100?x:127.0.0.1:L :127.0.0.1::R",
  ]);
  await end(server);
});

toolTest("tcpserver without descriptors waits, and goes on", TOOLS, async (box) => {
  const server = await serve(box, ["-v", "-RHl0", "127.0.0.1", "0", "echo", "hi"]);
  const limit = (files: number): Promise<unknown> =>
    box.run(["prlimit", `--pid=${server.pid}`, `--nofile=${files}:`]);
  equal(await talk("127.0.0.1", server.port), "hi\n");
  await limit(0);
  const client = new Client("127.0.0.1", server.port);
  await box.until("it says so", () => box.read("err").includes("unable to accept: "));
  equal(client.received, "");
  await limit(1000);
  await client.closed;
  equal(client.received, "hi\n");
  await end(server);
}, { programs: ["prlimit"], djboxOnly: "C's accept already has its descriptor when it waits" });

toolTest("a tcpserver that was killed gets its port back from its children", TOOLS, async (box) => {
  const first = await serve(box, [...QUIET, "sh", "-c", "echo hi; exec cat"]);
  const stays = new Client("127.0.0.1", first.port);
  await box.until("it is served", () => stays.received === "hi\n");
  first.kill("SIGKILL");
  await first.ended;
  box.write("out", "");
  const second = await serve(box, ["-RHl0", "127.0.0.1", String(first.port), "echo", "hello"]);
  equal(await talk("127.0.0.1", second.port), "hello\n");
  stays.say("still here\n");
  await box.until("the child lives", () => stays.received === "hi\nstill here\n");
  stays.end();
  await end(second);
});

toolTest("tcpserver counts those whom one before it has let in", TOOLS, async (box) => {
  const says = ["sh", "-c", "echo hi; exec cat"];
  const first = await serve(box, ["-RHl0", "127.0.0.1", "0", ...says]);
  const former = [0, 1].map(() => new Client("127.0.0.1", first.port));
  await box.until("they are served", () => former.every(({ received }) => received === "hi\n"));
  first.kill("SIGKILL");
  await first.ended;
  box.write("out", "");
  const port = String(first.port);
  const second = await serve(box, ["-v", "-c3", "-C3:no", "-RHl0", "127.0.0.1", port, ...says]);
  const third = new Client("127.0.0.1", second.port);
  await box.until("there is room for one", () => third.received === "hi\n");
  const fourth = new Client("127.0.0.1", second.port);
  former[0]?.end();
  await box.until("another one has gone", () => fourth.received === "hi\n");
  equal(box.read("err").match(/status: .*/g)?.join(" "), "status: 0/3 status: 1/3 status: 2/3");
  for (const client of [...former, third, fourth]) client.end();
  await box.until("both have ended", () => box.read("err").split(" end ").length === 3);
  await end(second);
}, { djboxOnly: "C's counts only its own children" });

toolTest("tcpserver drops clients while it cannot fork", TOOLS, async (box) => {
  // The limit is one on users other than root.
  const server = await serve(box, ["-u", "54321", "-g", "54321", ...QUIET, "echo", "hi"], {
    shell: 'exec prlimit --nproc=0 "$@"',
  });
  equal(await talk("127.0.0.1", server.port), "");
  await box.until("it is dropped", () => log(box).length === 4);
  deepEqual(log(box), [
    "tcpserver: status: 0/40",
    "tcpserver: status: 1/40",
    "tcpserver: warning: dropping connection, unable to fork: temporary failure",
    "tcpserver: status: 0/40",
  ]);
  await end(server);
}, { root: true, programs: ["prlimit"] });

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

toolTest("tcpserver serves where there is no /dev/null", TOOLS, async (box) => {
  const server = await serve(box, [...QUIET, "echo", "hello"], {
    shell: 'exec unshare -m sh -c \'mount -t tmpfs none /dev; exec "$@"\' sh "$@"',
  });
  equal(await talk("127.0.0.1", server.port), "hello\n");
  await idle(box, 1);
  await end(server);
}, { root: true, programs: ["unshare"] });
