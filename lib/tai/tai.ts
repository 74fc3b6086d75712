// SPDX-License-Identifier: 0BSD
/**
 * TAI64 and TAI64N: D. J. Bernstein's formats for points in time, as the stamps of multilog and tai64n, the names of
 * rotated logs and supervise's status files hold them.
 *
 * A *TAI64 label* is an integer from 0 to 2^63 - 1 that names a second: 2^62 is the second that began
 * at 1970-01-01 00:00:00 TAI. *TAI64N* adds a count of nanoseconds, from 0 to 999999999. There are two ways of
 * writing them down:
 *
 * | | TAI64 | TAI64N |
 * | --- | --- | --- |
 * | external format: bytes, big-endian | 8 | 12 |
 * | text: `@` and lower-case hexadecimal digits | 16 digits | 24 digits |
 *
 * Both sort by time as plain bytes.
 *
 * Unix time is converted as daemontools does it: the label is 2^62 + 10 + the Unix time. Ten seconds is
 * what TAI was ahead of UTC in 1970; the leap seconds since then are left out, there and here, on purpose: Unix
 * time does not count them either, so a conversion there and back is exact, needs no table, and agrees with every
 * log that is stamped so.
 *
 * This module depends on nothing.
 *
 * @example From a log line to a date
 * ```ts
 * import { parseTai64n, tai64nToDate } from "@djbox/djbox/tai";
 *
 * const line = "@4000000037c219bf2ef02e94 mark";
 * tai64nToDate(parseTai64n(line.slice(0, 25))).toISOString(); // "1999-08-24T04:04:05.787Z"
 * ```
 *
 * @example A stamp for now
 * ```ts
 * import { dateToTai64n, formatTai64n } from "@djbox/djbox/tai";
 *
 * formatTai64n(dateToTai64n(new Date())); // "@40000000..."
 * ```
 *
 * See https://cr.yp.to/libtai/tai64.html
 *
 * @module
 */

/** The TAI64 label of Unix time 0: 2^62 + 10. */
export const TAI64_UNIX_EPOCH: bigint = (1n << 62n) + 10n;

/** The largest TAI64 label. Labels from 2^63 on are reserved for extensions of the format. */
export const TAI64_MAX: bigint = (1n << 63n) - 1n;

/** Bytes of a TAI64 label in external format. */
export const TAI64_SIZE = 8;

/** Bytes of a TAI64N label in external format. */
export const TAI64N_SIZE = 12;

const NANOSECONDS = 1_000_000_000;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/** A point in time to the nanosecond. */
export interface Tai64n {
  /** The TAI64 label of the second. */
  readonly label: bigint;
  /** Nanoseconds since that second began, 0 to 999999999. */
  readonly nanoseconds: number;
}

/** A point in Unix time. */
export interface UnixTime {
  /** Whole seconds since 1970-01-01 00:00:00 UTC without leap seconds; negative before. */
  readonly seconds: bigint;
  /** Nanoseconds since that second began, 0 to 999999999, also before 1970. */
  readonly nanoseconds: number;
}

function checkLabel(label: bigint): bigint {
  if (label < 0n || label > TAI64_MAX) throw new RangeError(`not a TAI64 label: ${label}`);
  return label;
}

function checkNanoseconds(nanoseconds: number): number {
  if (!Number.isInteger(nanoseconds) || nanoseconds < 0 || nanoseconds >= NANOSECONDS) {
    throw new RangeError(`not a number of nanoseconds below 10^9: ${nanoseconds}`);
  }
  return nanoseconds;
}

function checkSize(bytes: Uint8Array, size: number, format: string): DataView {
  if (bytes.length !== size) {
    throw new RangeError(`${format} is ${size} bytes long, not ${bytes.length}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}

/**
 * The TAI64 label of a Unix time.
 *
 * @param seconds whole seconds since 1970; an integer
 * @throws RangeError if `seconds` is no integer, or before or beyond all labels
 */
export function unixToTai64(seconds: number | bigint): bigint {
  return checkLabel(TAI64_UNIX_EPOCH + BigInt(seconds));
}

/**
 * The Unix time of a TAI64 label, in seconds; negative before 1970.
 *
 * @throws RangeError if `label` is no label
 */
export function tai64ToUnix(label: bigint): bigint {
  return checkLabel(label) - TAI64_UNIX_EPOCH;
}

/**
 * The TAI64N label of a Unix time.
 *
 * @param seconds whole seconds since 1970; an integer
 * @param nanoseconds since that second began, 0 to 999999999
 * @throws RangeError if one of them is out of range
 */
export function unixToTai64n(seconds: number | bigint, nanoseconds = 0): Tai64n {
  return { label: unixToTai64(seconds), nanoseconds: checkNanoseconds(nanoseconds) };
}

/**
 * The Unix time of a TAI64N label.
 *
 * @throws RangeError if `time` is no such label
 */
export function tai64nToUnix(time: Tai64n): UnixTime {
  return { seconds: tai64ToUnix(time.label), nanoseconds: checkNanoseconds(time.nanoseconds) };
}

/**
 * The TAI64N label of a Date.
 *
 * @throws RangeError if `date` is an invalid Date
 */
export function dateToTai64n(date: Date): Tai64n {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return unixToTai64n(seconds, (milliseconds - seconds * 1000) * NANOSECONDS_PER_MILLISECOND);
}

/**
 * The Date of a TAI64N label. A Date counts milliseconds: what is finer is cut off.
 *
 * @throws RangeError if the time is more than a Date can hold, some 270000 years from now
 */
export function tai64nToDate(time: Tai64n): Date {
  const { seconds, nanoseconds } = tai64nToUnix(time);
  const date = new Date(
    Number(seconds) * 1000 + Math.floor(nanoseconds / NANOSECONDS_PER_MILLISECOND),
  );
  if (Number.isNaN(date.getTime())) throw new RangeError(`no Date can hold ${formatTai64n(time)}`);
  return date;
}

/**
 * Which of two TAI64N labels is earlier.
 *
 * @returns a negative number if `a` is, a positive one if `b` is, 0 if they are equal: for Array.prototype.sort
 */
export function compareTai64n(a: Tai64n, b: Tai64n): number {
  if (a.label !== b.label) return a.label < b.label ? -1 : 1;
  return a.nanoseconds - b.nanoseconds;
}

/**
 * A TAI64 label in external format, 8 bytes.
 *
 * @throws RangeError if `label` is no label
 */
export function encodeTai64(label: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TAI64_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, checkLabel(label));
  return bytes;
}

/**
 * The TAI64 label that `bytes` hold in external format.
 *
 * @throws RangeError if `bytes` are not 8, or hold no label
 */
export function decodeTai64(bytes: Uint8Array): bigint {
  return checkLabel(checkSize(bytes, TAI64_SIZE, "TAI64").getBigUint64(0));
}

/**
 * A TAI64N label in external format, 12 bytes.
 *
 * @throws RangeError if `time` is no such label
 */
export function encodeTai64n(time: Tai64n): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TAI64N_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, checkLabel(time.label));
  view.setUint32(8, checkNanoseconds(time.nanoseconds));
  return bytes;
}

/**
 * The TAI64N label that `bytes` hold in external format.
 *
 * @throws RangeError if `bytes` are not 12, or hold no such label
 */
export function decodeTai64n(bytes: Uint8Array): Tai64n {
  const view = checkSize(bytes, TAI64N_SIZE, "TAI64N");
  return {
    label: checkLabel(view.getBigUint64(0)),
    nanoseconds: checkNanoseconds(view.getUint32(8)),
  };
}

/**
 * A TAI64 label as text: `@` and 16 digits.
 *
 * @throws RangeError if `label` is no label
 */
export function formatTai64(label: bigint): string {
  return "@" + checkLabel(label).toString(16).padStart(16, "0");
}

/**
 * The TAI64 label that `text` is: `@` and 16 lower-case hexadecimal digits, nothing else.
 *
 * @throws RangeError if it is not one
 */
export function parseTai64(text: string): bigint {
  const digits = /^@([0-9a-f]{16})$/.exec(text)?.[1];
  if (digits === undefined) throw new RangeError(`not a TAI64 label: ${JSON.stringify(text)}`);
  return checkLabel(BigInt("0x" + digits));
}

/**
 * A TAI64N label as text: `@` and 24 digits.
 *
 * @throws RangeError if `time` is no such label
 */
export function formatTai64n(time: Tai64n): string {
  const nanoseconds = checkNanoseconds(time.nanoseconds).toString(16).padStart(8, "0");
  return formatTai64(time.label) + nanoseconds;
}

/**
 * The TAI64N label that `text` is: `@` and 24 lower-case hexadecimal digits, nothing else.
 *
 * @throws RangeError if it is not one
 */
export function parseTai64n(text: string): Tai64n {
  if (!/^@[0-9a-f]{24}$/.test(text)) {
    throw new RangeError(`not a TAI64N label: ${JSON.stringify(text)}`);
  }
  return {
    label: parseTai64(text.slice(0, 17)),
    nanoseconds: checkNanoseconds(parseInt(text.slice(17), 16)),
  };
}
