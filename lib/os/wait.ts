// SPDX-License-Identifier: 0BSD
/**
 * Children, and how they ended: waitpid(2), waitid(2).
 *
 * @module
 */
import { EINTR } from "./errno.ts";
import { errno, libc, pad } from "./libc.ts";
import { until } from "./poll.ts";

/** How a child ended, as waitpid(2) tells it. */
export interface Ended {
  readonly pid: number;
  /** The wait status: 256 times the exit code, or the number of the signal, and 128 more where there is a core dump. */
  readonly status: number;
}

const WNOHANG = 1;
const waitStatus = new Int32Array(1);
const waitStatusBytes = new Uint8Array(waitStatus.buffer);

/** waitpid(2): waits until our child `pid` (-1: any) has ended; undefined where there is no such child. */
export function waitFor(pid: number): Ended | undefined {
  return waitpid(pid, 0);
}

/**
 * How our child `pid` (-1: any) has ended; undefined while it runs, and where there is no such child: `isChild` tells
 * which.
 */
export function waitIfEnded(pid: number): Ended | undefined {
  return waitpid(pid, WNOHANG);
}

function waitpid(pid: number, options: number): Ended | undefined {
  for (;;) {
    const got = libc().waitpid(pid, waitStatusBytes, options, pad);
    if (got > 0) return { pid: got, status: waitStatus[0] as number };
    if (got === 0 || errno() !== EINTR) return undefined;
  }
}

/** The signal that ended the child, 0 if it exited by itself. */
export function signalOf(ended: Ended): number {
  return ended.status & 0x7f;
}

/** The exit code of a child that exited by itself. */
export function exitCodeOf(ended: Ended): number {
  return (ended.status >> 8) & 0xff;
}

/** How long a child that was killed has until it is gone, in milliseconds. */
const PATIENCE = 50;

/**
 * Children that were killed, or have ended. One whom somebody traces (ptrace(2): a debugger) is the tracer's until he
 * lets go of it, and nobody is to wait for that.
 */
export class EndedChildren {
  #left: number[] = [];

  /** How our child `pid` has ended; undefined where that is not to be seen now. */
  take(pid: number): Ended | undefined {
    let ended: Ended | undefined;
    if (!until(() => (ended = waitIfEnded(pid)) !== undefined, PATIENCE, 1)) this.#left.push(pid);
    return ended;
  }

  /** Waits for those that can be waited for by now. */
  reap(): void {
    this.#left = this.#left.filter((pid) => waitIfEnded(pid) === undefined && isChild(pid));
  }
}

const P_ALL = 0;
const P_PID = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
/* siginfo_t: 128 bytes, in words of 32 bits. */
const SIGINFO_WORDS = 32;
const SI_SIGNO = 0;
const SI_CODE = 2;
const SI_STATUS = 6;
const CLD_KILLED = 2;
const CLD_DUMPED = 3;

/**
 * What waitid(2) tells of a child, which stays to be waited for: siginfo_t, whose si_signo is 0 while none has ended.
 * undefined: there is no such child.
 */
function peek(idtype: number, id: number): Int32Array | undefined {
  const info = new Int32Array(SIGINFO_WORDS);
  const options = WNOHANG | WEXITED | WNOWAIT;
  const result = libc().waitid(idtype, id, new Uint8Array(info.buffer), options, pad);
  return result === 0 ? info : undefined;
}

/** The signal that has ended our child `pid`; 0 while it runs, or where it ended otherwise. It stays to be waited for. */
export function endedBy(pid: number): number {
  const info = peek(P_PID, pid);
  const code = info?.[SI_CODE];
  return code === CLD_KILLED || code === CLD_DUMPED ? info?.[SI_STATUS] ?? 0 : 0;
}

/** Whether `pid` is a child of ours that nobody has waited for: one that runs, or has ended. */
export function isChild(pid: number): boolean {
  return peek(P_PID, pid) !== undefined;
}

/** Whether some child has ended that nobody has waited for. */
export function hasEndedChild(): boolean {
  const signo = peek(P_ALL, 0)?.[SI_SIGNO];
  return signo !== undefined && signo !== 0;
}
