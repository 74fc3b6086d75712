// SPDX-License-Identifier: 0BSD
/**
 * Records as text: what cdbmake reads and cdbdump writes. A record is `+KLEN,VLEN:KEY->VALUE` and a newline, and
 * there is one more newline behind the last.
 *
 * @module
 */
import type { InputBuffer, OutputBuffer, Take } from "./buffers.ts";
import { SystemError } from "../os/errno.ts";
import { hash, HASH_START, PAIR } from "./format.ts";
import type { RecordStream } from "./record_stream.ts";
import { checkPosition } from "./tables.ts";
import type { Writer } from "./writer.ts";

const NEWLINE = 10;
const PLUS = 43;
const COMMA = 44;
const HYPHEN = 45;
const ZERO = 48;
const COLON = 58;
const GREATER = 62;

/** Text that is not as it should be; the message says what is wrong with it. */
export class TextError extends Error {}

/** Reads records as text into a cdb. */
export class TextReader {
  /** The number of the record that is being read, from 1. */
  entry = 1;
  readonly #input: InputBuffer;
  readonly #cdb: Writer;
  #hash = HASH_START;
  // Made once, not for each record.
  readonly #takeValue: Take = (bytes, from, to) => this.#cdb.append(bytes, from, to);
  readonly #takeKey: Take = (bytes, from, to) => {
    this.#hash = hash(bytes, this.#hash, from, to);
    this.#cdb.append(bytes, from, to);
  };

  /** Records from `input` are to go into `cdb`. */
  constructor(input: InputBuffer, cdb: Writer) {
    this.#input = input;
    this.#cdb = cdb;
  }

  /** Adds all records. What stands behind the last newline is not looked at. Throws TextError. */
  read(): void {
    for (;; this.entry++) {
      const first = this.#byte();
      if (first === NEWLINE) return;
      if (first !== PLUS) throw new TextError("entry must start with +");
      this.#record();
    }
  }

  #record(): void {
    const keyLength = this.#number(COMMA, "bad keylen format");
    const valueLength = this.#number(COLON, "bad datalen format");
    this.#cdb.begin(keyLength, valueLength);
    this.#hash = HASH_START;
    this.#pass(keyLength, this.#takeKey);
    this.#expect(HYPHEN, "key must be followed by ->");
    this.#expect(GREATER, "key must be followed by ->");
    this.#pass(valueLength, this.#takeValue);
    this.#expect(NEWLINE, "newline expected");
    this.#cdb.end(this.#hash);
  }

  /** A number and the byte behind it. None is 0; one that no record can have throws SystemError ENOMEM, as in C. */
  #number(end: number, complaint: string): number {
    let number = 0;
    for (let byte = this.#byte(); byte !== end; byte = this.#byte()) {
      if (byte < ZERO || byte > ZERO + 9) throw new TextError(complaint);
      number = 10 * number + byte - ZERO;
      checkPosition(PAIR + number);
    }
    return number;
  }

  #expect(wanted: number, complaint: string): void {
    if (this.#byte() !== wanted) throw new TextError(complaint);
  }

  #pass(length: number, take: Take): void {
    if (!this.#input.pass(length, take)) throw endOfInput();
  }

  #byte(): number {
    const byte = this.#input.byte();
    if (byte < 0) throw endOfInput();
    return byte;
  }
}

function endOfInput(): TextError {
  // freecdb's cdbmake writes it like this.
  return new TextError("unexpected end if input");
}

/** Writes all records of `cdb` as text; of one that is damaged, or cannot be read on, all that came before. */
export function writeText(cdb: RecordStream, output: OutputBuffer): void {
  try {
    writeRecords(cdb, output);
    output.putByte(NEWLINE);
  } catch (error) {
    if (error instanceof SystemError) output.flush();
    throw error;
  }
  output.flush();
}

function writeRecords(cdb: RecordStream, output: OutputBuffer): void {
  const put: Take = (bytes, from, to) => output.put(bytes, from, to);
  while (cdb.next()) {
    output.putByte(PLUS);
    output.putNumber(cdb.keyLength);
    output.putByte(COMMA);
    output.putNumber(cdb.valueLength);
    output.putByte(COLON);
    cdb.key(put);
    output.putByte(HYPHEN);
    output.putByte(GREATER);
    cdb.value(put);
    output.putByte(NEWLINE);
  }
}
