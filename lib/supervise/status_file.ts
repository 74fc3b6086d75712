// SPDX-License-Identifier: 0BSD
/**
 * supervise/status: 18 bytes that say how a service is. The one place that knows them.
 *
 *   0..7    since when it has been up or down: TAI64, big-endian
 *   8..11   nanoseconds of that, big-endian
 *   12..15  pid, little-endian; 0: down
 *   16      1: paused
 *   17      wanted: `u` up, `d` down, NUL neither (once)
 *
 * @module
 */
import { newBytes } from "../os/bytes.ts";
import type { Time } from "../os/clock.ts";
import { TAI64_UNIX_EPOCH } from "../tai/tai.ts";

export const STATUS_SIZE = 18;

/** What is wanted of a service: `u` to be up, `d` to be down, "" neither: it is not started again. */
export type Want = "u" | "d" | "";

export interface Status {
  readonly since: Time;
  /** 0: down. */
  readonly pid: number;
  readonly paused: boolean;
  readonly want: Want;
}

/** `status` as it stands in the file. */
export function encodeStatus(status: Status): Uint8Array<ArrayBuffer> {
  const bytes = newBytes(STATUS_SIZE);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(0, BigInt(status.since.seconds) + TAI64_UNIX_EPOCH);
  view.setUint32(8, status.since.nanoseconds);
  view.setUint32(12, status.pid, true);
  bytes[16] = status.paused ? 1 : 0;
  bytes[17] = status.want === "" ? 0 : status.want.charCodeAt(0);
  return bytes;
}

/** What the file says; undefined where it is shorter than it must be. Longer files are read as far as they count. */
export function decodeStatus(bytes: Uint8Array): Status | undefined {
  if (bytes.length < STATUS_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, STATUS_SIZE);
  const want = String.fromCharCode(bytes[17] as number);
  return {
    since: {
      seconds: Number(view.getBigUint64(0) - TAI64_UNIX_EPOCH),
      nanoseconds: view.getUint32(8),
    },
    pid: view.getUint32(12, true),
    paused: bytes[16] !== 0,
    want: want === "u" || want === "d" ? want : "",
  };
}
