// SPDX-License-Identifier: 0BSD
/**
 * The network around a tool under test, all of it on loopback addresses: clients, IDENT servers, and name servers that
 * answer, lie or keep quiet.
 *
 * @module
 */
import { createSocket, type Socket as Udp } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";
import { fromLatin1, latin1 } from "./harness.ts";

/** An address that nobody else uses: 127.X.Y, to which `.N` is to be added. */
export function loopbackNet(): string {
  const [x, y] = crypto.getRandomValues(new Uint8Array(2));
  return `127.${1 + (x ?? 0) % 254}.${y}`;
}

/** A connection to a server under test. */
export class Client {
  received = "";
  /** Fulfilled when the connection is over, however that came. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  /** Connects, from its own address if there is one given. */
  constructor(host: string, port: number, from?: string) {
    this.#socket = connect({
      host,
      port,
      allowHalfOpen: true,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    this.#socket.on("data", (data: Uint8Array) => this.received += fromLatin1(data));
    this.#socket.on("end", () => this.#socket.end());
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.#socket.on("close", () => resolve()));
  }

  say(text: string): void {
    this.#socket.write(latin1(text));
  }

  /** Reads nothing any more: what comes stays where it is. */
  deafen(): void {
    this.#socket.pause();
  }

  /** Closes its half. */
  end(): void {
    this.#socket.end();
  }

  /** Goes away without a word (RST). */
  reset(): Promise<void> {
    this.#socket.resetAndDestroy();
    return this.closed;
  }
}

/**
 * Connects, and returns all that comes until the other side closes; "" too where it is refused. With something to
 * `say` it says that and closes its half.
 */
export async function talk(
  host: string,
  port: number,
  { from, say }: { from?: string; say?: string } = {},
): Promise<string> {
  const client = new Client(host, port, from);
  if (say !== undefined) {
    client.say(say);
    client.end();
  }
  await client.closed;
  return client.received;
}

/** A TCP server that does with each connection what `serve` says. */
export class Listener implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();

  private constructor(readonly port: number, readonly server: Server) {}

  static start(
    host: string,
    port: number,
    serve: (socket: Socket) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true });
      server.on("error", reject);
      server.listen({ host, port }, () => {
        const listener = new Listener((server.address() as { port: number }).port, server);
        server.on("connection", (socket: Socket) => {
          listener.#sockets.add(socket);
          socket.on("error", () => {});
          socket.on("close", () => listener.#sockets.delete(socket));
          serve(socket);
        });
        resolve(listener);
      });
    });
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

export const A = 1;
export const CNAME = 5;
export const PTR = 12;
export const TXT = 16;
export const AAAA = 28;

/** A question as it came. */
export interface Question {
  readonly name: string;
  readonly type: number;
  readonly tcp: boolean;
  /** The whole packet. */
  readonly packet: Uint8Array<ArrayBuffer>;
  /** Who asks, by UDP. */
  readonly from?: Asker | undefined;
}

/** Where a question by UDP came from. */
interface Asker {
  readonly address: string;
  readonly port: number;
}

/** What a name has; the data in the form in which they travel. */
export type Resource = readonly [type: number, data: string];

/**
 * What is answered: records, or packets as they are, or pieces of whatever it is that is sent by TCP, one by one; or
 * nothing at all.
 */
export type Answer =
  | { readonly records: readonly Resource[]; readonly code?: number }
  | { readonly packets: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly pieces: readonly Uint8Array<ArrayBuffer>[] }
  | undefined;

/** A name in the form in which it travels. */
export function wireName(name: string): string {
  return name.split(".").filter((label) => label !== "").map((label) =>
    String.fromCharCode(label.length) + label
  ).join("") + "\0";
}

/** An address in the form in which it travels. */
export function wireAddress(address: string): string {
  return String.fromCharCode(...address.split(".").map(Number));
}

/** An answer to `question` with these records; `code` 3: there is no such name. */
export function reply(
  { packet }: Question,
  records: readonly Resource[],
  code = 0,
): Uint8Array<ArrayBuffer> {
  const head = packet.slice();
  head[2] = 0x81;
  head[3] = 0x80 | code;
  head[7] = records.length;
  const short = (value: number): string => String.fromCharCode(value >> 8, value & 255);
  const rest = records.map(([type, data]) =>
    `\xc0\x0c${short(type)}\0\x01\0\0\0\x05${short(data.length)}${data}`
  );
  return new Uint8Array([...head, ...latin1(rest.join(""))]);
}

/** An IPv6 address, with all its eight groups, in the form in which it travels. */
export function wireIpv6(address: string): string {
  return address.split(":").map((group) => parseInt(group, 16))
    .map((value) => String.fromCharCode(value >> 8, value & 255)).join("");
}

/** A name server at port 53 of an address: needs root. */
export class NameServer implements AsyncDisposable {
  readonly questions: string[] = [];
  readonly #udp: Udp;
  #tcp: Listener | undefined;

  private constructor(address: string, readonly answer: (question: Question) => Answer) {
    this.#udp = createSocket(address.includes(":") ? "udp6" : "udp4");
  }

  static async start(
    address: string,
    answer: (question: Question) => Answer,
  ): Promise<NameServer> {
    const server = new NameServer(address, answer);
    server.#udp.on("message", (packet: Uint8Array, from: { port: number; address: string }) => {
      const question = server.#question(new Uint8Array(packet), from);
      const answer = server.answer(question);
      for (const data of packetsOf(question, answer)) server.send(data, from);
    });
    await new Promise<void>((resolve, reject) => {
      server.#udp.on("error", reject);
      server.#udp.bind(53, address, resolve);
    });
    server.#tcp = await Listener.start(address, 53, (socket) => server.#serveTcp(socket));
    return server;
  }

  /** Sends a packet from where questions are answered. */
  send(packet: Uint8Array<ArrayBuffer>, { address, port }: Asker): void {
    this.#udp.send(packet, port, address);
  }

  #serveTcp(socket: Socket): void {
    let got = new Uint8Array(0);
    socket.on("data", (data: Uint8Array) => {
      got = new Uint8Array([...got, ...data]);
      const size = (got[0] ?? 0) * 256 + (got[1] ?? 0);
      if (got.length < 2 + size) return;
      const question = this.#question(got.slice(2, 2 + size));
      const answer = this.answer(question);
      if (answer !== undefined && "pieces" in answer) return void dribble(socket, answer.pieces);
      for (const packet of packetsOf(question, answer)) {
        socket.write(new Uint8Array([packet.length >> 8, packet.length & 255, ...packet]));
      }
    });
  }

  #question(packet: Uint8Array<ArrayBuffer>, from?: Asker): Question {
    const tcp = from === undefined;
    const labels: string[] = [];
    let at = 12;
    for (let size = packet[at] ?? 0; size > 0; size = packet[at] ?? 0) {
      labels.push(fromLatin1(packet.subarray(at + 1, at + 1 + size)));
      at += 1 + size;
    }
    const question = {
      name: labels.join("."),
      type: (packet[at + 1] ?? 0) * 256 + (packet[at + 2] ?? 0),
      tcp,
      packet: packet.slice(0, at + 5),
      from,
    };
    this.questions.push(`${question.name} ${question.type}${tcp ? " tcp" : ""}`);
    return question;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
    await this.#tcp?.[Symbol.asyncDispose]();
  }
}

function packetsOf(question: Question, answer: Answer): readonly Uint8Array<ArrayBuffer>[] {
  if (answer === undefined || "pieces" in answer) return [];
  return "packets" in answer ? answer.packets : [reply(question, answer.records, answer.code)];
}

/** Sends pieces one by one, so that none is read together with the next, and closes its half. */
export async function dribble(
  socket: Socket,
  pieces: Iterable<Uint8Array<ArrayBuffer> | string>,
): Promise<void> {
  socket.setNoDelay();
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(typeof piece === "string" ? latin1(piece) : piece);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  socket.end();
}
