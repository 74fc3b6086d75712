// SPDX-License-Identifier: 0BSD
/**
 * svscan starts itself over, with the version of djbox that is now where it was called from: same pid, same children,
 * same descriptors.
 *
 * execve(2) cannot be taken back, so what is there is tried first, beside us and with all that it would get: it must
 * read the state and say that it has understood. What is missing, broken, too old or another program does not.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGKILL, X_OK } from "../os/constants.ts";
import { workingDirectory } from "../os/directory.ts";
import { SystemError } from "../os/errno.ts";
import { access, close } from "../os/file.ts";
import { exec, kill, openPidfd, signalPidfd } from "../os/process.ts";
import { LAUNCHER_BLOCKS, maskOf } from "../os/signal.ts";
import { spawn } from "../os/spawn.ts";
import type { Timer } from "../os/timers.ts";
import { type Ended, EndedChildren, signalOf } from "../os/wait.ts";
import { orWarn, warn } from "../cli/messages.ts";
import { searchPath } from "../cli/path_search.ts";
import type { Context } from "../cli/tool.ts";
import type { Handed } from "./handed.ts";
import { parcel, wasUnderstood } from "./handover.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long a trial may take. */
const PATIENCE = 10_000;
/** What a program that knows of no trials gets for the directory: svscan's of others end at once. */
const NO_DIRECTORY = "/dev/null";

/** A trial under way. */
interface Trial {
  readonly path: ByteString;
  readonly pid: number;
  /** Its pidfd. */
  readonly pidfd: number;
  /** The file that it answers in. */
  readonly file: number;
  readonly timer: Timer;
}

export class Upgrade {
  readonly #file: ByteString;
  #trial: Trial | undefined;
  readonly #ended = new EndedChildren();

  /**
   * To be made before the working directory changes.
   *
   * @param handed what is to be handed on at that moment
   */
  constructor(
    private readonly context: Context,
    private readonly surroundings: Surroundings,
    private readonly handed: () => Handed,
  ) {
    const { file } = context;
    const relative = file.includes("/") && !file.startsWith("/");
    this.#file = relative ? `${workingDirectory()}/${file}` : file;
  }

  /** The pid of what is being tried; 0: nothing is. */
  get pid(): number {
    return this.#trial?.pid ?? 0;
  }

  /** Starts over, some milliseconds from now: supervision goes on meanwhile. Where that can't be, says why. */
  begin(): void {
    if (this.#trial !== undefined) return;
    this.#ended.reap();
    const reason = searchPath(this.#file, this.context.env.get("PATH"), (path) => {
      const reason = access(path, X_OK);
      if (reason === 0) this.#attempt(path, () => this.#try(path));
      return reason;
    });
    if (reason !== 0) this.#refuse(this.#file, new SystemError(reason, "access"));
  }

  #refuse(path: ByteString, cause: unknown): void {
    warn(this.context.name, `unable to upgrade to ${path}`, cause);
  }

  #attempt(path: ByteString, action: () => void): void {
    orWarn(this.context.name, `unable to upgrade to ${path}`, action);
  }

  #try(path: ByteString): void {
    const { poller, timers } = this.surroundings;
    const { context } = this;
    const { file, environ, inheritance } = parcel(context.env, this.handed(), "trial");
    let pid = 0;
    let pidfd = -1;
    try {
      const argv = [context.argv0, NO_DIRECTORY];
      // It has our locks open: one that does not answer is not to outlive us.
      pid = spawn({ ...inheritance, path, argv, environ }, undefined, { diesWithUs: true });
      pidfd = openPidfd(pid);
      poller.add(pidfd, () => this.#tried());
      const timer = timers.after(PATIENCE, () => signalPidfd(pidfd, SIGKILL));
      this.#trial = { path, pid, pidfd, file, timer };
    } catch (error) {
      // Nobody would hear of its end.
      if (pid !== 0 && kill(pid, SIGKILL)) this.#ended.take(pid);
      for (const fd of [file, pidfd]) if (fd >= 0) close(fd);
      throw error;
    }
  }

  /** Gives up what is being tried: svscan is to end. */
  giveUp(): void {
    if (this.#trial === undefined) return;
    signalPidfd(this.#trial.pidfd, SIGKILL);
    this.#end(this.#trial);
    close(this.#trial.file);
    this.#trial = undefined;
  }

  /** The trial is over. */
  #tried(): void {
    if (this.#trial === undefined) return;
    const { path, file } = this.#trial;
    const ended = this.#end(this.#trial);
    this.#trial = undefined;
    this.#attempt(path, () => {
      const understood = wasUnderstood(file);
      if (understood) this.#startOver(path);
      else this.#refuse(path, complaintOf(ended));
    });
    close(file);
  }

  /** Waits for a process that has nothing left to do. */
  #end({ pid, pidfd, timer }: Trial): Ended | undefined {
    timer.cancel();
    this.surroundings.poller.remove(pidfd);
    close(pidfd);
    return this.#ended.take(pid);
  }

  /** Returns only where that cannot be. */
  #startOver(path: ByteString): void {
    const { context } = this;
    const { file, environ, inheritance } = parcel(context.env, this.handed(), "handover");
    // A signal that arrives in between waits for the new one.
    const mask = inheritance.mask | maskOf(LAUNCHER_BLOCKS);
    const argv = [context.argv0, ...context.args];
    const reason = exec({ ...inheritance, mask, path, argv, environ });
    close(file);
    throw new SystemError(reason, "execve");
  }
}

function complaintOf(ended: Ended | undefined): Error {
  const signal = ended === undefined ? 0 : signalOf(ended);
  if (signal === SIGKILL) return new Error("it does not answer");
  if (signal !== 0) return new Error(`it crashes of signal ${signal}`);
  return new Error("it is no svscan that could take over");
}
