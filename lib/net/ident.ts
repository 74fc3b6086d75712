// SPDX-License-Identifier: 0BSD
/**
 * Asks the host of a client whose connection that is: RFC 1413, as remoteinfo.c does it.
 *
 * What stands behind the third colon of the answer's first line counts, without spaces, tabs and CRs, whatever the rest
 * says; so an ERROR is the empty information. No line, no information.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { monotonic } from "../os/clock.ts";
import { EPOLLIN, EPOLLOUT } from "../os/constants.ts";
import { EAGAIN, EINPROGRESS, EINTR, SystemError } from "../os/errno.ts";
import type { Loop } from "../os/loop.ts";
import { bind, connect, receive, send, socket } from "../os/socket.ts";
import { AwaitedSocket, IOPAUSE_GRACE, type Task } from "./task.ts";
import type { Connection } from "./ucspi.ts";

const IDENT_PORT = 113;
const MAX_INFORMATION = 257;
/** One for all: it is read and dealt with in one go. */
const buffer = new Uint8Array(4096);

/** What a line has told so far. */
export class IdentReader {
  #colons = 0;
  #information = "";

  /** Takes what came; the information as soon as it is whole. */
  take(bytes: Uint8Array): ByteString | undefined {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte === 0x20 || byte === 0x09 || byte === 0x0d) continue;
      if (byte === 0x0a) return this.#information;
      if (this.#colons < 3) {
        if (byte === 0x3a) this.#colons++;
        continue;
      }
      this.#information += String.fromCharCode(byte);
      if (this.#information.length >= MAX_INFORMATION) return this.#information;
    }
    return undefined;
  }
}

/** Told the information when it is there, or undefined where there is no answer. */
export type IdentDone = (information: ByteString | undefined) => void;

/** Asks, and waits for the answer; undefined: there is none. */
export function askIdentNow(
  loop: Loop,
  connection: Connection,
  seconds: number,
): ByteString | undefined {
  let answer: { readonly information: ByteString | undefined } | undefined;
  new IdentQuery(loop, connection, seconds, (information) => answer = { information });
  while (answer === undefined) loop.turn();
  return answer.information;
}

/** One question, under way in a loop. */
export class IdentQuery implements Task {
  readonly #connection: Connection;
  /** When all of it must have come to an end, by the monotonic clock: connecting and waiting share the time. */
  readonly #due: number;
  readonly #done: IdentDone;
  readonly #reader = new IdentReader();
  readonly #socket: AwaitedSocket;

  /** `done` may be called before the constructor has returned. */
  constructor(
    loop: Loop,
    connection: Connection,
    seconds: number,
    done: IdentDone,
  ) {
    this.#socket = new AwaitedSocket(loop);
    this.#connection = connection;
    this.#due = monotonic() + seconds * 1000 + IOPAUSE_GRACE;
    this.#done = done;
    this.#connect();
  }

  cancel(): void {
    this.#socket.close();
  }

  /** The information is for a variable, and that ends at a NUL. */
  #finish(information: ByteString | undefined): void {
    this.cancel();
    this.#done(information?.split("\0", 1)[0]);
  }

  #await(events: number, ready: () => void): void {
    const left = Math.max(0, this.#due - monotonic());
    this.#socket.await(events, left, ready, () => this.#finish(undefined));
  }

  #connect(): void {
    const { local, remote } = this.#connection;
    try {
      this.#socket.fd = socket("stream", remote.address);
      // The host knows the connection only if it is asked from the address that it is connected to.
      bind(this.#socket.fd, { ...local, port: 0 });
      const error = connect(this.#socket.fd, { ...remote, port: IDENT_PORT });
      if (error === 0 || error === EINPROGRESS) this.#await(EPOLLOUT, () => this.#ask());
      else this.#finish(undefined);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#finish(undefined);
    }
  }

  /** On a connection that has failed, send(2) tells it. */
  #ask(): void {
    const { local, remote } = this.#connection;
    const question = toBytes(`${remote.port} , ${local.port}\r\n`);
    const sent = send(this.#socket.fd, question);
    if (sent === -EAGAIN) return;
    if (sent !== question.length) return this.#finish(undefined);
    this.#await(EPOLLIN, () => this.#read());
  }

  #read(): void {
    const got = receive(this.#socket.fd, buffer);
    if (got === -EAGAIN || got === -EINTR) return;
    if (got <= 0) return this.#finish(undefined);
    const information = this.#reader.take(buffer.subarray(0, got));
    if (information !== undefined) this.#finish(information);
  }
}
