// SPDX-License-Identifier: 0BSD
/**
 * One question to the servers of the domain name system, until one of them answers: dns_transmit.c as a state
 * machine beside others in a loop.
 *
 * Each server is asked by UDP and given 3 seconds; in the second round 11, in the third 45. A server that fails or
 * refuses is passed over at once, except in the second round: then its time is waited for, because it may come up
 * again meanwhile. An answer that is cut off is asked for again by TCP, 10 seconds a step. Number and source port of
 * each question are random, and a datagram from elsewhere does not reach the connected socket.
 *
 * @module
 */
import { EAGAIN, EINPROGRESS, EINTR, EIO, ETIMEDOUT, succeeds, SystemError } from "../os/errno.ts";
import { EPOLLIN, EPOLLOUT } from "../os/constants.ts";
import type { Loop } from "../os/loop.ts";
import { bind, connect, receive, send, socket } from "../os/socket.ts";
import { ANY_ADDRESS, ANY_IPV6_ADDRESS, isIpv6 } from "./address.ts";
import { AwaitedSocket, type Task } from "./task.ts";
import type { Server } from "./dns_config.ts";
import { answers, isFailure, isTruncated, question, type WireName } from "./dns_packet.ts";

const DNS_PORT = 53;
const ROUNDS = [3000, 11000, 45000];
const PATIENT_ROUND = 1;
const TCP_STEP = 10_000;
/** What a UDP answer may have (RFC 1035); a longer one comes by TCP. */
const MAX_DATAGRAM = 512;
const PORT_TRIES = 10;
const FIRST_PORT = 1025;
/** In a list of servers these mean: no server here (dns_transmit.c); connect(2) would take them for this host. */
const NOBODY = [ANY_ADDRESS, ANY_IPV6_ADDRESS];

/** The answer, or why there is none: the last that went wrong. */
export type Reply = Uint8Array | SystemError;

export class DnsQuery implements Task {
  readonly #servers: readonly Server[];
  readonly #name: WireName;
  readonly #type: number;
  readonly #done: (reply: Reply) => void;
  #round = 0;
  #server = -1;
  readonly #socket: AwaitedSocket;
  #question: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #error = new SystemError(EIO, "recv");

  /** Starts asking. `done` may be called before the constructor has returned. */
  constructor(
    loop: Loop,
    servers: readonly Server[],
    name: WireName,
    type: number,
    done: (reply: Reply) => void,
  ) {
    this.#socket = new AwaitedSocket(loop);
    this.#servers = servers;
    this.#name = name;
    this.#type = type;
    this.#done = done;
    this.#nextByUdp();
  }

  cancel(): void {
    this.#socket.close();
  }

  #finish(reply: Reply): void {
    this.cancel();
    this.#done(reply);
  }

  #await(events: number, patience: number, ready: () => void, late: () => void): void {
    this.#socket.await(events, patience, ready, () => {
      this.#error = new SystemError(ETIMEDOUT, "recv");
      late();
    });
  }

  /** A socket to the current server at a port that nobody can guess, and a question with such a number. */
  #open(type: "stream" | "datagram"): number {
    this.cancel();
    const [id = 0, ...ports] = crypto.getRandomValues(new Uint16Array(1 + PORT_TRIES));
    this.#question = question(id, this.#name, this.#type);
    const server = this.#servers[this.#server] ?? { address: ANY_ADDRESS };
    const { address } = server;
    const from = isIpv6(address) ? ANY_IPV6_ADDRESS : ANY_ADDRESS;
    this.#socket.fd = socket(type, address);
    const free = ports.map((port) => FIRST_PORT + port % (65536 - FIRST_PORT)).some((port) =>
      succeeds(() => bind(this.#socket.fd, { address: from, port }))
    );
    if (!free) bind(this.#socket.fd, { address: from, port: 0 });
    return connect(this.#socket.fd, { ...server, port: DNS_PORT });
  }

  /** Whether the current one is none. */
  get #isNobody(): boolean {
    return NOBODY.includes(this.#servers[this.#server]?.address ?? ANY_ADDRESS);
  }

  #failed(errno: number, call: string): void {
    this.#error = new SystemError(errno, call);
  }

  #nextByUdp(): void {
    for (;;) {
      if (++this.#server === this.#servers.length) {
        this.#server = 0;
        this.#round++;
      }
      const patience = ROUNDS[this.#round];
      if (patience === undefined) return this.#finish(this.#error);
      if (this.#isNobody) continue;
      try {
        const refused = this.#open("datagram");
        const sent = refused === 0 ? send(this.#socket.fd, this.#question) : -refused;
        if (sent === this.#question.length) {
          const next = (): void => this.#nextByUdp();
          return this.#await(EPOLLIN, patience, () => this.#readDatagram(), next);
        }
        this.#failed(-sent, "send");
      } catch (error) {
        // No descriptor is left for a socket: asking others would not help.
        if (!(error instanceof SystemError)) throw error;
        return this.#finish(error);
      }
    }
  }

  #readDatagram(): void {
    const buffer = new Uint8Array(MAX_DATAGRAM + 1);
    const got = receive(this.#socket.fd, buffer);
    if (got === -EAGAIN || got === -EINTR || got > MAX_DATAGRAM) return;
    if (got <= 0) {
      this.#failed(got === 0 ? EIO : -got, "recv");
      return this.#passOver();
    }
    const packet = buffer.subarray(0, got);
    if (!answers(packet, this.#question)) return;
    if (isTruncated(packet)) {
      this.#server = -1;
      return this.#nextByTcp();
    }
    if (isFailure(packet)) {
      this.#failed(EAGAIN, "recv");
      return this.#passOver();
    }
    this.#finish(packet);
  }

  #passOver(): void {
    if (this.#round !== PATIENT_ROUND) this.#nextByUdp();
  }

  #nextByTcp(): void {
    while (++this.#server < this.#servers.length) {
      if (this.#isNobody) continue;
      try {
        const reason = this.#open("stream");
        if (reason === 0 || reason === EINPROGRESS) {
          return this.#awaitTcp(EPOLLOUT, () => this.#sendByTcp());
        }
        this.#failed(reason, "connect");
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        return this.#finish(error);
      }
    }
    this.#finish(this.#error);
  }

  #awaitTcp(events: number, ready: () => void): void {
    this.#await(events, TCP_STEP, ready, () => this.#nextByTcp());
  }

  /** send(2) tells, too, when the connection has failed. A new one takes the few bytes of a question in one go. */
  #sendByTcp(): void {
    const { length } = this.#question;
    const message = new Uint8Array(2 + length);
    message.set([length >> 8, length & 255]);
    message.set(this.#question, 2);
    const sent = send(this.#socket.fd, message);
    if (sent === -EAGAIN) return;
    if (sent !== message.length) {
      this.#failed(sent < 0 ? -sent : EIO, "send");
      return this.#nextByTcp();
    }
    const answer = new TcpAnswer();
    this.#awaitTcp(EPOLLIN, () => {
      const got = receive(this.#socket.fd, answer.room);
      if (got === -EAGAIN || got === -EINTR) return;
      if (got <= 0) {
        this.#failed(got === 0 ? EIO : -got, "recv");
        return this.#nextByTcp();
      }
      const packet = answer.take(got);
      if (packet !== undefined) this.#judgeTcp(packet);
    });
  }

  #judgeTcp(packet: Uint8Array): void {
    const fits = answers(packet, this.#question) && !isTruncated(packet);
    if (fits && !isFailure(packet)) return this.#finish(packet);
    // dns_transmit.c, too, has other words for what is no answer.
    this.#failed(fits ? EAGAIN : EIO, "recv");
    this.#nextByTcp();
  }
}

/** An answer that comes by TCP: two bytes that tell its length, then itself. */
class TcpAnswer {
  #bytes = new Uint8Array(2);
  #length = 0;

  /** Where the next bytes are to be put. */
  get room(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#length);
  }

  /** `count` bytes were put there; the answer, if it is whole now. */
  take(count: number): Uint8Array | undefined {
    this.#length += count;
    if (this.#length === 2) {
      const [high = 0, low = 0] = this.#bytes;
      this.#bytes = new Uint8Array(2 + high * 256 + low);
    }
    return this.#length === this.#bytes.length ? this.#bytes.subarray(2) : undefined;
  }
}
