// SPDX-License-Identifier: 0BSD

// Beyond the cases of the conformance suite. Not tested here: a list that never answers, to the end.

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, cTool, mixedTest, type Result, slow, toolTest } from "../harness/harness.ts";
import { byteString, fc, holdsSlowly } from "../harness/properties.ts";
import { A, loopbackNet, NameServer, type Question, TXT, wireAddress } from "../harness/network.ts";

const TOOLS = ["rblsmtpd"];
const GREETING = "220 rblsmtpd.local\r\n";
const WELL = "250 rblsmtpd.local\r\n";
const FAREWELL = "221 rblsmtpd.local\r\n";

function refused(
  box: Box,
  text: string,
  stdin: string,
  args: readonly string[] = [],
): Promise<Result> {
  return box.run(["rblsmtpd", ...args, "echo", "not run"], { stdin, env: { RBLSMTPD: text } });
}

/** What it says about the text, without the pid. */
function said({ stderr }: Result): string {
  return stderr.replace(/pid \d+/, "pid N");
}

toolTest(
  "rblsmtpd knows its verbs in any case and with anything behind them",
  TOOLS,
  async (box) => {
    const lines = [
      "hElO x",
      "EHLO",
      "noop x\0",
      "MAIL FROM:<a@b>",
      "rset  ",
      "mail\r",
      "mailx",
      " noop",
      "noop\0x",
      "noop\t",
      "",
    ];
    const { stdout } = await refused(
      box,
      "no",
      lines.map((line) => line + "\r\n").join("") + "quit now\nnoop\n",
    );
    const no = "451 no\r\n";
    equal(stdout, GREETING + WELL.repeat(5) + no.repeat(6) + FAREWELL);
  },
);

toolTest("rblsmtpd takes lines in pieces and of any length", TOOLS, async (box) => {
  const { stdout, code } = await box.sh(
    "(printf 'ma'; sleep 0.1; printf 'il'; sleep 0.1; printf '\\r'; sleep 0.1; printf '\\n'; " +
      "head -c 1000000 /dev/zero; printf '\\nnoop '; head -c 1000000 /dev/zero; printf '\\nquit') | rblsmtpd true",
    { env: { RBLSMTPD: "no" } },
  );
  deepEqual([stdout, code], [GREETING + WELL + "451 no\r\n" + WELL, 0]);
});

toolTest("rblsmtpd cuts the text at 200 bytes and hides odd ones", TOOLS, async (box) => {
  const long = "x".repeat(199) + "yz";
  const result = await refused(box, long, "rcpt\nquit\n");
  equal(said(result), `rblsmtpd:  pid N: 451 ${"x".repeat(199)}y\n`);
  equal(result.stdout, GREETING + `451 ${"x".repeat(199)}y\r\n` + FAREWELL);
  equal(said(await refused(box, "-a\tb\nc\x7f~", "")), "rblsmtpd:  pid N: 553 a?b?c?~\n");
});

toolTest("rblsmtpd -t 0 says why and hangs up", TOOLS, async (box) => {
  deepEqual((await refused(box, "no", "quit\n", ["-t", "0"])).stdout, "451 no\r\n");
});

toolTest("rblsmtpd is done after its time, whatever the host does", TOOLS, async (box) => {
  const hosts = [
    "sleep 5 2>/dev/null",
    "while sleep 0.1; do echo noop; done",
    "sleep 0.1; yes rcpt",
  ];
  await Promise.all(hosts.map(async (host, i) => {
    const before = performance.now();
    const { code } = await box.sh(
      `mkfifo in${i} out${i}; (${host}) >in${i} 2>/dev/null & sleep 5 <out${i} >/dev/null 2>&1 & ` +
        `exec rblsmtpd -t 1 true <in${i} >out${i}`,
      { env: { RBLSMTPD: "no" } },
    );
    const took = performance.now() - before;
    equal(code, 0);
    ok(took > 900 && took < slow(4000), `${took} ms`);
  }));
});

toolTest(
  "rblsmtpd asks in order, and options count for the lists that follow",
  TOOLS,
  async (box) => {
    const net = loopbackNet();
    const answers: Record<string, readonly (readonly [number, string])[]> = {
      "4.3.2.1.black": [[TXT, "\x03see\x04 url"]],
      "4.3.2.1.white": [[A, wireAddress("127.0.0.2")]],
      "abc.black": [[TXT, "\x07strange"]],
      "1.black": [[TXT, "\x06dotted"]],
      "black": [[TXT, "\x04base"]],
    };
    await using names = await NameServer.start(`${net}.1`, ({ name, type }: Question) => ({
      records: (answers[name] ?? []).filter(([kind]) => kind === type),
      code: name.endsWith("broken") ? 2 : 0,
    }));
    const run = (ip: string, ...args: string[]): Promise<Result> =>
      box.run(["rblsmtpd", ...args, "echo", "run"], {
        stdin: "quit\n",
        env: { TCPREMOTEIP: ip, DNSCACHEIP: `${net}.1` },
      });
    const verdict = async (ip: string, ...args: string[]): Promise<string> => {
      const result = await run(ip, ...args);
      return result.stdout === "run\n" ? "run" : said(result).replace(/^.*pid N: /, "").trim();
    };
    equal(await verdict("1.2.3.4", "-r", "black"), "451 see url");
    equal(await verdict("1.2.3.4", "-b", "-r", "black"), "553 see url");
    equal(await verdict("1.2.3.4", "-r", "black", "-b"), "451 see url");
    equal(await verdict("1.2.3.4", "-r", "none", "-a", "white", "-r", "black"), "run");
    equal(await verdict("1.2.3.4", "-r", "black", "-a", "white"), "451 see url");
    equal(await verdict("abc", "-r", "black"), "451 strange");
    equal(await verdict("", "-r", "black"), "451 base");
    // Turned round with one dot more, and 5 behind it, it would be an address.
    equal(await verdict("..1", "-a", "5", "-r", "black"), "451 dotted");
    equal(await verdict("1.2.3.5", "-r", "black"), "run");
    deepEqual(names.questions.slice(-1), ["5.3.2.1.black 16"]);
    // A name that is no name at all cannot be asked for.
    const broken = "x".repeat(64);
    equal(await verdict("1.2.3.4", "-r", broken), "run");
    equal(await verdict("1.2.3.4", "-c", "-r", broken), "451 temporary RBL lookup error");
    equal(await verdict("1.2.3.4", "-c", "-C", "-b", "-r", broken, "-r", "black"), "451 see url");
    equal(await verdict("1.2.3.4", "-a", broken, "-r", "black"), "run");
    equal(await verdict("1.2.3.4", "-c", "-a", broken, "-r", "black"), "451 see url");
  },
  { root: true },
);

toolTest("rblsmtpd goes on without whoever does not listen", TOOLS, async (box) => {
  const { stderr } = await box.sh("(echo rcpt; echo quit) | rblsmtpd true >&-; echo $? >&2", {
    env: { RBLSMTPD: "no" },
  });
  equal(stderr.replace(/pid \d+/, "pid N"), "rblsmtpd:  pid N: 451 no\n0\n");
});

/** Talks to the program in the arguments through a connection with small buffers, and reads nothing: its exit code. */
const DEAF = `
import os, socket, subprocess, sys
listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
listener.bind(("127.0.0.1", 0))
listener.listen(1)
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
client.connect(listener.getsockname())
server = listener.accept()[0]
client.sendall(b"\\n" * 4080 + b"quit\\r\\n")
print(subprocess.run(sys.argv[1:], stdin=server, stdout=server).returncode)
`;

toolTest(
  "rblsmtpd is done in time with a host that says much, and reads nothing",
  TOOLS,
  async (box) => {
    box.write("deaf.py", DEAF);
    const { stdout } = await box.run(["python3", "deaf.py", "rblsmtpd", "-t1", "true"], {
      env: { RBLSMTPD: "x".repeat(200) },
    });
    equal(stdout, "0\n");
  },
  { programs: ["python3"] },
);

toolTest("rblsmtpd asks for the digits of an IPv6 address", TOOLS, async (box) => {
  const net = loopbackNet();
  await using names = await NameServer.start(`${net}.1`, () => ({ records: [], code: 3 }));
  const ask = (ip: string): ReturnType<Box["run"]> =>
    box.run(["rblsmtpd", "-r", "bl.test", "-a", "wl.test", "echo", "let in"], {
      env: { DNSCACHEIP: `${net}.1`, TCPREMOTEIP: ip },
    });
  equal((await ask("2001:db8::a:1")).stdout, "let in\n");
  const digits = "1.0.0.0.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  deepEqual(names.questions, [`${digits}.bl.test 16`, `${digits}.wl.test 1`]);
  names.questions.length = 0;
  await ask("::ffff:1.2.3.4");
  deepEqual(names.questions, ["4.3.2.1.bl.test 16", "4.3.2.1.wl.test 1"]);
}, { root: true, djboxOnly: "ucspi-tcp-0.88 has no IPv6" });

mixedTest("rblsmtpd says to any host what C's rblsmtpd says", TOOLS, async (box) => {
  const verbs = fc.constantFrom("HELO", "ehlo ", "Mail", "rcpt", "NOOP x", "rset", "data", "quit");
  const words = fc.oneof(
    { weight: 4, arbitrary: verbs },
    { weight: 2, arbitrary: fc.constantFrom("\r\n", "\n") },
    { weight: 1, arbitrary: byteString(30) },
    { weight: 1, arbitrary: byteString(30, " \r\n\0\xffquit") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("x".repeat(5000), "\0".repeat(5000), "\n".repeat(900)),
    },
  );
  await holdsSlowly(25, [fc.array(words, { maxLength: 12 })], async (words) => {
    const options = { stdin: words.join(""), env: { RBLSMTPD: "go away" } };
    const [ours, original] = await Promise.all([
      box.run(["rblsmtpd", "true"], options),
      box.run([cTool("rblsmtpd") ?? "", "true"], options),
    ]);
    deepEqual([ours.code, ours.stdout, said(ours)], [
      original.code,
      original.stdout,
      said(original),
    ]);
  });
});
