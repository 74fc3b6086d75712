// SPDX-License-Identifier: 0BSD
/**
 * Access rules from text into a cdb, as tcprules has them: one `ADDRESS:INSTRUCTIONS` a line.
 *
 * Spaces and tabs at the end of a line are dropped; an empty line, one that begins with `#` and one without a colon
 * say nothing. The address is all before the first colon. Instructions are `allow` or `deny`, then any number of
 * `,NAME=QvalueQ`, where Q is any byte. lib/net/rules.ts says what becomes of them.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { HASH_START, PAIR } from "../cdb/format.ts";
import type { Writer } from "../cdb/writer.ts";
import { isRange, parseRange } from "./rule_range.ts";

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const HASH_SIGN = 35;
const PLUS = 43;
const COMMA = 44;
const HYPHEN = 45;
const COLON = 58;
const EQUALS = 61;
const D = 68;
const ALLOW = toBytes("allow");
const DENY = toBytes("deny");
const WINDOW = 65536;

/** A line that is no rule. */
export class RuleError extends Error {
  constructor(readonly line: ByteString) {
    super("unable to parse this line: " + line);
  }
}

/**
 * Compiles all rules that there are to be read into `cdb`. A last line without a newline counts.
 *
 * @param read puts bytes into a buffer and returns how many; 0 at the end
 * @throws RuleError
 */
export function compileRules(
  read: (buffer: Uint8Array<ArrayBuffer>) => number,
  cdb: Writer,
): void {
  let buffer = new Uint8Array(WINDOW);
  let length = 0;
  for (;;) {
    const got = read(buffer.subarray(length));
    if (got === 0) break;
    // The end of the last whole line in what came now; no line is searched twice.
    const whole = buffer.subarray(length, length + got).lastIndexOf(NEWLINE) + 1;
    length += got;
    if (whole > 0) {
      const end = length - got + whole;
      compileLines(buffer, end, cdb);
      buffer.copyWithin(0, end, length);
      length -= end;
    }
    if (length === buffer.length) buffer = enlarged(buffer);
  }
  if (length === 0) return;
  buffer[length] = NEWLINE;
  compileLines(buffer, length + 1, cdb);
}

function enlarged(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * buffer.length);
  larger.set(buffer);
  return larger;
}

/**
 * Compiles the lines in `input` up to `length`; the last one ends there, with its newline.
 *
 * This is one loop over the bytes, with all it knows in variables of its own, because a million rules are to take no
 * longer than in C: an address is hashed while it is copied to where it goes, into the cdb's buffer, and the value
 * is made behind it. No rule is twice as long as its line.
 */
function compileLines(input: Uint8Array<ArrayBuffer>, length: number, cdb: Writer): void {
  let record = cdb.room(2 * length + PAIR);
  let output = cdb.buffer;
  for (let at = 0; at < length; at++) {
    const line = at;
    const key = record + PAIR;
    let end = key;
    let hash = HASH_START;
    let hyphen = false;
    let byte = input[at] as number;
    if (byte === HASH_SIGN) {
      at = input.indexOf(NEWLINE, at);
      continue;
    }
    while (byte !== COLON) {
      // Digits and letters come after both.
      if (byte <= HYPHEN) {
        if (byte === NEWLINE) break;
        if (byte === HYPHEN) hyphen = true;
      }
      hash = Math.imul(hash, 33) ^ byte;
      output[end++] = byte;
      byte = input[++at] as number;
    }
    if (byte === NEWLINE) continue;
    const value = end;
    at++;
    if (startsWith(input, at, ALLOW)) {
      at += ALLOW.length;
    } else if (startsWith(input, at, DENY)) {
      at += DENY.length;
      output[end++] = D;
      output[end++] = 0;
    } else {
      throw errorIn(input, line);
    }
    while (input[at] === COMMA) {
      // `,NAME=QvalueQ` becomes `+NAME=value` and a NUL.
      byte = PLUS;
      do {
        output[end++] = byte;
        byte = input[++at] as number;
        if (byte === NEWLINE) throw errorIn(input, line);
      } while (byte !== EQUALS);
      output[end++] = EQUALS;
      const quote = input[++at] as number;
      if (quote === NEWLINE) throw errorIn(input, line);
      for (byte = input[++at] as number; byte !== quote; byte = input[++at] as number) {
        if (byte === NEWLINE) throw errorIn(input, line);
        output[end++] = byte;
      }
      output[end++] = 0;
      at++;
    }
    // A blank as the last quote was dropped with the blanks behind it, and then it is missing.
    if (isBlank(input[at - 1] as number)) throw errorIn(input, line);
    while (isBlank(input[at] as number)) at++;
    if (input[at] !== NEWLINE) throw errorIn(input, line);
    const address = hyphen ? fromBytes(output.subarray(key, value)) : "";
    if (isRange(address)) {
      if (!addRange(address, output.slice(value, end), cdb)) throw errorIn(input, line);
      record = cdb.room(2 * (length - at) + PAIR);
      output = cdb.buffer;
    } else {
      cdb.commit(record, value - key, end - value, hash);
      record = end;
    }
  }
}

function startsWith(input: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) {
    if (input[at + i] !== word[i]) return false;
  }
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Adds a rule for each number of the range in the address. False: it is not a proper one. */
function addRange(address: ByteString, value: Uint8Array<ArrayBuffer>, cdb: Writer): boolean {
  const range = parseRange(address);
  if (range === undefined) return false;
  for (let number = range.first; number <= range.last; number++) {
    cdb.add(toBytes(`${range.before}${number}${range.behind}`), value);
  }
  return true;
}

/** Nobody is shown the blanks at the end, nor what stands behind a NUL. */
function errorIn(input: Uint8Array, line: number): RuleError {
  const text = fromBytes(input.subarray(line, input.indexOf(NEWLINE, line)));
  return new RuleError(text.replace(/[ \t]+$/, "").split("\0", 1)[0] as ByteString);
}
