// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { bytes, fc, holds } from "../../tests/harness/properties.ts";
import { decodeStatus, encodeStatus, type Status, STATUS_SIZE, type Want } from "./status_file.ts";

const WANTS: readonly Want[] = ["u", "d", ""];

Deno.test("a status is the bytes that C's supervise writes", () => {
  const since = { seconds: 0x1234567890, nanoseconds: 0x01020304 };
  deepEqual(
    [...encodeStatus({ since, pid: 0x0a0b0c0d, paused: true, want: "u" })],
    // 2^62 + 10 is added to the seconds; the pid alone is little-endian.
    [0x40, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 1, 2, 3, 4, 0x0d, 0x0c, 0x0b, 0x0a, 1, 0x75],
  );
  const once = encodeStatus({ since, pid: 0, paused: false, want: "" });
  deepEqual([...once.subarray(12)], [0, 0, 0, 0, 0, 0]);
});

Deno.test("a status that was written is read again", () => {
  const statuses: fc.Arbitrary<Status> = fc.record({
    since: fc.record({
      seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      nanoseconds: fc.nat(999_999_999),
    }),
    pid: fc.nat(2 ** 32 - 1),
    paused: fc.boolean(),
    want: fc.constantFrom(...WANTS),
  });
  holds(1000, [statuses], (status) => {
    deepEqual(decodeStatus(encodeStatus(status)), status);
  });
});

Deno.test("a status that is too short is none; what is behind it does not count", () => {
  const bytes = encodeStatus({
    since: { seconds: 5, nanoseconds: 6 },
    pid: 7,
    paused: false,
    want: "d",
  });
  for (let length = 0; length < STATUS_SIZE; length++) {
    equal(decodeStatus(bytes.subarray(0, length)), undefined);
  }
  deepEqual(decodeStatus(Uint8Array.of(...bytes, 1, 2, 3)), decodeStatus(bytes));
});

Deno.test("any 18 bytes are a status, and fewer are none", () => {
  holds(1000, [bytes(2 * STATUS_SIZE)], (file) => {
    const status = decodeStatus(file);
    equal(status === undefined, file.length < STATUS_SIZE);
    if (status === undefined) return;
    equal(WANTS.includes(status.want), true);
    equal(status.pid >= 0 && status.pid < 2 ** 32, true);
    equal(Number.isFinite(status.since.seconds), true);
    // A file that has been handed about as part of a larger one is no other.
    deepEqual(decodeStatus(Uint8Array.of(7, 7, ...file).subarray(2)), status);
  });
});
