// SPDX-License-Identifier: 0BSD
/**
 * The clocks: clock_gettime(2).
 *
 * @module
 */
import { CLOCK_REALTIME } from "./constants.ts";
import { hot } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;

// struct timespec on a 64-bit machine: tv_sec i64, tv_nsec i64
const timespec = new Uint8Array(16);
const view = new DataView(timespec.buffer);

/** Seconds since 1970 and nanoseconds, of the wall clock. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A wall clock for hot loops: reading it creates no object. */
export class Clock implements Time {
  seconds = 0;
  nanoseconds = 0;

  /** Reads the wall clock into this object. */
  read(): this {
    hot("clock_gettime")(CLOCK_REALTIME, timespec);
    this.seconds = view.getUint32(0, true) + view.getInt32(4, true) * 2 ** 32;
    this.nanoseconds = view.getUint32(8, true);
    return this;
  }
}

/** The wall clock: for stamps and names, never for waiting. */
export function now(): Time {
  return new Clock().read();
}

/** The time `milliseconds` (whole) after `time`; before it, where they are below 0. */
export function later({ seconds, nanoseconds }: Time, milliseconds: number): Time {
  const sum = nanoseconds + (milliseconds % 1000) * 1e6;
  const carry = Math.floor(sum / 1e9);
  return {
    seconds: seconds + Math.trunc(milliseconds / 1000) + carry,
    nanoseconds: sum - carry * 1e9,
  };
}

/** Milliseconds of a clock that only goes forward, whole: for waiting, never for stamps. */
export function monotonic(): number {
  return milliseconds(CLOCK_MONOTONIC);
}

/** Milliseconds since the machine was booted, whole; other than `monotonic` it runs on while the machine sleeps. */
export function sinceBoot(): number {
  return milliseconds(CLOCK_BOOTTIME);
}

function milliseconds(clock: number): number {
  hot("clock_gettime")(clock, timespec);
  return Number(view.getBigInt64(0, true)) * 1000 + Math.floor(view.getUint32(8, true) / 1e6);
}
