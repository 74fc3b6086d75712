// SPDX-License-Identifier: 0BSD
/**
 * A second pair of hands for the log pipes: a process (lib/os/holder.ts) that has the reading ends of all of them.
 *
 * C's svscan has a supervise for each logger, which keeps the pipe when svscan and the logger are both killed. Ours is
 * one process: without this one a service would get SIGPIPE then, and what is in the pipe would be lost. The next
 * svscan takes the pipes from it and ends it; where there is no next one, it ends when the services have ended and
 * their pipes are empty.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGKILL } from "../os/constants.ts";
import { readDirectory, workingDirectory } from "../os/directory.ts";
import { succeeds, SystemError, unlessErrno, unlessRefused } from "../os/errno.ts";
import { close, readlink } from "../os/file.ts";
import { startHolder } from "../os/holder.ts";
import { allProcesses, commandName, GONE, isReadable } from "../os/proc.ts";
import { kill, openPidfd } from "../os/process.ts";
import { warn } from "../cli/messages.ts";
import type { Timer } from "../os/timers.ts";
import { EndedChildren, waitIfEnded } from "../os/wait.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long until it is looked again where the pipes are held by nobody, in milliseconds. */
const AGAIN = 1000;

/** What the process calls itself: in `ps`, with svscan's directory behind it. */
const NAME = "log-pipes";

/** The two ends of a pipe. */
export interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** The descriptor at which a service has its log pipe, */
export const SERVICE_END = 1;
/** and its logger. */
export const LOGGER_END = 0;

/** What the pipe open at `fd` is called: `pipe:[INODE]`. */
export function pipeName(fd: number): ByteString {
  return readlink(`/proc/self/fd/${fd}`);
}

/** Where somebody has a pipe. */
export interface Held {
  readonly pid: number;
  readonly fd: number;
}

/** The same, with the pipe's name. */
export interface HeldPipe extends Held {
  readonly name: ByteString;
}

/**
 * The pipes that process `pid` has. Another user's are not for us to see.
 *
 * @throws SystemError where it cannot be looked at now
 */
export function pipesOf(pid: number): HeldPipe[] {
  const folder = `/proc/${pid}/fd`;
  return (unlessErrno(GONE, () => readDirectory(folder)) ?? []).flatMap((entry) => {
    const name = unlessErrno(GONE, () => readlink(`${folder}/${entry}`));
    return name?.startsWith("pipe:") ? [{ pid, fd: Number(entry), name }] : [];
  });
}

/** The processes like this one, whoever has started them, and the pipes that each of them holds: it can read from them. */
function holders(): Map<number, HeldPipe[]> {
  const pids = allProcesses().filter((pid) => commandName(pid) === NAME);
  return new Map(
    pids.map((pid) => [pid, pipesOf(pid).filter(({ fd }) => isReadable(pid, fd))]),
  );
}

/** The pipes that are held, by their names. */
export function heldPipes(): Map<ByteString, Held[]> {
  const found = new Map<ByteString, Held[]>();
  for (const held of [...holders().values()].flat()) {
    found.set(held.name, [...found.get(held.name) ?? [], held]);
  }
  return found;
}

/**
 * Starts such a process. Returns its pid.
 *
 * @param directory svscan's, for `ps`
 * @throws SystemError where there can be none
 */
export function startLogPipes(
  pipes: readonly Pipe[],
  directory: ByteString,
  { environ, inheritance }: Pick<Surroundings, "environ" | "inheritance">,
): number {
  const readers = pipes.map(({ reader }) => reader);
  return startHolder({ name: NAME, argv: [NAME, directory], environ, inheritance, readers });
}

/** The process of one svscan. */
export class LogPipes {
  #pid = 0;
  /** The pidfd of that process; -1: none. */
  #pidfd = -1;
  /** What is to be held, and what was given to that process. */
  #wanted: readonly Pipe[] = [];
  #pipes: readonly Pipe[] = [];
  /** Whether there need be no process: there are no pipes, or nobody writes to them and nothing is in them. */
  #isDone = true;
  /** Whether somebody else may hold them, too. */
  #othersHold = false;
  #complained = false;
  readonly #ended = new EndedChildren();
  /** Set where it is to be looked again. */
  #again: Timer | undefined;

  /** @param name what is in front of messages */
  constructor(
    private readonly name: string,
    private readonly surroundings: Omit<Surroundings, "starts" | "adopts">,
  ) {}

  /** 0: there is none. */
  get pid(): number {
    return this.#pid;
  }

  /** Among those that are to be held from the next `hold` on, there are some that somebody else may hold, too. */
  expectOthers(): void {
    this.#othersHold = true;
  }

  /**
   * Sees to it that `pipes` are held from now on; somebody else who holds them is ended when we do. Where the system
   * refuses something, it is tried again each second.
   */
  hold(pipes: readonly Pipe[]): void {
    this.#wanted = pipes;
    this.#ended.reap();
    const ended = this.#pid === 0 ? undefined : waitIfEnded(this.#pid);
    if (ended !== undefined) {
      this.#pid = 0;
      this.#isDone = ended.status === 0;
    }
    if (!this.#areHeld) this.#renew();
    if (this.#othersHold && this.#areHeld) this.#othersHold = !this.#endOthers();
    if (!this.#areHeld || this.#othersHold) this.#lookAgain();
  }

  /** In a second: a process that always ends at once, or cannot be made, is no reason to do nothing else. */
  #lookAgain(): void {
    this.#again?.cancel();
    this.#again = this.surroundings.timers.after(AGAIN, () => this.look());
  }

  get #areHeld(): boolean {
    // Not their descriptors: those may be another pipe's by now.
    const same = this.#wanted.length === this.#pipes.length &&
      this.#wanted.every((pipe, i) => pipe === this.#pipes[i]);
    return same && (this.#pid !== 0 || this.#isDone);
  }

  /** Sees to it that what was to be held still is. */
  look(): void {
    this.hold(this.#wanted);
  }

  /** The new one is there before the other one is ended. */
  #renew(): void {
    const former = this.#pid;
    const pipes = this.#wanted;
    try {
      this.#pid = pipes.length === 0 ? 0 : this.#start(pipes);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (!this.#complained) warn(this.name, "unable to have log pipes held", error);
      this.#complained = true;
      return;
    }
    this.#pipes = pipes;
    this.#isDone = this.#pid === 0;
    this.#complained = false;
    this.#ignore();
    this.#endHolder(former);
    this.#watch();
  }

  /** Has the process's end noticed. Where the system refuses that, the next `look` sees it. */
  #watch(): void {
    if (this.#pid === 0) return;
    this.#pidfd = unlessRefused(() => openPidfd(this.#pid)) ?? -1;
    if (this.#pidfd < 0) return;
    unlessRefused(() =>
      this.surroundings.poller.add(this.#pidfd, () => {
        this.#ignore();
        this.#lookAgain();
      })
    );
  }

  #ignore(): void {
    if (this.#pidfd < 0) return;
    this.surroundings.poller.remove(this.#pidfd);
    close(this.#pidfd);
    this.#pidfd = -1;
  }

  #start(pipes: readonly Pipe[]): number {
    const directory = unlessRefused(workingDirectory) ?? ".";
    return startLogPipes(pipes, directory, this.surroundings);
  }

  /**
   * Ends whoever else holds them, and them alone: the pipe of a service that we don't see (now) is left to who has it.
   *
   * @returns false where that cannot be found out
   */
  #endOthers(): boolean {
    return succeeds(() => {
      const ours = new Set(this.#pipes.map(({ reader }) => pipeName(reader)));
      for (const [pid, held] of holders()) {
        const allOurs = held.length > 0 && held.every(({ name }) => ours.has(name));
        if (allOurs && pid !== this.#pid) kill(pid, SIGKILL);
      }
    });
  }

  #endHolder(pid: number): void {
    if (pid === 0) return;
    kill(pid, SIGKILL);
    this.#ended.take(pid);
  }

  /** Nobody needs the pipes any more. */
  end(): void {
    this.#again?.cancel();
    this.#ignore();
    this.#endHolder(this.#pid);
    this.#pid = 0;
    this.#pipes = this.#wanted = [];
    this.#isDone = true;
  }
}
