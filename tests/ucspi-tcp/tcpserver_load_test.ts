// SPDX-License-Identifier: 0BSD

// Many clients, who come and go as they like: nothing is left behind. By hand: DJBOX_ROUNDS=10000 deno task test load

import { equal, ok } from "node:assert/strict";
import { type Box, toolTest } from "../harness/harness.ts";
import { Client, talk } from "../harness/network.ts";
import { Random, roundsOf } from "../harness/random.ts";
import { end, QUIET, serve, type Server } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];
/** So much may come and go with the runtime's own housekeeping. */
const KB_TO_SPARE = 8192;

function descriptors(server: Server): string[] {
  return [...Deno.readDirSync(`/proc/${server.pid}/fd`)].map(({ name }) => name).sort();
}

function residentKb(server: Server): number {
  const status = Deno.readTextFileSync(`/proc/${server.pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

function children(server: Server): string {
  return Deno.readTextFileSync(`/proc/${server.pid}/task/${server.pid}/children`).trim();
}

/** A client that does what the number says: at some point all but one kind of them vanish. */
async function visit(box: Box, port: number, kind: number): Promise<void> {
  const client = new Client("127.0.0.1", port);
  if (kind === 0) return client.reset();
  client.say("x");
  if (kind === 1) return client.reset();
  await box.until("an answer", () => client.received === "x");
  if (kind === 2) return client.reset();
  client.end();
  await client.closed;
}

async function nobodyIsLeft(box: Box, server: Server): Promise<void> {
  await box.until("no child is left", () => children(server) === "");
}

toolTest("tcpserver is the same after many connections in a row", TOOLS, async (box) => {
  const server = await serve(box, ["-q", "-RHl0", "127.0.0.1", "0", "cat"]);
  const random = new Random(1);
  const rounds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await visit(box, server.port, random.below(4));
    await nobodyIsLeft(box, server);
  };
  await rounds(200);
  const [before, kb] = [descriptors(server), residentKb(server)];
  const count = roundsOf(400);
  await rounds(count);
  equal(await talk("127.0.0.1", server.port, { say: "still here" }), "still here");
  await nobodyIsLeft(box, server);
  equal(descriptors(server).join(), before.join());
  const more = residentKb(server) - kb;
  ok(more < KB_TO_SPARE, `${more} kB more after ${count} connections`);
  if (count > 400) {
    console.log(`${count} connections: ${before.length} descriptors, ${more} kB more`);
  }
  await end(server);
});

toolTest("tcpserver serves 500 clients at the same time, who vanish", TOOLS, async (box) => {
  const server = await serve(box, ["-c", "600", "-b", "600", ...QUIET, "cat"]);
  await talk("127.0.0.1", server.port, { say: "" });
  await nobodyIsLeft(box, server);
  const before = descriptors(server);
  const clients = Array.from({ length: 500 }, () => new Client("127.0.0.1", server.port));
  for (const client of clients) client.say("x");
  await box.until(
    "all are answered",
    () => clients.every((client) => client.received === "x"),
    60_000,
  );
  ok(box.read("err").includes("status: 500/600"));
  await Promise.all(clients.map(async (client, i) => {
    if (i % 2 === 0) return client.reset();
    client.end();
    await client.closed;
  }));
  await nobodyIsLeft(box, server);
  equal(descriptors(server).join(), before.join());
  await end(server);
});
