// SPDX-License-Identifier: 0BSD

// IPv6 in the manner of ucspi-tcp-ipv6, which cannot be installed beside ucspi-tcp: what is expected here was compared
// with its programs by hand. Not tested: link-local addresses, for which no interface can be counted on.

import { deepEqual, equal } from "node:assert/strict";
import { type Needs, toolTest } from "../harness/harness.ts";
import {
  A,
  AAAA,
  type Answer,
  Client,
  Listener,
  loopbackNet,
  NameServer,
  PTR,
  type Question,
  talk,
  wireAddress,
  wireIpv6,
  wireName,
} from "../harness/network.ts";
import { end, has, idle, log, serve } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];
const OURS: Needs = { djboxOnly: "ucspi-tcp-0.88 has no IPv6" };
const OURS_AS_ROOT: Needs = { ...OURS, root: true };
const LOG = ["-v", "-RHl0"];
const ENVIRONMENT = ["sh", "-c", "env | grep -E '^(PROTO|TCP)' | sort"];

function reverse(digits: string): string {
  return Array.from(digits.padEnd(32, "0")).join(".") + ".ip6.arpa";
}

/** What a program is told, without ports. */
async function told(host: string, port: number): Promise<Record<string, string>> {
  const lines = (await talk(host, port)).trimEnd().split("\n");
  return Object.fromEntries(
    lines.filter((line) => !/PORT=\d+$/.test(line)).map((line) =>
      line.split("=") as [string, string]
    ),
  );
}

const FROM_IPV6 = {
  PROTO: "TCP6",
  TCPLOCALIP: "::1",
  TCP6LOCALIP: "::1",
  TCPLOCALHOST: "0",
  TCP6LOCALHOST: "0",
  TCPREMOTEIP: "::1",
  TCP6REMOTEIP: "::1",
};
const FROM_IPV4 = {
  PROTO: "TCP",
  TCPLOCALIP: "127.0.0.1",
  TCP6LOCALIP: "::ffff:127.0.0.1",
  TCPLOCALHOST: "0",
  TCP6LOCALHOST: "0",
  TCPREMOTEIP: "127.0.0.1",
  TCP6REMOTEIP: "::ffff:127.0.0.1",
};
const FORCED = {
  ...FROM_IPV4,
  PROTO: "TCP6",
  TCPLOCALIP: "::ffff:127.0.0.1",
  TCPREMOTEIP: "::ffff:127.0.0.1",
};
const PLAIN = {
  PROTO: "TCP",
  TCPLOCALIP: "127.0.0.1",
  TCPLOCALHOST: "0",
  TCPREMOTEIP: "127.0.0.1",
};
const REFUSED = {};

const HOSTS: readonly (readonly [args: string[], ipv6: object, ipv4: object])[] = [
  [["::1"], FROM_IPV6, REFUSED],
  [["::"], FROM_IPV6, FROM_IPV4],
  [["0:0::0"], FROM_IPV6, FROM_IPV4],
  [["-6", "0"], FROM_IPV6, FORCED],
  [["-I", "lo", ""], FROM_IPV6, FROM_IPV4],
  [["-I", "nowhere", "::1"], FROM_IPV6, REFUSED],
  [["-4", "0"], REFUSED, FROM_IPV4],
  [["-46", "0"], REFUSED, FORCED],
  [["-4", "0::0"], REFUSED, FROM_IPV4],
  [["::ffff:127.0.0.1"], REFUSED, FROM_IPV4],
  [["-6", "127.0.0.1"], REFUSED, FORCED],
  [["0"], REFUSED, PLAIN],
  [["127.0.0.1"], REFUSED, PLAIN],
];

for (const [args, ipv6, ipv4] of HOSTS) {
  toolTest(`tcpserver ${args.join(" ")} tells programs of IPv6 or not`, TOOLS, async (box) => {
    const env = { TCP6REMOTEHOST: "stale", TCP6REMOTEINFO: "stale", TCP6INTERFACE: "stale" };
    const asked = ipv6 !== REFUSED || ipv4 !== PLAIN;
    const server = await serve(box, ["-RHl0", ...args, "0", ...ENVIRONMENT], asked ? { env } : {});
    deepEqual(await told("127.0.0.1", server.port), ipv4 === REFUSED ? { "": undefined } : ipv4);
    deepEqual(await told("::1", server.port), ipv6 === REFUSED ? { "": undefined } : ipv6);
    await end(server);
  }, OURS);
}

toolTest("tcpserver logs addresses as ucspi-tcp-ipv6 does", TOOLS, async (box) => {
  const server = await serve(box, [...LOG, "::", "0", "true"]);
  await talk("::1", server.port);
  await idle(box, 1);
  await talk("127.0.0.1", server.port);
  await idle(box, 2);
  deepEqual(log(box).filter((line) => !line.includes(" status")), [
    "tcpserver: pid N from ::1",
    "tcpserver: ok N 0:::1:L :::1::R",
    "tcpserver: pid N from 127.0.0.1",
    "tcpserver: ok N 0:::ffff:127.0.0.1:L :::ffff:127.0.0.1::R",
  ]);
  await end(server);
}, OURS);

toolTest("tcpserver says what it cannot listen at", TOOLS, async (box) => {
  const said = async (...args: string[]): Promise<string> =>
    (await box.run(["tcpserver", "-RHl0", ...args, "0", "true"])).stderr;
  equal(await said("2001:db8::1"), "tcpserver: fatal: unable to bind: address not available\n");
  equal(
    await said("-4", "::1"),
    "tcpserver: fatal: unable to bind: address family not supported\n",
  );
  equal(await said("fe80::1"), "tcpserver: fatal: unable to bind: invalid argument\n");
}, OURS);

toolTest("tcpserver -6 listens at a name's IPv6 address", TOOLS, async (box) => {
  const net = loopbackNet();
  await using names = await NameServer.start(`${net}.1`, ({ type }) => ({
    records: type === AAAA ? [[AAAA, wireIpv6("0:0:0:0:0:0:0:1")]] : [[A, wireAddress(`${net}.2`)]],
  }));
  const server = await serve(box, ["-6", "-RHl0", "x.test", "0", "echo", "hello"], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  equal(await talk("::1", server.port), "hello\n");
  deepEqual(names.questions, ["x.test 28", "x.test 1"]);
  await end(server);
}, OURS_AS_ROOT);

toolTest("tcpserver finds the names of IPv6 clients, and checks them", TOOLS, async (box) => {
  const net = loopbackNet();
  let own = "0:0:0:0:0:0:0:1";
  const zone = ({ name, type }: Question): Answer => {
    if (type === PTR) return { records: [[PTR, wireName("v6.test")]] };
    return { records: name === "v6.test" && type === AAAA ? [[AAAA, wireIpv6(own)]] : [] };
  };
  await using names = await NameServer.start(`${net}.1`, zone);
  const program = ["sh", "-c", 'echo "${TCPREMOTEHOST-unset} ${TCP6REMOTEHOST-unset}"'];
  const server = await serve(box, ["-p", "-R", "-l0", "::1", "0", ...program], {
    env: { DNSCACHEIP: `${net}.1` },
  });
  equal(await talk("::1", server.port), "v6.test v6.test\n");
  deepEqual(names.questions, [`${reverse("1")} 12`, "v6.test 28"]);
  own = "0:0:0:0:0:0:0:2";
  equal(await talk("::1", server.port), "unset unset\n");
  await end(server);
}, OURS_AS_ROOT);

toolTest("tcpserver asks name servers and IDENT by IPv6", TOOLS, async (box) => {
  // There is one ::1 for all who test on this machine.
  const atOnce = async <T>(start: () => Promise<T>): Promise<T> => {
    for (let tries = 0;; tries++) {
      try {
        return await start();
      } catch (error) {
        if (tries === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  await using _names = await atOnce(() =>
    NameServer.start("::1", () => ({ records: [[PTR, wireName("v6.test")]] }))
  );
  let question = "";
  await using _ident = await atOnce(() =>
    Listener.start("::1", 113, (socket) => {
      socket.on("data", (data: Uint8Array) => {
        question += new TextDecoder().decode(data);
        socket.end("1 , 2 : USERID : UNIX : joe\r\n");
      });
    })
  );
  const program = [
    "sh",
    "-c",
    'echo "$TCP6REMOTEHOST $TCPREMOTEINFO $TCP6REMOTEINFO $TCPREMOTEPORT"',
  ];
  const server = await serve(box, ["-l0", "::1", "0", ...program], { env: { DNSCACHEIP: "::1" } });
  const [host, info, info6, port] = (await talk("::1", server.port)).trimEnd().split(" ");
  deepEqual([host, info, info6], ["v6.test", "joe", "joe"]);
  equal(question, `${port} , ${server.port}\r\n`);
  await end(server);
}, OURS_AS_ROOT);

toolTest(
  "tcpserver looks rules for IPv6 clients up, and IPv4's by either form",
  ["tcpserver", "tcprules"],
  async (box) => {
    const compile = (rules: string): ReturnType<typeof box.run> =>
      box.run(["tcprules", "r", "t"], { stdin: rules });
    await compile('::/16:allow,R="network"\n127.0.0.1:allow,R="v4"\n:deny\n');
    for (const args of [["::"], ["-6", "0"]]) {
      const server = await serve(box, ["-x", "r", "-RHl0", ...args, "0", "sh", "-c", "echo $R"]);
      equal(await talk("::1", server.port), "network\n");
      equal(await talk("127.0.0.1", server.port), "v4\n");
      await compile('::1:deny\n127.0.0.0/8:deny\n:allow,R="else"\n');
      equal(await talk("::1", server.port), "");
      equal(await talk("127.0.0.1", server.port), "");
      await compile('::/16:allow,R="network"\n127.0.0.1:allow,R="v4"\n:deny\n');
      await end(server);
      box.write("out", "");
    }
  },
  OURS,
);

const LIMITS = { djboxOnly: "ucspi-tcp-0.88 has no limit for an address" };

toolTest("tcpserver -C refuses who is one too many from an address", TOOLS, async (box) => {
  const net = loopbackNet();
  const server = await serve(box, ["-C", "2:busy\r\n", ...LOG, "::", "0", "cat"]);
  const open = async (host: string, from?: string): Promise<Client> => {
    const client = new Client(host, server.port, from);
    client.say("x");
    await box.until("an answer", () => client.received === "x");
    return client;
  };
  const clients = [
    await open("127.0.0.1", `${net}.1`),
    await open("127.0.0.1", `${net}.1`),
    await open("127.0.0.1", `${net}.2`),
    await open("::1"),
    await open("::1"),
  ];
  equal(await talk("127.0.0.1", server.port, { from: `${net}.1` }), "busy\r\n");
  equal(await talk("::1", server.port), "busy\r\n");
  await has(box, "refuse ::1");
  deepEqual(log(box).filter((line) => line.includes(" refuse ")), [
    `tcpserver: refuse ${net}.1: 2/2`,
    "tcpserver: refuse ::1: 2/2",
  ]);
  equal(log(box).includes("tcpserver: status: 6/40"), false);
  clients[0]?.end();
  await clients[0]?.closed;
  await has(box, " end ");
  clients.push(await open("127.0.0.1", `${net}.1`));
  for (const client of clients) client.end();
  await Promise.all(clients.map((client) => client.closed));
  await end(server);
}, LIMITS);

toolTest("tcpserver -C counts over a restart, IPv4's clients of :: too", TOOLS, async (box) => {
  const first = await serve(box, ["-C", "1", ...LOG, "::", "0", "cat"]);
  const clients: Client[] = [];
  const hosts = ["127.0.0.1", "::1"];
  for (const host of hosts) {
    const client = new Client(host, first.port);
    client.say("x");
    await box.until("an answer", () => client.received === "x");
    clients.push(client);
  }
  await end(first);
  box.write("out", "");
  const second = await serve(box, ["-C", "1:busy", ...LOG, "::", String(first.port), "cat"]);
  for (const host of hosts) equal(await talk(host, second.port), "busy");
  for (const client of clients) client.end();
  await Promise.all(clients.map((client) => client.closed));
  for (const host of hosts) {
    await box.until(
      "who comes now is served",
      async () => await talk(host, second.port, { say: "x" }) === "x",
    );
  }
  await end(second);
}, LIMITS);

toolTest("tcpserver counts no clients of another server at its port", TOOLS, async (box) => {
  const other = await serve(box, [...LOG, "::1", "0", "cat"]);
  const client = new Client("::1", other.port);
  client.say("x");
  await box.until("it is served", () => client.received === "x");
  box.write("out", "");
  const server = await serve(box, ["-c", "1", ...LOG, "0", String(other.port), "cat"]);
  equal(await talk("127.0.0.1", server.port, { say: "x" }), "x");
  client.end();
  await client.closed;
  await end(server);
  await end(other);
}, LIMITS);

toolTest("tcpserver -C wants a number", TOOLS, async (box) => {
  for (const limit of ["abc", "", ":text", "5x"]) {
    const { code, stderr } = await box.run(["tcpserver", "-C", limit, "0", "0", "true"]);
    deepEqual([code, stderr.split(" [", 1)], [100, ["tcpserver: usage: tcpserver"]], limit);
  }
}, LIMITS);

toolTest("tcpserver -C 0, or none, is no limit", TOOLS, async (box) => {
  for (const limit of [["-C", "0"], []]) {
    const server = await serve(box, [...limit, ...LOG, "127.0.0.1", "0", "cat"]);
    const clients = Array.from({ length: 20 }, () => new Client("127.0.0.1", server.port));
    for (const client of clients) client.say("x");
    await box.until("all are answered", () => clients.every(({ received }) => received === "x"));
    for (const client of clients) client.end();
    await Promise.all(clients.map((client) => client.closed));
    await end(server);
    box.write("out", "");
  }
}, LIMITS);
