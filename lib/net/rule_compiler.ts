// SPDX-License-Identifier: 0BSD
/**
 * Access rules from text into a cdb, as tcprules has them: one `ADDRESS:INSTRUCTIONS` a line.
 *
 * Spaces and tabs at the end of a line are dropped; an empty line, one that begins with `#` and one without a colon
 * say nothing. The address is all before the first colon that has instructions behind it; only an IPv6 address has
 * colons itself. Instructions are `allow` or `deny`, then any number of `,NAME=QvalueQ`, where Q is any byte, and no
 * NUL. lib/net/rules.ts says what becomes of them.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { HASH_START, PAIR } from "../cdb/format.ts";
import type { Writer } from "../cdb/writer.ts";
import { formatLengths, ipv6Key, lengthsKey, networkKey, parseNetwork } from "./rule_network.ts";
import { isRange, parseRange } from "./rule_range.ts";

const NUL = 0;
const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const HASH_SIGN = 35;
const PLUS = 43;
const COMMA = 44;
const HYPHEN = 45;
const SLASH = 47;
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
  const networks = new Networks();
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
      compileLines(buffer, end, cdb, networks);
      buffer.copyWithin(0, end, length);
      length -= end;
    }
    if (length === buffer.length) buffer = enlarged(buffer);
  }
  if (length > 0) {
    buffer[length] = NEWLINE;
    compileLines(buffer, length + 1, cdb, networks);
  }
  networks.write(cdb);
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
function compileLines(
  input: Uint8Array<ArrayBuffer>,
  length: number,
  cdb: Writer,
  networks: Networks,
): void {
  let record = cdb.room(2 * length + PAIR);
  let output = cdb.buffer;
  for (let at = 0; at < length; at++) {
    const line = at;
    const key = record + PAIR;
    let end = key;
    let hash = HASH_START;
    let special = false;
    let byte = input[at] as number;
    if (byte === HASH_SIGN) {
      at = input.indexOf(NEWLINE, at);
      continue;
    }
    for (;;) {
      while (byte !== COLON) {
        // Digits and letters come after them.
        if (byte <= SLASH) {
          if (byte === NEWLINE) break;
          if (byte === HYPHEN || byte === SLASH) special = true;
        }
        hash = Math.imul(hash, 33) ^ byte;
        output[end++] = byte;
        byte = input[++at] as number;
      }
      if (byte === NEWLINE) break;
      if (startsWith(input, at + 1, ALLOW) || startsWith(input, at + 1, DENY)) break;
      // A colon in an address, then.
      special = true;
      hash = Math.imul(hash, 33) ^ byte;
      output[end++] = byte;
      byte = input[++at] as number;
    }
    if (byte === NEWLINE) {
      if (output.subarray(key, end).includes(COLON)) throw errorIn(input, line);
      continue;
    }
    const value = end;
    at++;
    if (startsWith(input, at, ALLOW)) {
      at += ALLOW.length;
    } else {
      at += DENY.length;
      output[end++] = D;
      output[end++] = NUL;
    }
    while (input[at] === COMMA) {
      // `,NAME=QvalueQ` becomes `+NAME=value` and a NUL.
      byte = PLUS;
      do {
        output[end++] = byte;
        byte = input[++at] as number;
        if (byte === NEWLINE || byte === NUL) throw errorIn(input, line);
      } while (byte !== EQUALS);
      output[end++] = EQUALS;
      const quote = input[++at] as number;
      if (quote === NEWLINE) throw errorIn(input, line);
      for (byte = input[++at] as number; byte !== quote; byte = input[++at] as number) {
        if (byte === NEWLINE || byte === NUL) throw errorIn(input, line);
        output[end++] = byte;
      }
      output[end++] = NUL;
      at++;
    }
    // A blank as the last quote was dropped with the blanks behind it, and then it is missing.
    if (isBlank(input[at - 1] as number)) throw errorIn(input, line);
    while (isBlank(input[at] as number)) at++;
    if (input[at] !== NEWLINE) throw errorIn(input, line);
    const address = special ? fromBytes(output.subarray(key, value)) : "";
    const keys = special ? keysOf(address, networks) : ITSELF;
    if (keys === undefined) throw errorIn(input, line);
    if (keys.length !== 1 || keys[0] !== address) {
      const instructions = output.slice(value, end);
      for (const key of keys) cdb.add(toBytes(key), instructions);
      record = cdb.room(2 * (length - at) + PAIR);
      output = cdb.buffer;
    } else {
      cdb.commit(record, value - key, end - value, hash);
      record = end;
    }
  }
}

/** The keys of an address in which nothing is special; its text is not needed. */
const ITSELF: readonly ByteString[] = [""];

function startsWith(input: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) {
    if (input[at + i] !== word[i]) return false;
  }
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** The keys that stand for the address: one for each number of a range. undefined: it is not a proper one. */
function keysOf(address: ByteString, networks: Networks): ByteString[] | undefined {
  if (address.includes(":")) {
    const key = networks.keyOf(address) ?? ipv6Key(address);
    return key === undefined ? undefined : [key];
  }
  if (!isRange(address)) return [networks.keyOf(address) ?? address];
  const range = parseRange(address);
  if (range === undefined) return undefined;
  const keys: ByteString[] = [];
  for (let number = range.first; number <= range.last; number++) {
    const key = `${range.before}${number}${range.behind}`;
    keys.push(networks.keyOf(key) ?? key);
  }
  return keys;
}

/** The lengths of the networks that have rules, by the number of bytes that their addresses have. */
class Networks {
  readonly #lengths = new Map<number, Set<number>>();

  /** The key for a network, which is noted; undefined: it is none. */
  keyOf(text: ByteString): ByteString | undefined {
    const network = parseNetwork(text);
    if (network === undefined) return undefined;
    const size = network.address.length;
    const lengths = this.#lengths.get(size) ?? new Set();
    this.#lengths.set(size, lengths.add(network.length));
    return networkKey(network);
  }

  /** Leaves a note for those who look rules up. */
  write(cdb: Writer): void {
    for (const [size, lengths] of this.#lengths) {
      cdb.add(toBytes(lengthsKey(size)), toBytes(formatLengths(lengths)));
    }
  }
}

/** Nobody is shown the blanks at the end, nor what stands behind a NUL. */
function errorIn(input: Uint8Array, line: number): RuleError {
  const text = fromBytes(input.subarray(line, input.indexOf(NEWLINE, line)));
  return new RuleError(text.replace(/[ \t]+$/, "").split("\0", 1)[0] as ByteString);
}
