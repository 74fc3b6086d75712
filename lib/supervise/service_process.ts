// SPDX-License-Identifier: 0BSD
/**
 * The process of a service: a child of ours, or one that was adopted, or handed on.
 *
 * It is reached through its pidfd (pidfd_open(2)), which is nobody else's whatever becomes of the pid, and is readable
 * when the process has ended.
 *
 * @module
 */
import { succeeds, unlessRefused } from "../os/errno.ts";
import { close } from "../os/file.ts";
import type { Poller } from "../os/poll.ts";
import { kill, openPidfd, signalPidfd } from "../os/process.ts";
import { isChild, waitIfEnded } from "../os/wait.ts";

export class ServiceProcess {
  #pid = 0;
  #pidfd = -1;
  #wasSignalled = false;
  #finishes = false;

  constructor(private readonly poller: Poller) {}

  /** 0: there is none. */
  get pid(): number {
    return this.#pid;
  }

  /** -1: it has none, or not yet. */
  get pidfd(): number {
    return this.#pidfd;
  }

  /** Whether it was sent a signal. */
  get wasSignalled(): boolean {
    return this.#wasSignalled;
  }

  /** Whether one of them has done what it had to, and exited 0, by itself: the next one will, too. */
  get finishes(): boolean {
    return this.#finishes;
  }

  /** It is `pid` from now on. */
  become(pid: number, pidfd = -1): void {
    this.#pid = pid;
    this.#pidfd = pidfd;
    this.#wasSignalled = false;
  }

  /** Makes sure of its pidfd; false where the system refuses one. */
  open(): boolean {
    if (this.#pidfd < 0) this.#pidfd = unlessRefused(() => openPidfd(this.#pid)) ?? -1;
    return this.#pidfd >= 0;
  }

  /** Has `ended` called when it has ended; false where the system refuses what that takes. */
  watch(ended: () => void): boolean {
    return this.open() && succeeds(() => this.poller.add(this.#pidfd, ended));
  }

  /** Undoes that. */
  ignore(): void {
    if (this.#pidfd >= 0) this.poller.remove(this.#pidfd);
  }

  /** Whether it is a child of ours that nobody has waited for yet. */
  get isChild(): boolean {
    return isChild(this.#pid);
  }

  /** Whether it is our child and has ended; if so, takes its status from the kernel. */
  reap(): boolean {
    const ended = waitIfEnded(this.#pid);
    if (ended?.status === 0 && !this.#wasSignalled) this.#finishes = true;
    return ended !== undefined;
  }

  /** Whether there is a process of that pid. */
  get isThere(): boolean {
    return kill(this.#pid, 0);
  }

  /** Sends it a signal. */
  send(signal: number): void {
    this.#wasSignalled = true;
    if (this.#pidfd >= 0 && signalPidfd(this.#pidfd, signal)) return;
    // A container may refuse the system call. The pid of a child is nobody else's until we have waited for it.
    const isOurs = this.#pidfd < 0 || this.isChild;
    if (this.#pid !== 0 && isOurs) kill(this.#pid, signal);
  }

  /** There is none any more, or it goes on without us. */
  letGo(): void {
    this.ignore();
    if (this.#pidfd >= 0) close(this.#pidfd);
    this.#pidfd = -1;
    this.#pid = 0;
  }
}
