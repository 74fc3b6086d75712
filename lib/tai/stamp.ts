// SPDX-License-Identifier: 0BSD
/**
 * TAI64N stamps for hot loops: `@` and 24 hexadecimal digits, 25 bytes, written in front of line after line
 * without creating an object or a string, and without calling the clock.
 *
 * The caller tells the time when it has read something (`set`). The first line's stamp is that time, and each later one
 * is a nanosecond behind the one before it. So the stamps of lines that arrived together rise strictly and still tell
 * when they arrived, a read of ten thousand lines being off by ten microseconds at its end.
 *
 * A loop over lines (lib/stream/stamp_loop.ts) is shown the next stamp, counts its nanoseconds on by itself, and whoever
 * has called it then says how many stamps it has taken (`skip`), which must not be more than the second has (`left`):
 *
 *     stamper.set(clock.read());
 *     stamper.show(view, at);       // 25 bytes
 *     view.setUint8(at + 25, 32);   // what separates it from the line is the caller's
 *     stamper.skip(1);
 *
 * Format: https://cr.yp.to/libtai/tai64.html. The seconds are TAI: 2^62 + 10 + seconds since 1970, as all of
 * D. J. Bernstein's tools count them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { fromBytes } from "../os/bytes.ts";
import type { Time } from "../os/clock.ts";

/** The length of a stamp: `@`, 16 digits of seconds, 8 of nanoseconds. */
export const STAMP_SIZE = 25;

/** How far the clock may fall back, in seconds, without the stamps following it. */
const PATIENCE = 1;

const SECOND = 1_000_000_000;
const TAI_OFFSET = 10;
const TWO_TO_62_UPPER = 0x40000000;

/** The two digits of a byte, in the byte order of `DataView.setInt32(..., true)`. */
const PAIRS: Uint16Array = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, "0");
  PAIRS[byte] = digits.charCodeAt(0) | digits.charCodeAt(1) << 8;
}

/** The four digits of the lower 16 bits of `value`, as one little-endian word. */
function fourDigits(value: number): number {
  return (PAIRS[value >>> 8 & 255] as number) | (PAIRS[value & 255] as number) << 16;
}

/**
 * A series of stamps, each later than the one before.
 *
 * Where the clock falls back by up to a second (an adjustment) the series goes on a nanosecond behind its last
 * stamp until the clock has caught up; where it falls back further (it was wrong before) the series follows.
 */
export class Stamper {
  /* The time of the next stamp, and its text as words: bytes 0-3, 4-7, 8-11, 12-15, 16, 17-20. Bytes 21-24, the
   * lower half of the nanoseconds, are made when they are shown. */
  #seconds = -Infinity;
  #nanoseconds = 0;
  #word0 = 0;
  #word4 = 0;
  #word8 = 0;
  #word12 = 0;
  #byte16 = 0;
  #word17 = 0;

  /** The next stamp is `time`, unless an earlier call has come further already. */
  set(time: Time): void {
    const { seconds, nanoseconds } = time;
    const ahead = this.#seconds - seconds + (this.#nanoseconds - nanoseconds) / SECOND;
    if (ahead > 0 && ahead <= PATIENCE) return;
    if (seconds !== this.#seconds) this.#setSeconds(seconds);
    this.#nanoseconds = nanoseconds;
    this.#word17 = fourDigits(nanoseconds >>> 16);
  }

  #setSeconds(seconds: number): void {
    this.#seconds = seconds;
    const tai = seconds + TAI_OFFSET;
    const upper = TWO_TO_62_UPPER + Math.floor(tai / 2 ** 32);
    const lower = tai >>> 0;
    const text = new DataView(new ArrayBuffer(20));
    text.setUint8(0, 64 /* @ */);
    text.setInt32(1, fourDigits(upper >>> 16), true);
    text.setInt32(5, fourDigits(upper), true);
    text.setInt32(9, fourDigits(lower >>> 16), true);
    text.setInt32(13, fourDigits(lower), true);
    this.#word0 = text.getInt32(0, true);
    this.#word4 = text.getInt32(4, true);
    this.#word8 = text.getInt32(8, true);
    this.#word12 = text.getInt32(12, true);
    this.#byte16 = text.getUint8(16);
  }

  /** Writes the next stamp, 25 bytes, to `target` at `at`; it stays the next one. */
  show(target: DataView, at: number): void {
    target.setInt32(at, this.#word0, true);
    target.setInt32(at + 4, this.#word4, true);
    target.setInt32(at + 8, this.#word8, true);
    target.setInt32(at + 12, this.#word12, true);
    target.setUint8(at + 16, this.#byte16);
    target.setInt32(at + 17, this.#word17, true);
    target.setInt32(at + 21, fourDigits(this.#nanoseconds), true);
  }

  /** Those of the next stamp. */
  get nanoseconds(): number {
    return this.#nanoseconds;
  }

  /** How many stamps there are from the next one to the end of its second. */
  get left(): number {
    return SECOND - this.#nanoseconds;
  }

  /** Passes over `count` stamps; not beyond the end of the second. */
  skip(count: number): void {
    this.#nanoseconds += count;
    if (this.#nanoseconds === SECOND) {
      this.#nanoseconds = 0;
      this.#setSeconds(this.#seconds + 1);
    }
    this.#word17 = fourDigits(this.#nanoseconds >>> 16);
  }

  /** Takes the next stamp, as text: for a file's name. */
  next(): ByteString {
    const bytes = new Uint8Array(STAMP_SIZE);
    this.show(new DataView(bytes.buffer), 0);
    this.skip(1);
    return fromBytes(bytes);
  }
}
