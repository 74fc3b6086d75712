// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { Random } from "../../tests/harness/random.ts";
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

Deno.test("a record that was written is read again, and is as long as any other", () => {
  const random = new Random(1);
  const time = (): { seconds: number; nanoseconds: number } => ({
    seconds: random.below(2 ** 34) - (random.once(9) ? 2 ** 33 : 0),
    nanoseconds: random.below(1e9),
  });
  for (let i = 0; i < 1000; i++) {
    const phase = random.pick<Phase>([
      { kind: "idle" },
      { kind: "starting", ticks: random.below(2 ** 40) },
      { kind: "running", pid: random.below(2 ** 22), started: random.below(2 ** 40) },
    ]);
    const pipe = random.once(2) ? "-" : `pipe:[${random.below(2 ** 32)}]`;
    const record: SupervisionRecord = { ...RECORD, before: time(), since: time(), pipe, phase };
    const text = encodeRecord(record);
    equal(text.length, RECORD_SIZE);
    deepEqual(decodeRecord(text), record);
  }
});

Deno.test("half a record, or one that was changed, is none or another, never trouble", () => {
  const text = encodeRecord(RECORD);
  for (let length = 0; length < text.length; length++) {
    equal(decodeRecord(text.slice(0, length)), undefined);
    equal(decodeRecord(text.slice(length + 1)), undefined);
  }
  equal(decodeRecord(text + text), undefined);
  const random = new Random(2);
  for (let i = 0; i < 2000; i++) {
    const at = random.below(text.length);
    const changed = text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    const record = decodeRecord(changed);
    if (record !== undefined) equal(encodeRecord(record).length, RECORD_SIZE);
  }
});

Deno.test("random bytes are no record", () => {
  const random = new Random(3);
  const alphabet = "djbox 0123456789.-:[]pipe runningstartingidle\n\0\xff";
  for (let i = 0; i < 2000; i++) {
    equal(decodeRecord(random.text(random.below(300), alphabet)), undefined);
  }
});
