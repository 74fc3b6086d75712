// SPDX-License-Identifier: 0BSD
/**
 * The loop of tai64nlocal(1) and tai64nfrac(1): copies, with the stamps at the beginnings of lines in another form,
 * as long as they are of the seconds whose form is known.
 *
 * What is known stands in the memory (restamp_layout.ts). A form is a text for the seconds; the point and the nanoseconds are
 * put behind it, and a blank where BLANKS says so. Where its last five characters are `MM:SS`, it holds for all seconds up to the end of the hour.
 *
 * @module
 */
import { copyingRoutine, copyToNext, outputEnd } from "./copying.ts";
import { LF, PAIRS, TRIPLES } from "./layout.ts";
import {
  BLANKS,
  CLOCK,
  FIRST,
  FORM,
  FORM_LENGTH,
  HIGH,
  SPAN,
  START,
  STOPPED,
} from "./restamp_layout.ts";
import {
  add,
  add8,
  allTrue,
  atLeast,
  bitselect,
  branch,
  type Code,
  div,
  eqz,
  forever,
  i32,
  i64ne,
  lane32,
  lessThan,
  lessThan8,
  load128,
  load16,
  load32,
  load64,
  load8,
  type Local,
  mul,
  ne,
  or,
  or128,
  ret,
  type Routine,
  shiftLeft16,
  shiftRight16,
  shl,
  shuffle,
  splat,
  store128,
  store16,
  store32,
  store8,
  sub,
  sub8,
  when,
} from "../wasm/assemble.ts";

const AT = 64;
const POINT = 46;
const BLANK = 32;
const ZERO = 48;
const LETTER_A = 97;
/** Where the second half of the digits begins, counted from the `@`, and where they end. */
const LOW_DIGITS = 9;
const DIGITS_END = 25;

/** The values of the sixteen digits in `digits`, where all are digits; else `stop`. */
function digitValues(digits: Local, letters: Local, isNumber: Local, stop: Code[]): Code[] {
  return [
    letters.set(sub8(digits.get, splat(i32(LETTER_A)))),
    digits.set(sub8(digits.get, splat(i32(ZERO)))),
    isNumber.set(lessThan8(digits.get, splat(i32(10)))),
    when(
      eqz(allTrue(or128(isNumber.get, lessThan8(letters.get, splat(i32(6)))))),
      ...stop,
    ),
    digits.set(
      bitselect(digits.get, add8(letters.get, splat(i32(10))), isNumber.get),
    ),
  ];
}

/** Sixteen values to four i32, of which the first two count. */
function packDigits(digits: Local): Code[] {
  return [
    // A lane of 16 bits holds two values, the first one in its lower byte: put them side by side there,
    digits.set(or128(shiftLeft16(digits.get, i32(4)), shiftRight16(digits.get, i32(8)))),
    // and gather the lower bytes, least significant first.
    digits.set(shuffle(digits, [6, 4, 2, 0, 14, 12, 10, 8, 0, 0, 0, 0, 0, 0, 0, 0])),
  ];
}

/** Whether the byte `char` is a hexadecimal digit. */
function isDigit(char: Local): Code {
  return or(
    lessThan(sub(char.get, i32(ZERO)), i32(10)),
    lessThan(sub(char.get, i32(LETTER_A)), i32(6)),
  );
}

/** The two digits of `number`, 0 to 59. */
function pair(number: Code): Code {
  return load16(shl(number, i32(1)), PAIRS);
}

/** The three digits of `number`, 0 to 999, and a byte that means nothing. */
function triple(number: Code): Code {
  return load32(shl(number, i32(2)), TRIPLES);
}

/** a - b * size, where b is a / size. */
function rest(a: Local, b: Local, size: number): Code {
  return sub(a.get, mul(b.get, i32(size)));
}

export function restamp(): Routine {
  return copyingRoutine(
    AT,
    [],
    ["v128", "v128", "i32", "i32", "i32", "i32", "i32"],
    (copying, digits, letters, low, nanoseconds, quotient, millions, length) => {
      const { from, end, to, chunk } = copying;
      const leave = [store32(i32(STOPPED), to.get), ret(from.get)];
      const atEnd = [...store32(i32(STOPPED), outputEnd(copying)), ...end.get];
      return [
        length.set(load32(i32(FORM_LENGTH))),
        forever(
          ...copyToNext(copying, atEnd),
          when(
            ne(load8(sub(from.get, i32(1))), i32(LF)),
            from.increase(i32(1)),
            to.increase(i32(1)),
            branch(1),
          ),
          // One byte behind the digits must be there, for there could be more of them.
          when(atLeast(add(from.get, i32(DIGITS_END)), end.get), ...leave),
          when(or(eqz(length.get), i64ne(load64(from.get, 1), load64(i32(HIGH)))), ...leave),
          digits.set(load128(from.get, LOW_DIGITS)),
          ...digitValues(digits, letters, chunk, leave),
          low.set(load8(from.get, DIGITS_END)),
          when(isDigit(low), ...leave),
          ...packDigits(digits),
          low.set(lane32(digits.get, 0)),
          nanoseconds.set(lane32(digits.get, 1)),
          when(
            lessThan(load32(i32(SPAN)), sub(low.get, load32(i32(FIRST)))),
            ...leave,
          ),
          when(atLeast(nanoseconds.get, i32(1e9)), ...leave),
          store128(to.get, load128(i32(FORM))),
          store128(to.get, load128(i32(FORM), 16), 16),
          to.increase(length.get),
          when(
            load32(i32(CLOCK)),
            low.set(sub(low.get, load32(i32(START)))),
            quotient.set(div(low.get, i32(60))),
            store16(sub(to.get, i32(5)), pair(quotient.get)),
            store16(sub(to.get, i32(2)), pair(rest(low, quotient, 60))),
          ),
          store8(to.get, i32(POINT)),
          millions.set(div(nanoseconds.get, i32(1e6))),
          store32(to.get, triple(millions.get), 1),
          nanoseconds.set(rest(nanoseconds, millions, 1e6)),
          quotient.set(div(nanoseconds.get, i32(1e3))),
          store32(to.get, triple(quotient.get), 4),
          store32(to.get, triple(rest(nanoseconds, quotient, 1e3)), 7),
          store8(to.get, i32(BLANK), 10),
          to.increase(add(load32(i32(BLANKS)), i32(10))),
          from.increase(i32(DIGITS_END)),
        ),
      ];
    },
  );
}
