// SPDX-License-Identifier: 0BSD
/**
 * A server: takes clients in at a listening socket, finds out who they are, and runs a program for each.
 *
 * One loop does it for all. A client goes through the stages in client_look_ups.ts; a stage may begin a look-up, and then
 * the client waits for that, and nobody else does.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { SIGTERM } from "../os/constants.ts";
import {
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  SystemError,
  unlessRefused,
} from "../os/errno.ts";
import { close } from "../os/file.ts";
import type { Loop } from "../os/loop.ts";
import { POLLOUT, PollSet, sleep } from "../os/poll.ts";
import type { Inheritance } from "../os/process.ts";
import { CALM, releaseMemory } from "../os/idle_memory.ts";
import type { SignalDescriptor } from "../os/signal.ts";
import { accept, type Accepted, localEnd, send } from "../os/socket.ts";
import { type Ended, waitIfEnded } from "../os/wait.ts";
import type { Environment } from "../cli/environment.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";
import { AddressCounts, type AddressLimit } from "./address_limit.ts";
import {
  asksNobody,
  type LookUps,
  type NamePolicy,
  STAGES,
  type Subject,
} from "./client_look_ups.ts";
import type { Task } from "./task.ts";
import { FormerClients } from "./former_clients.ts";
import { RuleFile, type Verdict } from "./rules.ts";
import { type Child, ProgramStarter } from "./served_program.ts";
import { StatusLog } from "./status_log.ts";
import {
  type AddressForm,
  connectionVariables,
  EnvironLayouts,
  logFields,
  shownAddress,
} from "./ucspi.ts";
import { EVERYTHING } from "./verbosity.ts";

/** What a server is to do. */
export interface ServerOptions extends ServerPolicy, LookUps {
  /** The name in front of its messages. */
  readonly name: string;
  readonly program: readonly [ByteString, ...ByteString[]];
  readonly env: Environment;
  readonly inheritance: Inheritance;
  /** The listening socket, nonblocking. */
  readonly listener: number;
  /** SIGCHLD and SIGTERM. */
  readonly signals: SignalDescriptor;
  readonly form: AddressForm;
}

/** Whom it lets in, what it finds out about them, and what they get. */
export interface ServerPolicy extends NamePolicy {
  /** How many clients there may be at a time. */
  readonly limit: number;
  /** How many of the same address, and what one too many is told. */
  readonly addressLimit: AddressLimit;
  readonly verbosity: number;
  readonly banner: ByteString;
  readonly killOptions: boolean;
  readonly noDelay: boolean;
  /** The cdb with the access rules. */
  readonly rules: ByteString | undefined;
  /** Whether everybody may come in where there is no such file. */
  readonly allowWithoutRules: boolean;
}

/** A client and its child. */
interface Client extends Subject {
  readonly child: Child;
  stage: number;
  /** The look-up that it waits for. */
  task: Task | undefined;
  /** Whether its child has been told to become the program. */
  released: boolean;
}

const DROPPING = "dropping connection, ";
/** How the child of a client ends that the rules deny, as tcpserver.c has it. */
const EXIT_DENIED = 100;
/** Milliseconds to wait where a client can't be taken in for want of descriptors or memory. */
const RETRY = 250;
const WANTS = [EMFILE, ENFILE, ENOBUFS, ENOMEM];
/** Milliseconds until it is looked again whether a client of the server before this one has gone. */
const LOOK_AGAIN = 1000;
/** Milliseconds that a child at most needs from its release to where it does not end with us. */
const FAREWELL = 1000;

export class TcpServer {
  readonly #options: ServerOptions;
  readonly #loop: Loop;
  readonly #starter: ProgramStarter;
  readonly #layouts: EnvironLayouts;
  readonly #log: StatusLog;
  readonly #rules: RuleFile | undefined;
  readonly #clients = new Map<number, Client>();
  /** How many have been taken in. */
  #taken = 0;
  readonly #addresses = new AddressCounts();
  readonly #former: FormerClients;
  readonly #decidesAtOnce: boolean;
  #wanting = false;
  /** Whether only clients of the server before this one leave no room. */
  #crowded = false;
  #ending = false;
  /** Whether children have ended that were not waited for. */
  #childrenEnded = false;
  /** Descriptor 2, and the signals. */
  readonly #outlet = new PollSet(2);

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#loop = options.resolver.loop;
    this.#log = new StatusLog(options.name, options.verbosity, (waits) => this.#mayWrite(waits));
    this.#layouts = new EnvironLayouts(options.env);
    this.#rules = options.rules === undefined ? undefined : new RuleFile(options.rules);
    this.#former = new FormerClients(localEnd(options.listener), this.#addresses);
    this.#decidesAtOnce = asksNobody(options) && options.verbosity < EVERYTHING;
    this.#starter = new ProgramStarter({
      argv: options.program,
      path: options.env.get("PATH"),
      inheritance: options.inheritance,
      listener: options.listener,
      banner: options.banner,
      killOptions: options.killOptions,
      noDelay: options.noDelay,
    });
  }

  /** Serves until SIGTERM. */
  serve(): void {
    this.#loop.poller.add(this.#options.signals.fd, () => {
      this.#readSignals();
      this.#listen();
    });
    this.#logStatus();
    this.#reap();
    this.#listen();
    this.#restWhenCalm();
    for (;;) {
      this.#log.flush();
      if (this.#ending) break;
      if (this.#childrenEnded) {
        this.#readSignals();
        this.#listen();
      } else this.#loop.turn();
    }
    this.#partFromReleased();
  }

  /** Whether descriptor 2 has room for what is said. SIGTERM ends the waiting for that. */
  #mayWrite(waits: boolean): boolean {
    const { fd } = this.#options.signals;
    for (;;) {
      this.#outlet.set(0, 2, POLLOUT);
      this.#outlet.set(1, fd);
      // Where we may have no descriptors poll(2) refuses to wait for two.
      const polled = unlessRefused(() => this.#outlet.wait(waits && !this.#ending ? -1 : 0));
      if (polled === undefined || this.#outlet.happened(0) !== 0) return true;
      if (!waits || this.#ending) return false;
      this.#takeSignals();
    }
  }

  #restWhenCalm(): void {
    const taken = this.#taken;
    this.#loop.timers.after(CALM, () => {
      if (taken === this.#taken && this.#clients.size === 0) releaseMemory();
      else this.#restWhenCalm();
    });
  }

  #logStatus(count = this.#clients.size): void {
    this.#log.say(`status: ${count}/${this.#options.limit}`);
  }

  /** Listens as long as there is room. */
  #listen(): void {
    const { listener, limit } = this.#options;
    const { poller } = this.#loop;
    const room = this.#clients.size < limit && !this.#crowded;
    const open = room && !this.#wanting && !this.#ending;
    if (open === poller.has(listener)) return;
    if (!open) return poller.remove(listener);
    try {
      poller.add(listener, () => this.#acceptClient());
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#waitForWants(error);
    }
  }

  /** One a turn: a signal that came before the next client counts before it. */
  #acceptClient(): void {
    this.#readSignals();
    if (!this.#ending && this.#findsRoom()) {
      const accepted = accept(this.#options.listener);
      if (typeof accepted !== "number") {
        if (!this.#turnsAway(accepted)) this.#take(accepted);
      } else if (WANTS.includes(accepted)) {
        this.#waitForWants(new SystemError(accepted, "accept"));
      }
    }
    this.#listen();
  }

  /** Whether there is room beside the clients of the server before this one; if not, it will be looked again later. */
  #findsRoom(): boolean {
    const { limit } = this.#options;
    if (this.#clients.size >= limit) return false;
    const room = (): boolean => this.#clients.size + this.#former.count < limit;
    if (room()) return true;
    this.#former.look();
    if (room()) return true;
    // Nobody tells us when a client that is not ours goes.
    this.#crowded = true;
    this.#loop.timers.after(LOOK_AGAIN, () => {
      this.#crowded = false;
      this.#listen();
    });
    return false;
  }

  #waitForWants(error: SystemError): void {
    this.#log.warn("unable to accept", error);
    this.#wanting = true;
    this.#loop.timers.after(RETRY, () => {
      this.#wanting = false;
      this.#listen();
    });
  }

  /** Whether it is one too many from its address: then it is told so, and that was all. */
  #turnsAway({ fd, address }: Accepted): boolean {
    const { form, addressLimit: { most, text } } = this.#options;
    if (most === 0 || this.#addresses.of(address) < most) return false;
    this.#former.look();
    const count = this.#addresses.of(address);
    if (count < most) return false;
    this.#log.say(`refuse ${shownAddress(address, form)}: ${count}/${most}`);
    // Where it does not fit into a new connection's buffer, it is no use waiting.
    if (text !== "") send(fd, toBytes(text));
    close(fd);
    return true;
  }

  #take({ fd, address, port, scope }: Accepted): void {
    this.#taken++;
    this.#logStatus(this.#clients.size + 1);
    const child = this.#starter.next();
    let client: Client;
    try {
      client = {
        child,
        local: localEnd(fd),
        remote: { address, port, scope },
        localHost: this.#options.localHost,
        remoteHost: undefined,
        remoteInfo: undefined,
        stage: 0,
        task: undefined,
        released: false,
      };
      // Where nobody is asked, and nobody told, a process that waits for our word would have been woken up for nothing.
      if (this.#decidesAtOnce) this.#decide(client);
      child.start(fd);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const step = error.call === "getsockname" ? "get local address" : "fork";
      this.#log.warn(`${DROPPING}unable to ${step}`, error);
      this.#starter.reuse(child);
      this.#logStatus();
      return;
    } finally {
      close(fd);
    }
    this.#clients.set(child.pid, client);
    this.#addresses.add(address);
    this.#log.say(`pid ${child.pid} from ${shownAddress(address, this.#options.form)}`);
    if (!this.#decidesAtOnce) this.#advance(client);
  }

  /** Goes on to the next stage that begins a look-up, or, if there is none, decides. */
  #advance(client: Client): void {
    client.task = undefined;
    for (;;) {
      const stage = STAGES[client.stage++];
      if (stage === undefined) return this.#decide(client);
      const { stage: at } = client;
      const task = stage(client, this.#options, () => this.#advance(client));
      if (task === undefined) continue;
      // A look-up that ended at once has led on already.
      if (client.stage === at) client.task = task;
      return;
    }
  }

  #decide(client: Client): void {
    const { child } = client;
    let verdict: Verdict | undefined;
    try {
      verdict = this.#lookUpRule(client);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log.warn(`${DROPPING}unable to read ${this.#options.rules}`, error);
      return child.exit(EXIT_TEMPORARY);
    }
    const deny = verdict?.deny ?? false;
    this.#log.say(`${deny ? "deny" : "ok"} ${child.pid} ${logFields(client, this.#options.form)}`);
    // The program may say something as soon as it is let go.
    this.#log.flush();
    if (deny) return child.exit(EXIT_DENIED);
    const changes = [
      ...connectionVariables(client, this.#options.form),
      ...(verdict?.variables ?? []),
    ];
    client.released = true;
    child.run(
      this.#layouts.after(changes),
      changes.map(([name, value]) => value === undefined ? undefined : `${name}=${value}`),
    );
  }

  #lookUpRule(client: Client): Verdict | undefined {
    try {
      return this.#rules?.lookUp({
        ip: shownAddress(client.remote.address, this.#options.form),
        host: client.remoteHost,
        info: client.remoteInfo,
      });
    } catch (error) {
      const missing = error instanceof SystemError && error.errno === ENOENT;
      if (missing && this.#options.allowWithoutRules) return undefined;
      throw error;
    }
  }

  #readSignals(): void {
    this.#takeSignals();
    if (!this.#childrenEnded || this.#ending) return;
    this.#childrenEnded = false;
    this.#reap();
  }

  #takeSignals(): void {
    this.#options.signals.each(({ signal }) => {
      if (signal === SIGTERM) this.#ending = true;
      else this.#childrenEnded = true;
    });
  }

  /** One SIGCHLD may stand for many children. */
  #reap(): void {
    for (let ended = waitIfEnded(-1); ended !== undefined; ended = waitIfEnded(-1)) {
      this.#part(ended);
    }
  }

  #part({ pid, status }: Ended): void {
    // One that is not known was there before us: whoever exec'ed us had it.
    const client = this.#clients.get(pid);
    if (client !== undefined) {
      client.task?.cancel();
      const { mishap } = client.child;
      if (mishap !== undefined) {
        this.#log.warn(DROPPING + mishap.text, new SystemError(mishap.errno, "execve"));
      }
      this.#clients.delete(pid);
      this.#addresses.remove(client.remote.address);
      this.#starter.reuse(client.child);
    }
    this.#log.say(`end ${pid} status ${status}`);
    this.#logStatus();
  }

  /** Clients that were let in outlive us; a child needs a moment after its release until it no longer dies with us. */
  #partFromReleased(): void {
    const released = [...this.#clients.values()].filter((client) => client.released);
    for (let waited = 0; waited < FAREWELL; waited++) {
      if (released.every((client) => client.child.onItsOwn)) return;
      sleep(1);
    }
  }
}
