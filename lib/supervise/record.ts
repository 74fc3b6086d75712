// SPDX-License-Identifier: 0BSD
/**
 * What a supervisor leaves behind for the case that it is killed: one line in supervise/lock, which C's tools lock but
 * neither read nor write. adoption.ts uses it.
 *
 *   djbox BOOT BEFORE SINCE PIPE idle
 *   djbox BOOT BEFORE SINCE PIPE starting TICKS
 *   djbox BOOT BEFORE SINCE PIPE running PID STARTED
 *
 * BOOT names this life of the machine or the container (`bootId` in proc.ts). The line is written before the status file
 * is: BEFORE is the time in that file until then, SINCE the time that is to be in it (seconds and nanoseconds). Where the
 * file says something else, another supervise was here and the line counts no more. PIPE is the log pipe as readlink(2) shows it in
 * /proc/self/fd, or `-`. `starting` is written before a process is made, `running` after it; TICKS and STARTED are in
 * clock ticks since boot.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Time } from "../os/clock.ts";

/** What the process was doing. */
export type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "starting"; readonly ticks: number }
  | { readonly kind: "running"; readonly pid: number; readonly started: number };

/** The PIPE of a service that has none. */
export const NO_PIPE = "-";

export interface SupervisionRecord {
  readonly boot: ByteString;
  readonly before: Time;
  readonly since: Time;
  readonly pipe: ByteString;
  readonly phase: Phase;
}

/** The line is padded to this length, so that a shorter one covers a longer one that was there. */
export const RECORD_SIZE = 200;
/* No number has more digits than one that we write: a pid must be one for the kernel, too. */
const TIME = "(-?\\d{1,15})\\.(\\d{1,9})";
const TICKS = "(\\d{1,15})";
const PHASE = `(?:(idle)|starting ${TICKS}|running (\\d{1,9}) ${TICKS})`;
const LINE = new RegExp(`^djbox ([0-9a-f:-]+) ${TIME} ${TIME} (-|pipe:\\[\\d+\\]) ${PHASE} *\n$`);

export function encodeRecord(
  { boot, before, since, pipe, phase }: SupervisionRecord,
): ByteString {
  const words = phase.kind === "idle"
    ? "idle"
    : phase.kind === "starting"
    ? `starting ${phase.ticks}`
    : `running ${phase.pid} ${phase.started}`;
  const [from, to] = [before, since].map(({ seconds, nanoseconds }) => `${seconds}.${nanoseconds}`);
  // No boot is called "-": what is written where the boot has no name never counts.
  const line = `djbox ${boot || "-"} ${from} ${to} ${pipe} ${words}`;
  return line.padEnd(RECORD_SIZE - 1) + "\n";
}

/** The record in `text`; undefined where there is none, or not a whole one. */
export function decodeRecord(text: ByteString): SupervisionRecord | undefined {
  const match = LINE.exec(text);
  if (match === null) return undefined;
  const [boot, seconds, nanoseconds, newSeconds, newNanoseconds, pipe, ...words] = match
    .slice(1) as [ByteString, string, string, string, string, ByteString, ...string[]];
  const [idle, ticks, pid, started] = words;
  const phase: Phase = idle !== undefined
    ? { kind: "idle" }
    : ticks !== undefined
    ? { kind: "starting", ticks: Number(ticks) }
    : { kind: "running", pid: Number(pid), started: Number(started) };
  return {
    boot,
    before: { seconds: Number(seconds), nanoseconds: Number(nanoseconds) },
    since: { seconds: Number(newSeconds), nanoseconds: Number(newNanoseconds) },
    pipe,
    phase,
  };
}
