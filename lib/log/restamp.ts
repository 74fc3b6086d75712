// SPDX-License-Identifier: 0BSD
/**
 * Replaces the TAI64N stamps at the beginnings of lines: the work of tai64nlocal(1) and tai64nfrac(1).
 *
 * A stamp is `@` as the first byte of a line and the digits 0-9a-f behind it, as many as there are: the last 8
 * are the nanoseconds, the 16 before them the TAI64 label. Everything else is copied. Where another form for
 * the seconds is not to be had (fewer than 24 digits, a year that no calendar has) the stamp is copied too.
 *
 * The form of a second is asked for here, and kept; the loop (restamp_loop.ts) shows it in the following lines
 * without coming back.
 *
 * @module
 */
import { type ByteString, fromBytes, putBytes } from "../os/bytes.ts";
import type { Filter } from "../stream/filter.ts";
import { CARRY_SIZE, INPUT, LF, OUTPUT, PAIRS, TRIPLES } from "../stream/layout.ts";
import { compileLoops } from "../stream/loops.ts";
import {
  BLANKS,
  CLOCK,
  FIRST,
  FORM,
  FORM_LENGTH,
  FORM_SIZE,
  HIGH,
  SPAN,
  START,
  STOPPED,
} from "../stream/restamp_layout.ts";
import { TAI64_UNIX_EPOCH } from "../tai/tai.ts";

/** A second in another form. */
export interface Form {
  readonly text: ByteString;
  /**
   * Present where the text ends in `MM:SS`: that counts the seconds since `start`, and the rest of the text is
   * right for all seconds from this one to `last` (both Unix time).
   */
  readonly clock?: { readonly start: bigint; readonly last: bigint };
}

/** Finds the form of a second, given in Unix time; undefined: it has none. */
export type FormOf = (seconds: bigint) => Form | undefined;

const DIGITS = 24;
const SECOND_DIGITS = 16;
const HIGH_DIGITS = 8;
/** The largest distance between two labels that have the same upper half. */
const LOW_MAX = 0xffffffffn;
const IS_DIGIT = /[0-9a-f]/;

/** The filter; see above. */
export class Restamper implements Filter {
  readonly #loops = compileLoops("restamp");
  readonly input: Uint8Array<ArrayBuffer> = this.#loops.input;
  readonly output: Uint8Array<ArrayBuffer> = this.#loops.output;
  readonly #memory = this.#loops.memory;
  readonly #view = new DataView(this.#memory.buffer);
  readonly #formOf: FormOf;
  readonly #behind: "" | " ";
  /** How many bytes in front of INPUT have been kept: a stamp whose end has not come yet. */
  #kept = 0;
  /** The last byte of the input before those. */
  #last = LF;

  /** `behind` is put behind each stamp in its new form. */
  constructor(formOf: FormOf, behind: "" | " " = "") {
    this.#formOf = formOf;
    this.#behind = behind;
    this.#view.setUint32(BLANKS, behind.length, true);
    for (let i = 0; i < 1000; i++) {
      putBytes(this.#memory, TRIPLES + 4 * i, String(i).padStart(3, "0"));
    }
    for (let i = 0; i < 60; i++) putBytes(this.#memory, PAIRS + 2 * i, String(i).padStart(2, "0"));
  }

  take(count: number): number {
    const memory = this.#memory;
    const end = INPUT + count;
    let from = INPUT - this.#kept;
    let to = OUTPUT;
    this.#kept = 0;
    memory[from - 1] = this.#last;
    for (;;) {
      const at = this.#loops.restamp(from, end, to);
      to = this.#view.getUint32(STOPPED, true);
      if (at === end) break;
      from = this.#findEnd(at, end);
      if (from === end && end - at <= CARRY_SIZE) {
        this.#keep(at, end);
        return to - OUTPUT;
      }
      to = from < end ? this.#convert(at, from, to) : this.#copy(at, from, to);
    }
    this.#last = memory[end - 1] as number;
    return to - OUTPUT;
  }

  /** A stamp that ends with the input. */
  finish(): number {
    return this.#convert(INPUT - this.#kept, INPUT, OUTPUT) - OUTPUT;
  }

  #keep(at: number, end: number): void {
    this.#kept = end - at;
    this.#memory.copyWithin(INPUT - this.#kept, at, end);
    this.#last = LF;
  }

  /** Where the digits behind the `@` at `at` end: there, or at `end`, where more of them may follow. */
  #findEnd(at: number, end: number): number {
    let digit = at + 1;
    while (digit < end && IS_DIGIT.test(String.fromCharCode(this.#memory[digit] as number))) {
      digit++;
    }
    return digit;
  }

  #copy(from: number, end: number, to: number): number {
    this.#memory.copyWithin(to, from, end);
    return to + end - from;
  }

  /** Writes the stamp from `at` to `end`, in its new form if it has one, to `to`; returns where it ends. */
  #convert(at: number, end: number, to: number): number {
    const digits = fromBytes(this.#memory.subarray(at + 1, end)).slice(-DIGITS);
    if (digits.length < DIGITS) return this.#copy(at, end, to);
    const label = BigInt("0x" + digits.slice(0, SECOND_DIGITS));
    // In 64 bits, as in C: it wraps around.
    const seconds = BigInt.asIntN(64, label - TAI64_UNIX_EPOCH);
    const form = this.#formOf(seconds);
    if (form === undefined) return this.#copy(at, end, to);
    this.#keepForm(digits, label, seconds, form);
    // Ten digits for what is no fraction, as the C tool has it.
    const fraction = String(parseInt(digits.slice(SECOND_DIGITS), 16)).padStart(9, "0");
    return putBytes(this.#memory, to, `${form.text}.${fraction}${this.#behind}`);
  }

  /** Tells the loop what it needs to do the same. */
  #keepForm(digits: ByteString, label: bigint, seconds: bigint, { text, clock }: Form): void {
    if (text.length > FORM_SIZE) return;
    const view = this.#view;
    const low = BigInt.asUintN(32, label);
    const span = clock === undefined ? 0n : clock.last - seconds;
    const spanInHalf = span < LOW_MAX - low ? span : LOW_MAX - low;
    const start = clock === undefined ? low : low + clock.start - seconds;
    putBytes(this.#memory, FORM, text);
    view.setUint32(FORM_LENGTH, text.length, true);
    putBytes(this.#memory, HIGH, digits.slice(0, HIGH_DIGITS));
    view.setUint32(FIRST, Number(low), true);
    view.setUint32(SPAN, Number(spanInHalf), true);
    view.setUint32(START, Number(BigInt.asUintN(32, start)), true);
    view.setUint32(CLOCK, clock === undefined ? 0 : 1, true);
  }
}
