// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import {
  decodeRecord,
  encodeRecord,
  type Phase,
  RECORD_SIZE,
  type SupervisionRecord,
} from "./record.ts";

const RECORD: SupervisionRecord = {
  boot: "0ec79d8a-9b4c-4d1f-8b53-6a1bbf0f3d0a:4026531836",
  before: { seconds: 1_700_000_000, nanoseconds: 5 },
  since: { seconds: 1_700_000_001, nanoseconds: 999_999_999 },
  pipe: "pipe:[123456789]",
  phase: { kind: "running", pid: 4_194_304, started: 123_456_789_012 },
};

Deno.test("a record is one line of text", () => {
  equal(
    encodeRecord(RECORD).trimEnd(),
    "djbox 0ec79d8a-9b4c-4d1f-8b53-6a1bbf0f3d0a:4026531836 1700000000.5 1700000001.999999999 " +
      "pipe:[123456789] running 4194304 123456789012",
  );
});

const TIMES = fc.record({
  seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 34 }),
  nanoseconds: fc.nat(999_999_999),
});
const RECORDS: fc.Arbitrary<SupervisionRecord> = fc.record({
  boot: fc.constant(RECORD.boot),
  before: TIMES,
  since: TIMES,
  pipe: fc.option(fc.nat(2 ** 32).map((inode) => `pipe:[${inode}]`), { nil: "-" }),
  phase: fc.oneof<fc.MaybeWeightedArbitrary<Phase>[]>(
    fc.constant({ kind: "idle" }),
    fc.record({ kind: fc.constant("starting"), ticks: fc.nat(2 ** 40) }),
    fc.record({ kind: fc.constant("running"), pid: fc.nat(2 ** 22), started: fc.nat(2 ** 40) }),
  ),
});

Deno.test("a record that was written is read again, and is as long as any other", () => {
  holds(1000, [RECORDS], (record) => {
    const text = encodeRecord(record);
    equal(text.length, RECORD_SIZE);
    deepEqual(decodeRecord(text), record);
  });
});

Deno.test("half a record is none", () => {
  const text = encodeRecord(RECORD);
  for (let length = 0; length < text.length; length++) {
    equal(decodeRecord(text.slice(0, length)), undefined);
    equal(decodeRecord(text.slice(length + 1)), undefined);
  }
  equal(decodeRecord(text + text), undefined);
});

/** Whoever may write to the file decides what is in it, but not that a number is none that the kernel takes. */
function isSound(record: SupervisionRecord | undefined): void {
  if (record === undefined) return;
  const { before, since, phase } = record;
  const numbers = [before, since].flatMap(({ seconds, nanoseconds }) => [seconds, nanoseconds]);
  if (phase.kind === "starting") numbers.push(phase.ticks);
  if (phase.kind === "running") numbers.push(phase.pid, phase.started);
  ok(numbers.every(Number.isSafeInteger), numbers.join(" "));
  ok(phase.kind !== "running" || phase.pid < 2 ** 31);
}

Deno.test("a record that was changed is none or another, never trouble", () => {
  holds(3000, [damaged(RECORDS.map(encodeRecord), 3, " 0123456789-.:[]\n")], (text) => {
    isSound(decodeRecord(text));
  });
});

Deno.test("a number that is too long for a record makes it none", () => {
  const numbers = fc.nat(380).map((length) => "9".repeat(20 + length));
  holds(50, [numbers, fc.constantFrom("17", "5", "4194304", "12345")], (number, which) => {
    const line = "djbox a-b:1 17.5 17.5 - running 4194304 12345\n";
    equal(decodeRecord(line)?.phase.kind, "running");
    equal(decodeRecord(line.replace(which, number)), undefined);
  });
});

Deno.test("random bytes are no record", () => {
  const alphabet = "djbox 0123456789.-:[]pipe runningstartingidle\n\0\xff";
  holds(2000, [fc.oneof(byteString(300, alphabet), byteString(300))], (text) => {
    equal(decodeRecord(text), undefined);
  });
});
