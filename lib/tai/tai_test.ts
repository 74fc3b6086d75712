// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, throws } from "node:assert/strict";
import { bytes, byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import {
  compareTai64n,
  dateToTai64n,
  decodeTai64,
  decodeTai64n,
  encodeTai64,
  encodeTai64n,
  formatTai64,
  formatTai64n,
  parseTai64,
  parseTai64n,
  TAI64_MAX,
  TAI64_UNIX_EPOCH,
  type Tai64n,
  TAI64N_SIZE,
  tai64nToDate,
  tai64nToUnix,
  tai64ToUnix,
  unixToTai64,
  unixToTai64n,
} from "./tai.ts";

const LABELS = [
  0n,
  1n,
  (1n << 62n) - 1n,
  1n << 62n,
  TAI64_UNIX_EPOCH,
  0x4000000037c219bfn,
  TAI64_MAX,
];
const NANOSECONDS = [0, 1, 255, 256, 500_000_000, 999_999_999];

function allTimes(): Tai64n[] {
  return LABELS.flatMap((label) => NANOSECONDS.map((nanoseconds) => ({ label, nanoseconds })));
}

Deno.test("a stamp is the time that tai64nlocal shows", () => {
  const time = parseTai64n("@4000000037c219bf2ef02e94");
  deepEqual(tai64nToUnix(time), { seconds: 935467445n, nanoseconds: 787492500 });
  equal(tai64nToDate(time).toISOString(), "1999-08-24T04:04:05.787Z");
});

Deno.test("Unix time 0 is 2^62 + 10", () => {
  equal(unixToTai64(0), 4611686018427387914n);
  equal(formatTai64(unixToTai64(0)), "@400000000000000a");
  equal(formatTai64n(unixToTai64n(0, 1)), "@400000000000000a00000001");
  equal(unixToTai64(-1), 4611686018427387913n);
});

Deno.test("every TAI64 label survives bytes, text and Unix time", () => {
  for (const label of LABELS) {
    equal(decodeTai64(encodeTai64(label)), label);
    equal(parseTai64(formatTai64(label)), label);
    equal(unixToTai64(tai64ToUnix(label)), label);
  }
});

Deno.test("every TAI64N label survives bytes, text and Unix time", () => {
  for (const time of allTimes()) {
    deepEqual(decodeTai64n(encodeTai64n(time)), time);
    deepEqual(parseTai64n(formatTai64n(time)), time);
    const { seconds, nanoseconds } = tai64nToUnix(time);
    deepEqual(unixToTai64n(seconds, nanoseconds), time);
  }
});

Deno.test("the external format is big-endian", () => {
  deepEqual([...encodeTai64(0x4000000037c219bfn)], [0x40, 0, 0, 0, 0x37, 0xc2, 0x19, 0xbf]);
  deepEqual(
    [...encodeTai64n({ label: 0x4000000037c219bfn, nanoseconds: 0x2ef02e94 })],
    [0x40, 0, 0, 0, 0x37, 0xc2, 0x19, 0xbf, 0x2e, 0xf0, 0x2e, 0x94],
  );
});

Deno.test("bytes are read from a part of a larger buffer", () => {
  const file = new Uint8Array(18);
  file.set(encodeTai64n({ label: 42n, nanoseconds: 7 }), 3);
  deepEqual(decodeTai64n(file.subarray(3, 15)), { label: 42n, nanoseconds: 7 });
  equal(decodeTai64(file.subarray(3, 11)), 42n);
});

Deno.test("order of time, of bytes and of text is one", () => {
  const times = allTimes();
  const texts = times.toSorted(compareTai64n).map(formatTai64n);
  deepEqual(texts, times.map(formatTai64n).sort());
  const hex = times.map((time) => encodeTai64n(time).toHex());
  deepEqual(texts, hex.sort().map((digits) => "@" + digits));
  equal(compareTai64n({ label: 5n, nanoseconds: 6 }, { label: 5n, nanoseconds: 6 }), 0);
});

Deno.test("dates keep their milliseconds, before 1970 too", () => {
  for (const milliseconds of [0, 1, 999, 1000, -1, -999, -1000, 1732161600123, 8.64e15, -8.64e15]) {
    const time = dateToTai64n(new Date(milliseconds));
    equal(tai64nToDate(time).getTime(), milliseconds);
  }
  deepEqual(dateToTai64n(new Date(-1)), unixToTai64n(-1, 999_000_000));
  equal(tai64nToDate(unixToTai64n(5, 1_999_999)).getTime(), 5001);
});

Deno.test("what is out of range is refused", () => {
  throws(() => unixToTai64(-(1n << 62n) - 11n), RangeError);
  throws(() => unixToTai64((1n << 62n) - 10n), RangeError);
  throws(() => unixToTai64(0.5), RangeError);
  throws(() => unixToTai64(NaN), RangeError);
  throws(() => tai64ToUnix(-1n), RangeError);
  throws(() => encodeTai64(1n << 63n), RangeError);
  throws(() => formatTai64(1n << 64n), RangeError);
  throws(() => unixToTai64n(0, 1_000_000_000), RangeError);
  throws(() => unixToTai64n(0, -1), RangeError);
  throws(() => encodeTai64n({ label: 0n, nanoseconds: 0.5 }), RangeError);
  throws(() => formatTai64n({ label: 0n, nanoseconds: 1e9 }), RangeError);
  throws(() => dateToTai64n(new Date(NaN)), RangeError);
  throws(() => tai64nToDate({ label: TAI64_MAX, nanoseconds: 0 }), RangeError);
});

Deno.test("bytes that are no label are refused", () => {
  throws(() => decodeTai64(new Uint8Array(7)), RangeError);
  throws(() => decodeTai64(new Uint8Array(12)), RangeError);
  throws(() => decodeTai64(new Uint8Array(8).fill(0x80)), RangeError);
  throws(() => decodeTai64n(new Uint8Array(8)), RangeError);
  throws(() => decodeTai64n(new Uint8Array(12).fill(0xff)), RangeError);
  // 10^9 nanoseconds
  throws(
    () => decodeTai64n(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0])),
    RangeError,
  );
});

Deno.test("text that is no label is refused", () => {
  for (
    const text of [
      "",
      "@",
      "4000000037c219bf",
      "@4000000037c219b",
      "@4000000037c219bff",
      "@4000000037C219BF",
      "@4000000037c219bg",
      " @4000000037c219bf",
      "@4000000037c219bf\n",
      "@8000000000000000",
    ]
  ) {
    throws(() => parseTai64(text), RangeError, text);
    throws(() => parseTai64n(text === "" ? "" : text + "00000000"), RangeError, text);
  }
  throws(() => parseTai64n("@4000000037c219bf3b9aca00"), RangeError);
});

/** What `read` makes of something; undefined where it throws the RangeError that is documented. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const TIMES: fc.Arbitrary<Tai64n> = fc.record({
  label: fc.bigInt({ min: 0n, max: TAI64_MAX }),
  nanoseconds: fc.nat(999_999_999),
});

Deno.test("any time survives bytes, text and Unix time, and sorts by either as by itself", () => {
  const order = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;
  holds(1000, [TIMES, TIMES], (time, other) => {
    deepEqual(decodeTai64n(encodeTai64n(time)), time);
    deepEqual(parseTai64n(formatTai64n(time)), time);
    const { seconds, nanoseconds } = tai64nToUnix(time);
    deepEqual(unixToTai64n(seconds, nanoseconds), time);
    equal(order(formatTai64n(time), formatTai64n(other)), Math.sign(compareTai64n(time, other)));
  });
});

Deno.test("any bytes are a label or a RangeError, and a label is written as it was", () => {
  holds(2000, [bytes(TAI64N_SIZE + 1)], (encoded) => {
    const time = orRefused(() => decodeTai64n(encoded));
    if (time !== undefined) deepEqual(encodeTai64n(time), encoded);
    const label = orRefused(() => decodeTai64(encoded));
    if (label !== undefined) deepEqual(encodeTai64(label), encoded);
  });
});

Deno.test("any text is a label or a RangeError, and a label is written as it was", () => {
  const texts = fc.oneof(
    damaged(TIMES.map(formatTai64n), 2, "@0123456789abcdefABCDEF\n "),
    byteString(26, "@09afAF"),
    byteString(26),
  );
  holds(2000, [texts], (text) => {
    const time = orRefused(() => parseTai64n(text));
    if (time !== undefined) equal(formatTai64n(time), text);
    const label = orRefused(() => parseTai64(text));
    if (label !== undefined) equal(formatTai64(label), text);
  });
});
