// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { fromBytes, putBytes } from "../os/bytes.ts";
import { READ_SIZE } from "../stream/layout.ts";
import { type FormOf, Restamper } from "./restamp.ts";

/** Feeds `text` in pieces of `size` bytes; with `end`, what was held back comes too. */
function restamp(
  formOf: FormOf,
  text: string,
  size = READ_SIZE,
  end = true,
  behind: "" | " " = "",
): string {
  const restamper = new Restamper(formOf, behind);
  let output = "";
  const show = (count: number): void => {
    output += fromBytes(restamper.output.subarray(0, count));
  };
  for (let at = 0; at < text.length; at += size) {
    show(restamper.take(putBytes(restamper.input, 0, text.slice(at, at + size))));
  }
  if (end) show(restamper.finish());
  return output;
}

/** `[SECONDS`, and no form for odd hundreds of seconds. */
const plain: FormOf = (seconds) => seconds / 100n % 2n === 0n ? { text: `[${seconds}` } : undefined;

/** `HOUR:MM:SS` from the start of each hour to its 50th minute, so that what is kept ends early. */
function clock(asked: bigint[]): FormOf {
  return (seconds) => {
    asked.push(seconds);
    const start = seconds - seconds % 3600n;
    const rest = Number(seconds - start);
    const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
    const text = `${start / 3600n}:${two(rest / 60)}:${two(rest % 60)}`;
    return rest < 3000 ? { text, clock: { start, last: start + 2999n } } : { text };
  };
}

const EPOCH = (1n << 62n) + 10n;

function stamp(seconds: number | bigint, nanoseconds: number): string {
  const label = BigInt.asUintN(64, EPOCH + BigInt(seconds));
  const hex = (value: number | bigint, size: number): string =>
    value.toString(16).padStart(size, "0");
  return "@" + hex(label, 16) + hex(nanoseconds, 8);
}

Deno.test("a stamp at the beginning of a line gets its form, and nothing else does", () => {
  const text = [
    stamp(5, 1) + " first",
    "x" + stamp(5, 1),
    " " + stamp(5, 1),
    "",
    stamp(5, 999_999_999) + stamp(5, 1),
    stamp(5, 4_294_967_295) + "@",
    "@",
    stamp(5, 0).toUpperCase(),
    stamp(5, 0).slice(0, -1),
    "0" + stamp(5, 0),
    "@0000" + stamp(6, 7).slice(1) + "!",
    stamp(150, 0) + " no form",
    stamp(5, 2) + " last",
  ].join("\n");
  const expected = [
    "[5.000000001 first",
    "x" + stamp(5, 1),
    " " + stamp(5, 1),
    "",
    "[5.999999999" + stamp(5, 1),
    "[5.4294967295@",
    "@",
    stamp(5, 0).toUpperCase(),
    stamp(5, 0).slice(0, -1),
    "0" + stamp(5, 0),
    "[6.000000007!",
    stamp(150, 0) + " no form",
    "[5.000000002 last",
  ].join("\n");
  for (const size of [1, 2, 3, 7, 16, 24, 25, 26, 27, 63, 64, 65, READ_SIZE]) {
    equal(restamp(plain, text, size), expected, `in pieces of ${size}`);
  }
});

Deno.test("a blank is put behind each stamp where that is asked for, whoever converts it", () => {
  const text = `${stamp(5, 1)} a\n${stamp(5, 2)}\n${stamp(5, 3)}x\n@4000\n${stamp(5, 4)}`;
  for (const size of [1, 24, 25, 26, READ_SIZE]) {
    equal(
      restamp(plain, text, size, true, " "),
      "[5.000000001  a\n[5.000000002 \n[5.000000003 x\n@4000\n[5.000000004 ",
    );
  }
});

Deno.test("MM:SS goes on to the end that it was given, and no further", () => {
  const asked: bigint[] = [];
  const formOf = clock(asked);
  const seconds = [60, 61, 59, 60, 2999, 3000, 3001, 3599, 3600, 7199, 2, 0, 3601];
  const lines = (shown: (second: number) => string): string =>
    seconds.map((second) => shown(second) + " x\n").join("");
  const expected = lines((second) => `${formOf(BigInt(second))?.text}.000000007`);
  asked.length = 0;
  equal(restamp(formOf, lines((second) => stamp(second, 7))), expected);
  equal(asked.join(), "60,59,3000,3001,3599,3600,7199,2,0,3601");
});

Deno.test("a form is not kept across 2^32 labels, nor for the same lower half", () => {
  const lowest = 2 ** 32 - 10;
  const seconds = [lowest - 3, lowest - 1, lowest, lowest + 1, lowest - 3 + 2 ** 32, 3, -1, -7000];
  for (const order of [seconds, seconds.toReversed()]) {
    const formOf = clock([]);
    const lines = order.map((second) => stamp(second, 0) + "\n").join("");
    const expected = order.map((second) => `${formOf(BigInt(second))?.text}.000000000\n`).join("");
    equal(restamp(clock([]), lines), expected);
  }
});

Deno.test("labels beyond all clocks are asked for as 64 bits have them", () => {
  const asked: bigint[] = [];
  const formOf: FormOf = (seconds) => {
    asked.push(seconds);
    return undefined;
  };
  const text = "@" + "0".repeat(24) + "\n@" + "f".repeat(24) + "\n@7" + "f".repeat(23) + "\n";
  equal(restamp(formOf, text), text);
  equal(asked.join(), `${-EPOCH},${-EPOCH - 1n},${(1n << 63n) - 1n - EPOCH}`);
});

Deno.test("a form too long to be kept is right all the same", () => {
  const formOf: FormOf = (seconds) => ({ text: String(seconds).padStart(200, "-") });
  const lines = [1, 1, 2].map((second) => stamp(second, 0) + "\n").join("");
  const expected = [1, 1, 2].map((second) => `${"-".repeat(199)}${second}.000000000\n`).join("");
  equal(restamp(formOf, lines), expected);
});

Deno.test("what may still become a stamp is held back, everything else passes at once", () => {
  equal(restamp(plain, "line\n@4000", 3, false), "line\n");
  equal(restamp(plain, "line\n@4000 ", 3, false), "line\n@4000 ");
  equal(restamp(plain, "part", 3, false), "part");
  equal(restamp(plain, "line\n@4000", 3), "line\n@4000");
  equal(restamp(plain, stamp(5, 1)), "[5.000000001");
  equal(restamp(plain, "@"), "@");
  equal(restamp(plain, ""), "");
});

Deno.test("what stands in memory where no form is kept is no stamp", () => {
  const text = "@" + "\0".repeat(8) + "0".repeat(16) + " x\n";
  equal(restamp(plain, text), text);
});

Deno.test("digits without end are no stamp", () => {
  for (const length of [4095, 4096, 5000, 200_000]) {
    const text = "x\n@" + "0".repeat(length) + " y\n" + stamp(1, 0) + "\n";
    const end = " y\n[1.000000000\n";
    for (const size of [1000, 4096, READ_SIZE]) {
      const output = restamp((seconds) => seconds === 1n ? { text: "[1" } : undefined, text, size);
      equal(output, "x\n@" + "0".repeat(length) + end);
    }
  }
});
