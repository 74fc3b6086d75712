// SPDX-License-Identifier: 0BSD
/**
 * The clocks: clock_gettime(2).
 *
 * @module
 */
import { hot } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

// struct timespec on a 64-bit machine: tv_sec i64, tv_nsec i64
const timespec = new Uint8Array(16);
const view = new DataView(timespec.buffer);

/** Seconds since 1970 and nanoseconds, of the wall clock. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The wall clock: for stamps and names, never for waiting. */
export function now(): Time {
  hot("clock_gettime")(CLOCK_REALTIME, timespec);
  return {
    seconds: Number(view.getBigInt64(0, true)),
    nanoseconds: view.getUint32(8, true),
  };
}

/** Milliseconds of a clock that only goes forward, whole: for waiting, never for stamps. */
export function monotonic(): number {
  hot("clock_gettime")(CLOCK_MONOTONIC, timespec);
  return Number(view.getBigInt64(0, true)) * 1000 + Math.floor(view.getUint32(8, true) / 1e6);
}
