// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { fromBytes, toBytes } from "../os/bytes.ts";
import {
  decodeHanded,
  descriptorsOf,
  encodeHanded,
  type Handed,
  type HandedKeeper,
  type HandedService,
  type HandedSupervisor,
} from "./handed.ts";
import { type State, TABLE } from "./state_table.ts";
import type { Want } from "./status_file.ts";

const FD = fc.nat(1_000_000);
const FD_OR_NONE = fc.oneof(FD, fc.constant(-1));
const MAPPINGS = fc.array(fc.tuple(FD, FD), { maxLength: 2 });
const LONG = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const TIME = fc.record({ seconds: fc.maxSafeInteger(), nanoseconds: fc.nat(999_999_999) });
const SUPERVISORS: fc.Arbitrary<HandedSupervisor> = fc.record({
  name: byteString(20),
  descriptors: fc.record({ directory: FD, lock: FD, control: FD, ok: FD_OR_NONE }),
  mappings: MAPPINGS,
  condition: fc.record({
    since: TIME,
    pid: fc.nat(),
    pidfd: FD_OR_NONE,
    paused: fc.boolean(),
    want: fc.constantFrom<Want[]>("u", "d", ""),
    exits: fc.boolean(),
    unwritten: fc.boolean(),
    announced: fc.option(TIME, { nil: undefined }),
    state: fc.constantFrom(...Object.keys(TABLE) as State[]),
  }),
});
const KEEPERS: fc.Arbitrary<HandedKeeper> = fc.oneof(SUPERVISORS, fc.nat());
const SERVICES: fc.Arbitrary<HandedService> = fc.record({
  identity: byteString(12),
  name: byteString(20),
  pipe: fc.record({ reader: FD, writer: FD }),
  main: KEEPERS,
  logger: KEEPERS,
}, { requiredKeys: ["identity", "name"] });
const HANDED: fc.Arbitrary<Handed> = fc.record({
  services: fc.array(SERVICES, { maxLength: 3 }),
  inheritance: fc.record({
    mask: LONG,
    softFiles: fc.option(LONG, { nil: undefined }),
    hardFiles: fc.option(LONG, { nil: undefined }),
    limits: fc.array(fc.tuple(fc.nat(15), LONG), { maxLength: 3 }).map((all) => new Map(all)),
    descriptors: MAPPINGS,
  }),
});
const TEXTS = HANDED.map((handed) => fromBytes(encodeHanded(handed)));

/** What JSON has for nothing is no field; the prototypes are not looked at. */
function plain({ services, inheritance }: Handed): unknown {
  return { services: JSON.parse(JSON.stringify(services)), inheritance: { ...inheritance } };
}

Deno.test("what is handed on arrives", () => {
  holds(500, [HANDED], (handed) => {
    const arrived = decodeHanded(fromBytes(encodeHanded(handed)));
    deepEqual(arrived && plain(arrived), plain(handed));
  });
});

/** Whatever has been understood can be worked with, and goes on as it came. */
function isSound(text: string): void {
  const handed = decodeHanded(text);
  if (handed === undefined) return;
  ok(descriptorsOf(handed).every((fd) => fd >= 0 && fd < 2 ** 31));
  const again = decodeHanded(fromBytes(encodeHanded(handed)));
  deepEqual(again && plain(again), plain(handed));
}

Deno.test("a state that was damaged is none or another, never trouble", () => {
  holds(2000, [damaged(TEXTS, 3, '0123456789-.e"[]{},:nulltrue\\')], isSound);
});

/** A value out of JSON, and the ways to all that is in it. */
function* places(value: unknown, way: readonly string[] = []): Generator<readonly string[]> {
  yield way;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...way, key]);
}

function replaced(value: unknown, [key, ...way]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...value as Record<string, unknown> };
  Reflect.set(copy, key, replaced(Reflect.get(copy, key), way, by));
  return copy;
}

Deno.test("a state in which one value is another one is none, or can be worked with", () => {
  holds(3000, [TEXTS, fc.nat(), fc.jsonValue()], (text, which, by) => {
    const state = JSON.parse(text);
    const ways = [...places(state)];
    isSound(JSON.stringify(replaced(state, ways[which % ways.length] ?? [], by)));
  });
});

Deno.test("what is no state at all is none", () => {
  holds(1000, [fc.oneof(fc.json(), byteString(200))], (text) => {
    equal(decodeHanded(fromBytes(toBytes(text))), undefined);
  });
});
