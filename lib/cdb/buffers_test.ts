// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { InputBuffer, OutputBuffer } from "./buffers.ts";
import { fromBytes, toBytes } from "../os/bytes.ts";

/** A source that gives at most `piece` bytes of `text` at a time. */
function input(text: string, piece: number): InputBuffer {
  let rest = text;
  return new InputBuffer((buffer) => {
    const bytes = toBytes(rest.slice(0, Math.min(piece, buffer.length)));
    rest = rest.slice(bytes.length);
    buffer.set(bytes);
    return bytes.length;
  });
}

/** The bytes that `pass` hands over; undefined where there are not so many. */
function passed(source: InputBuffer, length: number): string | undefined {
  const pieces: string[] = [];
  const all = source.pass(length, (bytes, from, to) => {
    pieces.push(fromBytes(bytes.subarray(from, to)));
  });
  return all ? pieces.join("") : undefined;
}

Deno.test("InputBuffer gives bytes and pieces until the end, whatever a read gives", () => {
  for (const piece of [1, 2, 3, 100]) {
    const source = input("+ab\0\xff12345", piece);
    equal(source.byte(), 43);
    equal(passed(source, 0), "");
    equal(passed(source, 4), "ab\0\xff");
    equal(source.byte(), 49);
    equal(passed(source, 5), undefined);
    equal(source.byte(), -1);
    equal(source.byte(), -1);
  }
  const long = "0123456789".repeat(50_000);
  equal(passed(input(long, 1e9), long.length), long);
});

Deno.test("OutputBuffer writes what was put, in order, in large pieces", () => {
  const written: string[] = [];
  const output = new OutputBuffer((bytes) => written.push(fromBytes(bytes)));
  const long = "0123456789".repeat(30_000);
  let wanted = "";
  for (let i = 0; i < 20_000; i++) {
    output.putNumber(i * i);
    output.putByte(44);
    output.put(toBytes("abc"), 1, 2);
    wanted += `${i * i},b`;
    if (i === 9999) {
      output.put(toBytes(long));
      wanted += long;
    }
  }
  output.flush();
  equal(written.join(""), wanted);
  equal(written.every((piece) => piece.length <= 65536), true);
  equal(written.length < 15, true);
});

Deno.test("OutputBuffer: numbers as they are written", () => {
  const numbers = [0, 9, 10, 99, 100, 4294967295, Number.MAX_SAFE_INTEGER];
  const written: string[] = [];
  const output = new OutputBuffer((bytes) => written.push(fromBytes(bytes)));
  for (const number of numbers) {
    output.putNumber(number);
    output.flush();
  }
  deepEqual(written, numbers.map(String));
});
