// SPDX-License-Identifier: 0BSD
/**
 * The program that a server runs for each client, with the connection as its descriptors 0 and 1.
 *
 * Its process is there as soon as the client is, waits at a gate while the server finds out who the client is, and
 * then becomes the program or ends. Where there is nothing to find out, it has its orders before it is started. All
 * that differs from client to client is a handful of words in its list of calls; lists are used again when their
 * process has ended.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import {
  IP_OPTIONS,
  IPPROTO_IP,
  IPPROTO_TCP,
  KERNEL_SIGSET_SIZE,
  PR_SET_PDEATHSIG,
  SIG_SETMASK,
  SIGCHLD,
  SIGKILL,
  SIGPIPE,
  TCP_NODELAY,
} from "../os/constants.ts";
import { ENOENT } from "../os/errno.ts";
import { type EnvironLayout, EnvironMemory } from "../os/environ.ts";
import { type Call, DEFAULT_ACTION, Fork, NO_FAULT_HANDLERS, words64 } from "../os/fork.ts";
import { cString, stringArray } from "../os/c_string.ts";
import { type Inheritance, softLimits } from "../os/process.ts";
import { getLimit, limitPair } from "../os/rlimit.ts";
import { handOn } from "../os/spawn.ts";
import { maskOf } from "../os/signal.ts";
import { reportedError, SEARCH_GOES_ON, searchPath } from "../cli/path_search.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";

/** What is the same for every client. */
export interface ServedProgram {
  readonly argv: readonly ByteString[];
  /** Where it is looked for. */
  readonly path: ByteString | undefined;
  readonly inheritance: Inheritance;
  /** The socket that clients come in by: not for the child. */
  readonly listener: number;
  readonly banner: ByteString;
  /** Whether IP options are taken off the connection. */
  readonly killOptions: boolean;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
}

/** What went wrong in a child before it was its program. */
export interface Mishap {
  readonly text: ByteString;
  readonly errno: number;
}

/** Starts children, and keeps the lists of calls of those that have ended. */
export class ProgramStarter {
  readonly #calls: CallPlan;
  readonly #idle: Child[] = [];

  constructor(program: ServedProgram) {
    this.#calls = planCalls(program);
  }

  /** A child that is still to be started. */
  next(): Child {
    const child = this.#idle.pop() ?? new Child(this.#calls);
    child.prepare();
    return child;
  }

  /** `child` has ended, or has never begun, and nobody asks it anything any more. */
  reuse(child: Child): void {
    this.#idle.push(child);
  }
}

/** One client's process. */
export class Child {
  readonly #plan: CallPlan;
  readonly #fork: Fork;
  readonly #environ = new EnvironMemory();
  #pid = 0;

  constructor(plan: CallPlan) {
    this.#plan = plan;
    this.#fork = new Fork(plan.calls);
  }

  get pid(): number {
    return this.#pid;
  }

  /** Makes it as if it had never been started. */
  prepare(): void {
    const { verdict } = this.#plan;
    this.#fork.shut();
    this.#fork.become(verdict, "exit_group");
    this.#fork.set(verdict, 0, EXIT_TEMPORARY);
  }

  /** Starts it with the connection `socket`. If it has not been told what to do, it waits for that. Throws SystemError. */
  start(socket: number): void {
    for (const call of this.#plan.sockets) this.#fork.set(call, 0, socket);
    this.#pid = this.#fork.start();
  }

  /** It is to become the program, with this environment. */
  run(layout: EnvironLayout, texts: readonly (ByteString | undefined)[]): void {
    const environ = this.#environ.write(layout, texts);
    for (const call of this.#plan.execs) this.#fork.set(call, 2, environ);
    this.#fork.become(this.#plan.verdict, "getpid");
    this.#fork.open();
  }

  /** It is to end. */
  exit(code: number): void {
    this.#fork.set(this.#plan.verdict, 0, code);
    this.#fork.open();
  }

  /** Whether it is beyond the point where it would end with us. */
  get onItsOwn(): boolean {
    return this.#fork.made(this.#plan.farewell);
  }

  /** Of a child that has ended: what went wrong in it before it was its program. */
  get mishap(): Mishap | undefined {
    const { banner, descriptors, execs, program } = this.#plan;
    const unset = descriptors.map((call) => this.#fork.errorOf(call)).find((errno) => errno !== 0);
    if (unset !== undefined) return { text: "unable to set up descriptors", errno: unset };
    const unprinted = banner === undefined ? 0 : this.#fork.errorOf(banner);
    if (unprinted !== 0) return { text: "unable to print banner", errno: unprinted };
    // The one that succeeded never came back.
    const errors = execs.filter((call) => this.#fork.made(call)).map((call) =>
      this.#fork.errorOf(call)
    );
    const last = errors.at(-1);
    if (last === undefined) return undefined;
    if (SEARCH_GOES_ON.includes(last) && errors.length < execs.length) return undefined;
    return { text: `unable to run ${program}`, errno: reportedError(errors) };
  }
}

/** The list of calls, and where in it those stand that the server has to do with. */
interface CallPlan {
  readonly calls: readonly Call[];
  readonly program: ByteString;
  /** What puts descriptors in their places, `sockets` among them. */
  readonly descriptors: readonly number[];
  readonly sockets: readonly number[];
  readonly banner: number | undefined;
  readonly verdict: number;
  readonly farewell: number;
  readonly execs: readonly number[];
}

function planCalls(program: ServedProgram): CallPlan {
  const { inheritance } = program;
  const calls: Call[] = [];
  const add = (call: Call): number => calls.push(call) - 1;
  const mask = inheritance.mask & ~maskOf([SIGCHLD]);

  NO_FAULT_HANDLERS.forEach(add);
  // Whoever kills the server kills the clients that it has not let in yet.
  add({ name: "prctl", args: [PR_SET_PDEATHSIG, SIGKILL] });
  add({ name: "close", args: [program.listener] });
  const sockets = [0, 1].map((fd) => add({ name: "dup3", args: [-1, fd, 0], passedOver: [] }));
  if (program.killOptions) {
    add({ name: "setsockopt", args: [0, IPPROTO_IP, IP_OPTIONS, 0, 0] });
  }
  if (program.noDelay) {
    add({ name: "setsockopt", args: [0, IPPROTO_TCP, TCP_NODELAY, word32(1), 4] });
  }
  const banner = program.banner === "" ? undefined : calls.length;
  if (banner !== undefined) {
    const text = toBytes(program.banner);
    add({ name: "write", args: [0, text, text.length], passedOver: [] });
  }
  add({ name: "rt_sigaction", args: [SIGPIPE, DEFAULT_ACTION, 0, KERNEL_SIGSET_SIZE] });
  add({ name: "rt_sigprocmask", args: [SIG_SETMASK, words64(mask), 0, KERNEL_SIGSET_SIZE] });
  const mappings = inheritance.descriptors.map(([ours, theirs]) => add(handOn(ours, theirs)));
  add({ name: "gate" });
  const verdict = add({ name: "exit_group", args: [EXIT_TEMPORARY] });
  const farewell = add({ name: "prctl", args: [PR_SET_PDEATHSIG, 0] });
  for (const [resource, soft] of softLimits(inheritance)) {
    const { hard } = getLimit(resource);
    add({ name: "prlimit64", args: [0, resource, limitPair(soft, hard), 0] });
  }
  const argv = stringArray(program.argv);
  const execs = candidates(program).map((file) =>
    add({
      name: "execve",
      args: [cString(file), argv, 0],
      passedOver: SEARCH_GOES_ON,
    })
  );
  add({ name: "exit_group", args: [EXIT_TEMPORARY] });
  return {
    calls,
    program: program.argv[0] ?? "",
    descriptors: [...sockets, ...mappings],
    sockets,
    banner,
    verdict,
    farewell,
    execs,
  };
}

/** The files that the program may be, in the order in which they are tried. */
function candidates({ argv, path }: ServedProgram): ByteString[] {
  const files: ByteString[] = [];
  searchPath(argv[0] ?? "", path, (file) => {
    files.push(file);
    return ENOENT;
  });
  // No name at all: what the search would try is a directory, and running that is denied.
  return files.length > 0 ? files : ["/"];
}

function word32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Int32Array([value]).buffer);
}
