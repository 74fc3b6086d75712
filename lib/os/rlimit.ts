// SPDX-License-Identifier: 0BSD
/**
 * Resource limits: getrlimit(2).
 *
 * @module
 */
import {
  RLIMIT_AS,
  RLIMIT_CORE,
  RLIMIT_CPU,
  RLIMIT_DATA,
  RLIMIT_FSIZE,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RSS,
  RLIMIT_STACK,
} from "./constants.ts";
import { readDirectory } from "./directory.ts";
import { check, libc, pad } from "./libc.ts";

/** RLIM_INFINITY. */
export const UNLIMITED = 0xffffffffffffffffn;

/** What is looked at where all limits of a process are meant: those that a C program of twenty years ago knew. */
export const ALL_LIMITS: readonly number[] = [
  RLIMIT_CPU,
  RLIMIT_FSIZE,
  RLIMIT_DATA,
  RLIMIT_STACK,
  RLIMIT_CORE,
  RLIMIT_RSS,
  RLIMIT_NPROC,
  RLIMIT_NOFILE,
  RLIMIT_MEMLOCK,
  RLIMIT_AS,
];

/** A soft and a hard limit; the unit depends on the resource. */
export interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Soft limits by resource (RLIMIT_*), to be set on a program that we run. */
export type Limits = ReadonlyMap<number, bigint>;

const pair = new BigUint64Array(2);
const pairBytes = new Uint8Array(pair.buffer);

/** The limits of `resource` of process `pid` (0: this one). */
export function getLimit(resource: number, pid = 0): Limit {
  check(libc().prlimit(pid, resource, null, pairBytes, pad), "getrlimit");
  return { soft: pair[0] as bigint, hard: pair[1] as bigint };
}

/** Sets the soft limit of `resource` to `soft`, or to the hard limit where that is lower. */
export function setSoftLimit(resource: number, soft: bigint): void {
  const { hard } = getLimit(resource);
  check(libc().prlimit(0, resource, limitPair(soft, hard), null, pad), "setrlimit");
}

/** Raises the hard limit of this process to `hard` where it is lower. Throws SystemError where only root may. */
export function raiseHardLimit(resource: number, hard: bigint): void {
  const limit = getLimit(resource);
  if (limit.hard >= hard) return;
  check(libc().prlimit(0, resource, limitPair(limit.soft, hard), null, pad), "setrlimit");
}

/** A struct rlimit: rlim_cur u64, which is not to be above rlim_max, u64. */
export function limitPair(soft: bigint, hard: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([soft < hard ? soft : hard, hard]).buffer);
}

/** Sets soft limits and takes them back, both without allocating anything: see `exec`. */
export class LimitSwitch {
  readonly #resources: number[] = [];
  readonly #theirs: Uint8Array<ArrayBuffer>[] = [];
  readonly #ours: Uint8Array<ArrayBuffer>[] = [];

  constructor(limits: Limits) {
    // Those of memory come last.
    const sorted = [...limits].sort(([a], [b]) =>
      Number(isMemoryLimit(a)) - Number(isMemoryLimit(b))
    );
    for (const [resource, wanted] of sorted) {
      const { soft, hard } = getLimit(resource);
      this.#resources.push(resource);
      this.#theirs.push(limitPair(wanted, hard));
      this.#ours.push(limitPair(soft, hard));
    }
  }

  /** Whether there are limits among them that this runtime cannot live under. */
  get touchesMemory(): boolean {
    return this.#resources.some(isMemoryLimit);
  }

  /** Sets the limits. */
  apply(): void {
    this.#set(this.#theirs);
  }

  /** Sets ours again. */
  takeBack(): void {
    this.#set(this.#ours);
  }

  #set(pairs: readonly Uint8Array<ArrayBuffer>[]): void {
    const { prlimit } = libc();
    for (let i = 0; i < pairs.length; i++) {
      prlimit(0, this.#resources[i] as number, pairs[i] as Uint8Array<ArrayBuffer>, null, pad);
    }
  }
}

/**
 * What this process can live with as little of as a C program. Of memory it needs more (below), and of descriptors: it may
 * do for many clients what C does in a process for each.
 */
const FRUGAL = [
  RLIMIT_CPU,
  RLIMIT_FSIZE,
  RLIMIT_CORE,
  RLIMIT_RSS,
  RLIMIT_NPROC,
  RLIMIT_MEMLOCK,
];

/** Sets those of `limits` on this process that it can live under. */
export function limitOurselves(limits: Limits): void {
  for (const [resource, soft] of limits) {
    if (FRUGAL.includes(resource)) setSoftLimit(resource, soft + ownSurplus(resource));
  }
}

/** The kernel counts threads as processes, and the runtime has some beside the one that a C program is. */
function ownSurplus(resource: number): bigint {
  if (resource !== RLIMIT_NPROC) return 0n;
  return BigInt(readDirectory("/proc/self/task").length - 1);
}

/**
 * Whether this runtime cannot live under a small limit of `resource`: it reserves some 50 GB of address space and
 * grows when it likes. Such a limit is set on what we run, never on ourselves.
 */
function isMemoryLimit(resource: number): boolean {
  return resource === RLIMIT_AS || resource === RLIMIT_DATA || resource === RLIMIT_STACK;
}
