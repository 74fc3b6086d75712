// SPDX-License-Identifier: 0BSD
/**
 * The loops over all bytes and lines of a log: finding lines, comparing them with patterns, gathering those that
 * are selected. In WebAssembly; text, lists and patterns lie in one memory, and all places are addresses in it.
 *
 * A list of lines is a word that counts them and then two words for each one, where it begins and where it ends
 * (LineList). A step of a script is four words (STEP_SIZE):
 *
 *   SELECT, DESELECT   where the pattern is, where it ends, -
 *   TAKE               the list that takes a selected line, whether neighbouring lines become one there, -
 *
 * @module
 */
import { assemble } from "../wasm/assemble.ts";

/** How far beyond their ends text and copies are touched. */
export const SLACK = 16;
/** How much of a line patterns see. */
export const HEAD_SIZE = 1000;
export const STEP_SIZE = 16;

/** Kinds of steps. The first two apply to a line for which "is it selected?" is the same number. */
export const SELECT = 0;
export const DESELECT = 1;
export const TAKE = 2;

const STAR = 42;
const NEWLINE = 10;

const CODE = `
(module
  (import "env" "memory" (memory 1))

  ;; Writes from $ends on where each line ends between $at and $to; returns how many do.
  (func $splitLines (export "splitLines") (param $at i32) (param $to i32) (param $ends i32) (result i32)
    (local $first i32) (local $found i32) (local $end i32) (local $newlines v128)
    i32.const ${NEWLINE}  i8x16.splat  local.set $newlines
    local.get $ends  local.set $first
    block $done
      loop $block
        local.get $at  local.get $to  i32.ge_u
        br_if $done
        local.get $at  v128.load  local.get $newlines  i8x16.eq  i8x16.bitmask  local.set $found
        block $none
          loop $newline
            local.get $found  i32.eqz
            br_if $none
            local.get $at  local.get $found  i32.ctz  i32.add  i32.const 1  i32.add
            local.tee $end
            local.get $to  i32.gt_u
            br_if $done
            local.get $ends  local.get $end  i32.store
            local.get $ends  i32.const 4  i32.add  local.set $ends
            ;; Takes the lowest bit away.
            local.get $found  local.get $found  i32.const 1  i32.sub  i32.and  local.set $found
            br $newline
          end
        end
        local.get $at  i32.const 16  i32.add  local.set $at
        br $block
      end
    end
    local.get $ends  local.get $first  i32.sub  i32.const 2  i32.shr_u
  )

  ;; Carries out the steps on each line. The first one begins at $start, and where they end stands from $ends on and
  ;; before $ends_end; $newline is 1, or 0 if what is there has no newlines at its ends.
  (func $select (export "select") (param $start i32) (param $ends i32) (param $ends_end i32)
    (param $newline i32) (param $steps i32) (param $steps_end i32)
    (local $end i32) (local $head i32) (local $limit i32) (local $step i32) (local $kind i32)
    (local $selected i32)
    block $done
      loop $line
        local.get $ends  local.get $ends_end  i32.eq
        br_if $done
        local.get $ends  i32.load  local.set $end
        local.get $ends  i32.const 4  i32.add  local.set $ends
        local.get $end  local.get $newline  i32.sub  local.set $head
        local.get $start  i32.const ${HEAD_SIZE}  i32.add  local.set $limit
        local.get $head  local.get $limit
        local.get $head  local.get $limit  i32.lt_u
        select
        local.set $head
        i32.const 1  local.set $selected
        local.get $steps  local.set $step
        block $judged
          loop $next
            local.get $step  local.get $steps_end  i32.eq
            br_if $judged
            local.get $step  i32.load  local.tee $kind
            i32.const ${TAKE}  i32.eq
            if
              local.get $selected
              if
                local.get $step  i32.load offset=4
                local.get $step  i32.load offset=8
                local.get $start  local.get $end
                call $take
              end
            else
              local.get $kind  local.get $selected  i32.eq
              if
                local.get $step  i32.load offset=4
                local.get $step  i32.load offset=8
                local.get $start  local.get $head
                call $matches
                local.get $selected  i32.xor  local.set $selected
              end
            end
            local.get $step  i32.const ${STEP_SIZE}  i32.add  local.set $step
            br $next
          end
        end
        local.get $end  local.set $start
        br $line
      end
    end
  )

  ;; Puts a line into a list.
  (func $take (param $list i32) (param $joins i32) (param $start i32) (param $end i32)
    (local $count i32) (local $pair i32)
    local.get $list  i32.load  local.set $count
    ;; Where the next pair goes.
    local.get $list  local.get $count  i32.const 3  i32.shl  i32.add  i32.const 4  i32.add
    local.set $pair
    local.get $joins
    if
      local.get $count
      if
        local.get $pair  i32.const 4  i32.sub  i32.load  local.get $start  i32.eq
        if
          local.get $pair  i32.const 4  i32.sub  local.get $end  i32.store
          return
        end
      end
    end
    local.get $pair  local.get $start  i32.store
    local.get $pair  local.get $end  i32.store offset=4
    local.get $list  local.get $count  i32.const 1  i32.add  i32.store
  )

  ;; Whether the pattern up to $pattern_end matches what is from $at to $to. A star goes on to the first occurrence of
  ;; the byte behind it, which is compared then like any other; there is no backtracking.
  (func $matches (param $pattern i32) (param $pattern_end i32) (param $at i32) (param $to i32) (result i32)
    (local $byte i32) (local $found i32) (local $wanted v128)
    block $no
      loop $next
        local.get $pattern  local.get $pattern_end  i32.eq
        if
          local.get $at  local.get $to  i32.eq
          return
        end
        local.get $pattern  i32.load8_u  local.set $byte
        local.get $pattern  i32.const 1  i32.add  local.set $pattern
        local.get $byte  i32.const ${STAR}  i32.eq
        if
          local.get $pattern  local.get $pattern_end  i32.eq
          if
            i32.const 1
            return
          end
          local.get $pattern  i32.load8_u  i8x16.splat  local.set $wanted
          loop $search
            local.get $at  local.get $to  i32.ge_u
            br_if $no
            local.get $at  v128.load  local.get $wanted  i8x16.eq  i8x16.bitmask
            local.tee $found  i32.eqz
            if
              local.get $at  i32.const 16  i32.add  local.set $at
              br $search
            end
          end
          local.get $at  local.get $found  i32.ctz  i32.add  local.tee $at
          local.get $to  i32.ge_u
          br_if $no
          br $next
        end
        local.get $at  local.get $to  i32.eq
        br_if $no
        local.get $at  i32.load8_u  local.get $byte  i32.ne
        br_if $no
        local.get $at  i32.const 1  i32.add  local.set $at
        br $next
      end
    end
    i32.const 0
  )

  ;; Copies the lines of a list to $at, one behind the other; returns the end.
  (func $gather (export "gather") (param $list i32) (param $at i32) (result i32)
    (local $pair i32) (local $pair_end i32) (local $from i32) (local $to i32)
    local.get $list  i32.const 4  i32.add  local.tee $pair
    local.get $list  i32.load  i32.const 3  i32.shl  i32.add  local.set $pair_end
    block $done
      loop $line
        local.get $pair  local.get $pair_end  i32.eq
        br_if $done
        local.get $pair  i32.load  local.set $from
        local.get $pair  i32.load offset=4  local.set $to
        loop $copy
          local.get $at  local.get $from  v128.load  v128.store
          local.get $at  i32.const 16  i32.add  local.set $at
          local.get $from  i32.const 16  i32.add  local.tee $from
          local.get $to  i32.lt_u
          br_if $copy
        end
        local.get $at  local.get $from  i32.sub  local.get $to  i32.add  local.set $at
        local.get $pair  i32.const 8  i32.add  local.set $pair
        br $line
      end
    end
    local.get $at
  )
)`;

/** See the comments of the functions above. */
export interface LineLoops {
  readonly splitLines: (at: number, to: number, ends: number) => number;
  readonly select: (
    start: number,
    ends: number,
    endsEnd: number,
    newline: number,
    steps: number,
    stepsEnd: number,
  ) => void;
  readonly gather: (list: number, at: number) => number;
}

/** The loops, for what lies in `memory`. */
export function lineLoops(memory: WebAssembly.Memory): LineLoops {
  const module = new WebAssembly.Module(assemble(CODE));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as LineLoops;
}
