// SPDX-License-Identifier: 0BSD
// Not tested: machines that are not little-endian, of which there is none that we run on.
import { deepEqual, equal } from "node:assert/strict";
import { listedConnections, openConnections, parseConnection } from "./connections.ts";
import type { Connection } from "./sock_diag.ts";

const IPV4 =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1659 1 0000000032ce8528 100 0 0 10 0
   1: 0100007F:B089 0200007F:8BB6 06 00000000:00000000 03:00000EA4 00000000     0        0 0 3 0000000047456309
   2: 0100007F:B089 0200007F:8BB7 08 00000000:00000001 00:00000000 00000000  1000        0 4711 1 0000000047456309 20 4 30 10 -1
`;
const IPV6 =
  `   0: 00000000000000000000000001000000:0016 B80D01200000000000000000FE010000:C001 01 00000000:00000000 00:00000000 00000000     0        0 99 1 000000 20 0 0 10 -1
`;

Deno.test("connections that are open, neither listening nor closed", () => {
  deepEqual(IPV4.split("\n").flatMap(parseConnection), [{
    local: { address: "\x7f\0\0\x01", port: 0xb089 },
    remote: { address: "\x7f\0\0\x02", port: 0x8bb7 },
    inode: 4711,
  }]);
  deepEqual(IPV6.split("\n").flatMap(parseConnection), [{
    local: { address: "\0".repeat(15) + "\x01", port: 22 },
    remote: { address: "\x20\x01\x0d\xb8" + "\0".repeat(10) + "\x01\xfe", port: 0xc001 },
    inode: 99,
  }]);
  deepEqual(["nonsense", "", ": ", "  1: x:y", ":0016 "].flatMap(parseConnection), []);
});

Deno.test("among many connections those of one port are found", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const clients = await Promise.all(
    Array.from({ length: 200 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  const accepted = [];
  for (let i = 0; i < clients.length; i++) accepted.push(await listener.accept());
  const ports = clients.map(({ localAddr }) => (localAddr as Deno.NetAddr).port).sort();
  const byInode = (a: Connection, b: Connection): number => a.inode - b.inode;
  const open = openConnections(port).sort(byInode);
  deepEqual(open.map(({ remote }) => remote.port).sort(), ports);
  deepEqual(open, listedConnections(port).sort(byInode));
  // The other side's: it is the remote port there.
  equal(openConnections(ports[0] ?? 0).some(({ remote }) => remote.port === port), true);
  for (const connection of [...clients, ...accepted]) connection.close();
});

Deno.test("a connection of ours is found from the side that was accepted, until it is closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  deepEqual(openConnections(port), []);
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  // Nobody has accepted it yet.
  deepEqual(openConnections(port), []);
  const accepted = await listener.accept();
  const [found, ...more] = openConnections(port);
  deepEqual(more, []);
  equal(found?.remote.port, (client.localAddr as Deno.NetAddr).port);
  equal(found?.local.address, "\x7f\0\0\x01");
  accepted.close();
  deepEqual(openConnections(port), []);
});
