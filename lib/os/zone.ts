// SPDX-License-Identifier: 0BSD
/**
 * Local time: localtime(3), through the C library, so that zone files, zones with leap seconds and POSIX rules in
 * TZ are what they are to every other program.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { cString } from "./c_string.ts";
import { libc, pad } from "./libc.ts";

/** A struct tm: what a clock and a calendar on the wall show. */
export interface LocalTime {
  /** Years since 1900. */
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  /** Of the month, 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 0 to 60. */
  readonly second: number;
}

/** The variables that say which zone is meant, and where zones are. */
const VARIABLES = ["TZ", "TZDIR"];

/**
 * Makes the zone that `get` tells the C library's. It looks into the environment that the process was started
 * with, but a tool's own may be another one (envdir before it).
 */
export function setZone(get: (name: ByteString) => ByteString | undefined): void {
  for (const name of VARIABLES) {
    const value = get(name);
    if (value === undefined) libc().unsetenv(cString(name), pad);
    else libc().setenv(cString(name), cString(value), 1, pad);
  }
}

// struct tm: int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, ...; 56 bytes
const tm = new Uint8Array(64);
const tmView = new DataView(tm.buffer);
const time = new BigInt64Array(1);

/** What clocks show at Unix time `seconds`; undefined where the year is more than an int can hold. */
export function localTime(seconds: bigint): LocalTime | undefined {
  time[0] = seconds;
  // As localtime(3) does and localtime_r(3) need not: /etc/localtime may have become another zone.
  libc().tzset(pad);
  if (libc().localtime_r(new Uint8Array(time.buffer), tm, pad) === null) return undefined;
  const field = (i: number): number => tmView.getInt32(i * 4, true);
  return {
    second: field(0),
    minute: field(1),
    hour: field(2),
    day: field(3),
    month: field(4),
    year: field(5),
  };
}
