// SPDX-License-Identifier: 0BSD

// Beyond the cases of the conformance suite. Not tested here: the default patience of a minute.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, freePort, slow, toolTest } from "../harness/harness.ts";
import {
  A,
  type Answer,
  Listener,
  loopbackNet,
  NameServer,
  PTR,
  type Question,
  talk,
  wireAddress,
  wireName,
} from "../harness/network.ts";

const TOOLS = ["tcpclient"];
const BARE = ["-R", "-H", "-l0"];

function client(box: Box, args: readonly string[], env = {}): ReturnType<Box["run"]> {
  return box.run(["tcpclient", ...args], { env });
}

/** A server at a free port of `host` that says `text` and hangs up. */
function greeter(host: string, text: string): Promise<Listener> {
  return Listener.start(host, 0, (socket) => {
    socket.end(text);
    socket.resume();
  });
}

toolTest(
  "tcpclient sets its variables in its own order, unknown names empty",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    await using _names = await NameServer.start(`${net}.1`, () => ({ records: [], code: 3 }));
    await using server = await greeter("127.0.0.1", "");
    const { stdout } = await box.run([
      ...["env", "-", `DNSCACHEIP=${net}.1`, `PATH=${box.path}`, "TCPREMOTEINFO=x", "PROTO=x"],
      ...["tcpclient", "-p", String(freePort()), "127.0.0.1", String(server.port)],
      ...["cat", "/proc/self/environ"],
    ]);
    deepEqual(
      stdout.split("\0").slice(0, -1).map((entry) => entry.replace(/(PORT|PATH)=.*/, "$1")),
      [
        `DNSCACHEIP=${net}.1`,
        "PATH",
        "TCPREMOTEHOST=",
        "PROTO=TCP",
        "TCPLOCALPORT",
        "TCPLOCALIP=127.0.0.1",
        "TCPLOCALHOST=",
        "TCPREMOTEPORT",
        "TCPREMOTEIP=127.0.0.1",
      ],
    );
  },
  { root: true },
);

toolTest("tcpclient tries every address of a name", TOOLS, async (box) => {
  const net = loopbackNet();
  const records = [1, 2, 3].map((i) => [A, wireAddress(`${net}.${i}`)] as const);
  await using _names = await NameServer.start(`${net}.9`, () => ({ records }));
  await using server = await greeter(`${net}.2`, "hello\n");
  for (let i = 0; i < 4; i++) {
    const { code, stdout, stderr } = await client(
      box,
      [...BARE, "x.test", String(server.port), "sh", "-c", 'echo "$TCPREMOTEIP"; cat <&6'],
      { DNSCACHEIP: `${net}.9` },
    );
    deepEqual([code, stdout], [0, `${net}.2\nhello\n`]);
    for (const line of stderr.split("\n").slice(0, -1)) {
      ok(
        /^tcpclient: unable to connect to 127\.\d+\.\d+\.[13] port \d+: connection refused$/.test(
          line,
        ),
        line,
      );
    }
  }
}, { root: true });

toolTest(
  "tcpclient has patience for X seconds, then for Y with who did not answer",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    const port = freePort();
    box.write(
      "full.py",
      `import socket, sys, time
s = socket.socket()
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(0)
clients = [socket.socket() for i in range(4)]
for c in clients:
    c.setblocking(False)
    c.connect_ex(s.getsockname())
print("full", flush=True)
time.sleep(60)
`,
    );
    box.start(["python3", "-S", "full.py", `${net}.1`, String(port)]);
    await box.until("nobody can connect", () => box.read("out") !== "");
    const timed = async (...args: string[]): Promise<[number, string, number]> => {
      const before = performance.now();
      const { code, stderr } = await client(box, [...args, ...BARE, ...[
        `${net}.1.${net}.2`,
        String(port),
        "true",
      ]]);
      return [
        code,
        stderr.replaceAll(`port ${port}`, "port P"),
        (performance.now() - before) / 1000,
      ];
    };
    const line = (last: number, reason: string): string =>
      `tcpclient: unable to connect to ${net}.${last} port P: ${reason}\n`;
    const [code, said, took] = await timed("-T", "0+1");
    deepEqual([code, said], [111, line(2, "connection refused") + line(1, "timed out")]);
    ok(took >= 1 && took < slow(3), String(took));
    deepEqual((await timed("-T", "1+1")).slice(0, 2), [
      111,
      line(2, "connection refused") + line(1, "timed out"),
    ]);
    deepEqual((await timed("-T1")).slice(0, 2), [
      111,
      line(1, "timed out") + line(2, "connection refused"),
    ]);
    deepEqual((await timed("-q", "-T+")).slice(0, 2), [111, ""]);
  },
  { programs: ["python3"] },
);

toolTest("tcpclient -q says nothing, but what is wrong with options", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1", "");
  const port = String(server.port);
  const failed = { code: 111, stdout: "", stderr: "" };
  deepEqual(await client(box, ["-q", ...BARE, "127.0.0.1", port, "./none"]), failed);
  deepEqual(await client(box, ["-q", ...BARE, "1.2", port, "true"]), failed);
  const silent = { code: 100, stdout: "", stderr: "" };
  deepEqual(await client(box, ["-q"]), silent);
  deepEqual(await client(box, ["-q", "127.0.0.1", port]), silent);
  ok((await client(box, ["-q", "-Z"])).stderr.startsWith("tcpclient: illegal option -- Z\n"));
  equal((await client(box, ["127.0.0.1", "12x"])).code, 111);
});

toolTest("tcpclient puts its connection over 6 and 7, whatever they were", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1", "hello\n");
  const { stdout } = await box.sh(
    `exec tcpclient ${
      BARE.join(" ")
    } 127.0.0.1 ${server.port} sh -c 'cat <&6; ls -l /proc/$$/fd' 6</dev/null 7</dev/null 8</dev/null`,
  );
  deepEqual(stdout.match(/hello|\b[678] -> (?:socket|\/dev\/null)/g), [
    "hello",
    "6 -> socket",
    "7 -> socket",
    "8 -> /dev/null",
  ]);
});

toolTest("tcpclient gives the program SIGPIPE, whoever ignored it", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1", "");
  const { stdout } = await box.sh(
    `exec env --default-signal=INT,QUIT --ignore-signal=PIPE,HUP tcpclient ${
      BARE.join(" ")
    } 127.0.0.1 ${server.port} grep SigIgn /proc/self/status`,
  );
  equal(BigInt(`0x${stdout.split("\t")[1]?.trim()}`) & 0x7fffffffn, 1n);
});

toolTest("tcpclient asks the server's host who it is", TOOLS, async (box) => {
  const net = loopbackNet();
  let asked = "";
  await using server = await greeter(`${net}.1`, "");
  await using _ident = await Listener.start(`${net}.1`, 113, (socket) => {
    socket.on("data", (data: Uint8Array) => {
      asked += new TextDecoder().decode(data);
      socket.end("x:y:z: root\n");
    });
  });
  const local = freePort();
  const args = ["-H", "-l0", "-p", String(local), `${net}.1`, String(server.port)];
  const { stdout } = await client(box, [...args, "sh", "-c", 'echo "$TCPREMOTEINFO"']);
  equal(stdout, "root\n");
  equal(asked, `${server.port} , ${local}\r\n`);
}, { root: true });

/** A name server that knows `x` in some domains, and the names of their addresses. */
function domains(net: string, known: readonly string[]): (question: Question) => Answer {
  return ({ name, type }) => {
    const index = known.indexOf(name);
    if (type === PTR) return { records: [[PTR, wireName("Named.Test")]] };
    return index < 0
      ? { records: [], code: 3 }
      : { records: [[A, wireAddress(`${net}.${index}`)]] };
  };
}

toolTest(
  "tcpclient completes short names by $LOCALDOMAIN and $DNSREWRITEFILE",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    const port = freePort();
    await using names = await NameServer.start(
      `${net}.9`,
      domains(net, ["0", "x.a.test", "x.b.test", "x", "x.c.test"]),
    );
    box.write(
      "rules",
      "# comment\n=self:[127.0.0.1]\n*.cee:.c.test \t\r\n-.old:x.b.test\n?:.a.test\n*.:\n",
    );
    const tries = async (host: string, env: Record<string, string>): Promise<string> => {
      const all = { DNSCACHEIP: `${net}.9`, DNSREWRITEFILE: "/nonexistent", ...env };
      const { stderr } = await client(box, [...BARE, host, String(port), "true"], all);
      return stderr.replace(/^tcpclient: (?:fatal: )?/, "").replace(net, "N").replace(
        / port \d+: /,
        ": ",
      ).trim();
    };
    const refused = (address: string): string =>
      `unable to connect to ${address}: connection refused`;
    const local = { LOCALDOMAIN: "none.test a.test b.test" };
    equal(await tries("x", local), refused("N.1"));
    equal(await tries("x.", local), refused("N.3"));
    equal(await tries("x+", local), refused("N.3"));
    equal(await tries("x.b.test", local), refused("N.2"));
    equal(await tries("x+.none.test+.c.test", local), refused("N.4"));
    equal(await tries("none", local), "no IP address for none");
    equal(await tries("none.", local), "no IP address for none.");
    const rules = { DNSREWRITEFILE: "rules", LOCALDOMAIN: "b.test" };
    equal(await tries("x", rules), refused("N.1"));
    equal(await tries("SELF", rules), refused("127.0.0.1"));
    equal(await tries("x.CEE", rules), refused("N.4"));
    equal(await tries("what.ever.old", rules), refused("N.2"));
    equal(await tries("x.", rules), refused("N.3"));
    deepEqual(names.questions.slice(0, 3), [
      "x.none.test 1",
      "x.a.test 1",
      "x. 1".replace(".", ""),
    ]);
  },
  { root: true },
);

toolTest("tcpclient asks the servers of $DNSCACHEIP, and not 0.0.0.0", TOOLS, async (box) => {
  const net = loopbackNet();
  await using names = await NameServer.start(`${net}.1`, () => ({ records: [], code: 3 }));
  const failure = async (servers: string): Promise<string> => {
    const { stderr } = await client(box, [...BARE, "x.test", "1", "true"], {
      DNSCACHEIP: servers,
      LOCALDOMAIN: "",
    });
    return stderr.replace("tcpclient: fatal: ", "").trim();
  };
  equal(
    await failure("0.0.0.0"),
    "temporarily unable to figure out IP address for x.test: input/output error",
  );
  equal(names.questions.length, 0);
  equal(await failure(`...0.0.0.0..${net}.1.`), "no IP address for x.test");
  deepEqual(names.questions, ["x.test 1"]);
}, { root: true });

toolTest("tcpclient says why a name cannot be looked up", TOOLS, async (box) => {
  const long = "x".repeat(64) + ".test";
  deepEqual(await client(box, [...BARE, long, "1", "true"], { DNSCACHEIP: "127.0.0.1" }), {
    code: 111,
    stdout: "",
    stderr:
      `tcpclient: fatal: temporarily unable to figure out IP address for ${long}: protocol error\n`,
  });
  deepEqual(await client(box, [...BARE, "x.test", "1", "true"], { DNSREWRITEFILE: "/" }), {
    code: 111,
    stdout: "",
    stderr:
      "tcpclient: fatal: temporarily unable to figure out IP address for x.test: is a directory\n",
  });
});

toolTest("tcpclient and tcpserver talk to each other", ["tcpclient", "tcpserver"], async (box) => {
  const server = box.start(["tcpserver", "-1", "-RHl0", "127.0.0.1", "0", "cat"]);
  await box.until("the port is printed", () => box.read("out").includes("\n"));
  const port = Number(box.read("out"));
  const size = 300_000;
  const { stdout } = await client(box, [
    ...[...BARE, "127.0.0.1", String(port), "sh", "-c"],
    `(head -c ${size} /dev/zero >&7; exec 7>&- 6>&-) & head -c ${size} <&6 | wc -c`,
  ]);
  equal(stdout.trim(), String(size));
  equal(await talk("127.0.0.1", port, { say: "x" }), "x");
  server.kill();
  await server.ended;
});

toolTest(
  "tcpclient tells the peer's address, not the one that was asked for",
  TOOLS,
  async (box) => {
    await using server = await greeter("127.0.0.1", "");
    const { code, stdout } = await client(box, [
      ...[...BARE, "0.0.0.0", String(server.port), "printenv", "TCPREMOTEIP"],
    ]);
    deepEqual([code, stdout], [0, "127.0.0.1\n"]);
  },
);

toolTest("tcpclient and tcpserver do without socket options that the system refuses", [
  ...TOOLS,
  "tcpserver",
], async (box) => {
  const refused = ["strace", "-f", "-o", "trace", "-e", "inject=setsockopt:error=EINVAL"];
  const port = String(freePort());
  box.start([...refused, "tcpserver", "-DRHl0", "127.0.0.1", port, "echo", "served"]);
  await box.until("it listens", async () => {
    const args = ["-DRHl0", "127.0.0.1", port, "sh", "-c", "cat <&6"];
    const { code, stdout } = await box.run([...refused, "tcpclient", ...args]);
    return code === 0 && stdout === "served\n";
  });
}, { programs: ["strace"] });

toolTest(
  "tcpclient -t is the time for connecting to IDENT and for its answer",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    await using _ident = await Listener.start(`${net}.1`, 113, (socket) => {
      socket.resume();
    });
    await using server = await greeter(`${net}.1`, "");
    // The second connection is that to IDENT.
    const delay = ["strace", "-f", "-o", "trace", "-e", "inject=connect:delay_exit=2500000:when=2"];
    const begin = performance.now();
    const { code } = await box.run([
      ...[...delay, "tcpclient", "-t3", "-Hl0", `${net}.1`, String(server.port), "true"],
    ]);
    const seconds = (performance.now() - begin) / 1000;
    equal(code, 0);
    ok(seconds > 2.9 && seconds < 5.2, String(seconds));
  },
  { root: true, programs: ["strace"] },
);

toolTest("tcpclient has no connection where the system says so in the end", TOOLS, async (box) => {
  // It neither says anything nor hangs up: C reads for the reason, and is to find none.
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  const strace = ["strace", "-f", "-o", "trace", "-e", "inject=getpeername:error=ENOTCONN:when=1"];
  const { code, stderr } = await box.run([
    ...[...strace, "tcpclient", ...BARE, "127.0.0.1", String(port), "true"],
  ]);
  deepEqual([code, stderr], [
    111,
    `tcpclient: unable to connect to 127.0.0.1 port ${port}: temporary failure\n`,
  ]);
}, { programs: ["strace"] });

toolTest("tcpclient says which address it is that it cannot get", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1", "");
  const strace = ["strace", "-f", "-o", "trace", "-e", "inject=getsockname:error=ENOBUFS"];
  const { code, stderr } = await box.run([
    ...[...strace, "tcpclient", ...BARE, "127.0.0.1", String(server.port), "true"],
  ]);
  deepEqual([code, stderr], [
    111,
    "tcpclient: fatal: unable to get local address: out of buffer space\n",
  ]);
}, { programs: ["strace"] });

toolTest("tcpclient connects though nobody reads what it says", TOOLS, async (box) => {
  await using server = await greeter("127.0.0.1", "hello\n");
  const line = `tcpclient -vRHl0 127.0.0.1 ${server.port} sh -c "cat <&6 >ran"`;
  await box.sh(`(until [ -e gone ]; do sleep 0.01; done; ${line}; echo $? >code) 2>&1 >/dev/null |
    { exec <&-; : >gone; until [ -s code ]; do sleep 0.01; done; }`);
  deepEqual([box.read("ran"), box.read("code")], ["hello\n", "0\n"]);
});
