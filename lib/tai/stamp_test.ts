// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { STAMP_SIZE, Stamper } from "./stamp.ts";

/** What a stamp is, in the plainest way. */
function plain(seconds: number, nanoseconds: number): string {
  const tai = (2n ** 62n + 10n + BigInt(seconds)).toString(16).padStart(16, "0");
  return `@${tai}${nanoseconds.toString(16).padStart(8, "0")}`;
}

Deno.test("Stamper writes TAI64N", () => {
  const seconds = [0, 1, 1_000_000_000, 1_700_000_000, 2 ** 31, 2 ** 32 - 10, 2 ** 32, 2 ** 40, -1];
  for (const second of seconds) {
    for (const nanosecond of [0, 1, 255, 65535, 65536, 0x3b9ac9ff]) {
      const stamper = new Stamper();
      stamper.set({ seconds: second, nanoseconds: nanosecond });
      equal(stamper.next(), plain(second, nanosecond));
    }
  }
});

Deno.test("Stamper touches 25 bytes and no more", () => {
  const bytes = new Uint8Array(STAMP_SIZE + 20).fill(46);
  const stamper = new Stamper();
  stamper.set({ seconds: 1, nanoseconds: 2 });
  stamper.show(new DataView(bytes.buffer), 10);
  const text = String.fromCharCode(...bytes);
  equal(text, ".".repeat(10) + plain(1, 2) + ".".repeat(10));
});

Deno.test("Stamper's stamps are a nanosecond apart, across the second too", () => {
  for (const first of [0, 65530, 131070, 999_999_990]) {
    const stamper = new Stamper();
    stamper.set({ seconds: 1_700_000_000, nanoseconds: first });
    for (let i = 0; i < 20; i++) {
      const nanoseconds = first + i;
      const carry = Math.floor(nanoseconds / 1e9);
      equal(stamper.next(), plain(1_700_000_000 + carry, nanoseconds % 1e9));
    }
  }
});

Deno.test("Stamper's stamps rise when the clock stands still or falls back a little", () => {
  const stamper = new Stamper();
  const times: [number, number][] = [[50, 5], [50, 5], [50, 4], [49, 900_000_000], [
    49,
    100_000_000,
  ], [
    50,
    5,
  ]];
  const stamps: string[] = [];
  for (const [seconds, nanoseconds] of times) {
    stamper.set({ seconds, nanoseconds });
    stamps.push(stamper.next(), stamper.next());
  }
  deepEqual(stamps, stamps.toSorted());
  equal(new Set(stamps).size, stamps.length);
  equal(stamps[0], plain(50, 5));
});

Deno.test("Stamper follows a clock that goes on, or is set back by more than a second", () => {
  const stamper = new Stamper();
  for (const [seconds, nanoseconds] of [[50, 5], [50, 1000], [51, 0], [40, 7], [39, 6]] as const) {
    stamper.set({ seconds, nanoseconds });
    equal(stamper.next(), plain(seconds, nanoseconds));
  }
});

Deno.test("Stamper shows and skips", () => {
  const stamper = new Stamper();
  stamper.set({ seconds: 7, nanoseconds: 999_999_000 });
  const view = new DataView(new ArrayBuffer(STAMP_SIZE));
  stamper.show(view, 0);
  equal(stamper.left, 1000);
  stamper.skip(1000);
  equal(stamper.left, 1e9);
  equal(stamper.next(), plain(8, 0));
});
