// SPDX-License-Identifier: 0BSD
/**
 * The loops over all bytes and lines of a log (line_loops.ts says what each does), as WebAssembly.
 *
 * What this module exports is data: the bundle has the data in its place (scripts/bundle.ts), so that nothing is
 * assembled when multilog starts.
 *
 * @module
 */
import { LF } from "../stream/layout.ts";
import {
  add,
  and,
  assemble,
  atLeast,
  bitmask,
  branch,
  call,
  type Code,
  ctz,
  drop,
  either,
  eq,
  equalBytes,
  eqz,
  forever,
  i32,
  lessThan,
  load128,
  load32,
  load8,
  type Local,
  loop,
  min,
  ne,
  ret,
  type Routine,
  routine,
  shl,
  shr,
  splat,
  store128,
  store32,
  sub,
  when,
  xor,
} from "../wasm/assemble.ts";
import { HEAD_SIZE, STEP_SIZE, TAKE } from "./line_layout.ts";

const STAR = 42;

/** How much is looked at at once; text and copies are touched that far behind their ends. */
const SIXTEEN = 16;

function add16(...locals: Local[]): Code[] {
  return locals.map((local) => local.increase(i32(SIXTEEN)));
}

function splitLines(): Routine {
  return routine(
    ["i32", "i32", "i32"],
    ["i32", "i32", "i32", "v128"],
    (at, to, ends, first, found, end, newlines) => {
      const count = shr(sub(ends.get, first.get), i32(2));
      return [
        newlines.set(splat(i32(LF))),
        first.set(ends.get),
        forever(
          when(atLeast(at.get, to.get), ret(count)),
          found.set(bitmask(equalBytes(load128(at.get), newlines.get))),
          loop(
            when(
              found.get,
              end.set(add(add(at.get, ctz(found.get)), i32(1))),
              when(lessThan(to.get, end.get), ret(count)),
              store32(ends.get, end.get),
              ends.increase(i32(4)),
              // Takes the lowest bit away.
              found.set(and(found.get, sub(found.get, i32(1)))),
              branch(1),
            ),
          ),
          ...add16(at),
        ),
      ];
    },
  );
}

/**
 * Whether the pattern up to `patternEnd` matches what is from `at` to `to`. A star goes on to the first occurrence of
 * the byte behind it, which is compared then like any other; there is no backtracking.
 */
function matches(): Routine {
  const no = ret(i32(0));
  return routine(
    ["i32", "i32", "i32", "i32"],
    ["i32", "i32", "v128"],
    (pattern, patternEnd, at, to, byte, found, wanted) => [
      forever(
        when(eq(pattern.get, patternEnd.get), ret(eq(at.get, to.get))),
        byte.set(load8(pattern.get)),
        pattern.increase(i32(1)),
        when(
          eq(byte.get, i32(STAR)),
          when(eq(pattern.get, patternEnd.get), ret(i32(1))),
          wanted.set(splat(load8(pattern.get))),
          loop(
            when(atLeast(at.get, to.get), no),
            found.set(bitmask(equalBytes(load128(at.get), wanted.get))),
            when(eqz(found.get), ...add16(at), branch(1)),
          ),
          at.increase(ctz(found.get)),
          when(atLeast(at.get, to.get), no),
          branch(1),
        ),
        when(eq(at.get, to.get), no),
        when(ne(load8(at.get), byte.get), no),
        at.increase(i32(1)),
      ),
    ],
  );
}

/** Puts a line into a list; as part of the line that it follows where the list `joins` such. Returns 0. */
function take(): Routine {
  return routine(
    ["i32", "i32", "i32", "i32"],
    ["i32", "i32"],
    (list, joins, start, end, count, pair) => [
      count.set(load32(list.get)),
      // Where the last pair is.
      pair.set(add(sub(list.get, i32(4)), shl(count.get, i32(3)))),
      when(
        joins.get,
        when(
          count.get,
          when(
            eq(load32(pair.get, 4), start.get),
            store32(pair.get, end.get, 4),
            ret(i32(0)),
          ),
        ),
      ),
      store32(pair.get, start.get, 8),
      store32(pair.get, end.get, 12),
      store32(list.get, add(count.get, i32(1))),
      i32(0),
    ],
  );
}

function select(): Routine {
  return routine(
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    ["i32", "i32", "i32", "i32", "i32"],
    (start, ends, endsEnd, newline, steps, stepsEnd, end, head, step, kind, selected) => {
      const operand = (number: number): Code => load32(step.get, 4 * number);
      return [
        forever(
          when(eq(ends.get, endsEnd.get), ret(i32(0))),
          end.set(load32(ends.get)),
          ends.increase(i32(4)),
          head.set(min(sub(end.get, newline.get), add(start.get, i32(HEAD_SIZE)))),
          selected.set(i32(1)),
          step.set(steps.get),
          loop(
            when(
              ne(step.get, stepsEnd.get),
              kind.set(load32(step.get)),
              either(
                eq(kind.get, i32(TAKE)),
                [when(
                  selected.get,
                  drop(call(TAKE_LINE, operand(1), operand(2), start.get, end.get)),
                )],
                [when(
                  eq(kind.get, selected.get),
                  selected.set(
                    xor(
                      selected.get,
                      call(MATCHES, operand(1), operand(2), start.get, head.get),
                    ),
                  ),
                )],
              ),
              step.increase(i32(STEP_SIZE)),
              branch(1),
            ),
          ),
          start.set(end.get),
        ),
      ];
    },
  );
}

function gather(): Routine {
  return routine(
    ["i32", "i32"],
    ["i32", "i32", "i32", "i32"],
    (list, at, pair, pairsEnd, from, to) => [
      pair.set(add(list.get, i32(4))),
      pairsEnd.set(add(pair.get, shl(load32(list.get), i32(3)))),
      forever(
        when(eq(pair.get, pairsEnd.get), ret(at.get)),
        from.set(load32(pair.get)),
        to.set(load32(pair.get, 4)),
        loop(
          store128(at.get, load128(from.get)),
          ...add16(at, from),
          when(lessThan(from.get, to.get), branch(1)),
        ),
        // Back by what has been copied too much.
        at.set(add(sub(at.get, from.get), to.get)),
        pair.increase(i32(8)),
      ),
    ],
  );
}

/* Numbers in LINE_LOOPS, for calls. */
const MATCHES = 0;
const TAKE_LINE = 1;

/** The module; it exports the functions of LineLoops. */
export const LINE_LOOPS = assemble([
  [undefined, matches()],
  [undefined, take()],
  ["splitLines", splitLines()],
  ["select", select()],
  ["gather", gather()],
]);
