// SPDX-License-Identifier: 0BSD
/**
 * Puts a stamp in front of each line, for all that one read has brought: the loop that every byte of a stamped log
 * goes through, in WebAssembly.
 *
 * Input, output and a list of where the lines end lie in one WebAssembly.Memory, which read(2) and write(2) can
 * use directly (`new Uint8Array(memory.buffer)`). All places are addresses in it.
 *
 *     const memory = new WebAssembly.Memory({ initial: 8 });
 *     const stamper = new Stamper();
 *     const lines = new LineStamper(memory, stamper, { state: 0, input: 64, ends: 70000 });
 *     ...
 *     const length = read(0, input);
 *     stamper.set(clock.read());
 *     lines.stamp(length, output, inLine);
 *     lines.output; // where it ends
 *     lines.count; // how many lines have ended in it, and where stands from `ends` on, as 32-bit words
 *
 * The last line may be unfinished; it goes on in the next call if that is told that it is `inLine`.
 *
 * @module
 */
import { assemble } from "../wasm/assemble.ts";
import { STAMP_SIZE, type Stamper } from "./stamp.ts";

/** How far beyond their ends input and output are touched. */
export const SLACK = 16;
/** What is put in front of a line: a stamp and a space. */
export const PREFIX_SIZE: number = STAMP_SIZE + 1;
/** How much memory the state takes. */
export const STATE_SIZE = 64;

/* The state: words of 32 bits, each changed to how far it came; behind them a stamp of the second. */
const INPUT = 0;
const INPUT_END = 4;
const OUTPUT = 8;
const ENDS = 12;
const NANOSECONDS = 16;
const IN_LINE = 20;
const STAMP = 32;

const CODE = `
(module
  (import "env" "memory" (memory 1))

  ;; Stamps lines until the input or the second ends.
  (func $stampLines (export "stampLines") (param $state i32)
    (local $in i32) (local $in_end i32) (local $out i32) (local $ends i32) (local $nanoseconds i32)
    (local $in_line i32) (local $found i32)
    (local $bytes v128) (local $newlines v128) (local $stamp v128)
    local.get $state  i32.load offset=${INPUT}  local.set $in
    local.get $state  i32.load offset=${INPUT_END}  local.set $in_end
    local.get $state  i32.load offset=${OUTPUT}  local.set $out
    local.get $state  i32.load offset=${ENDS}  local.set $ends
    local.get $state  i32.load offset=${NANOSECONDS}  local.set $nanoseconds
    local.get $state  i32.load offset=${IN_LINE}  local.set $in_line
    local.get $state  v128.load offset=${STAMP}  local.set $stamp
    i32.const 10  i8x16.splat  local.set $newlines
    ;; The copying loop stops at a newline only.
    local.get $in_end  i32.const 10  i32.store8
    block $done
      loop $line
        local.get $in  local.get $in_end  i32.ge_u
        br_if $done
        local.get $in_line  i32.eqz
        if
          local.get $nanoseconds  i32.const 1000000000  i32.eq
          br_if $done
          ;; The first 17 bytes are those of the second, the next 8 are the nanoseconds.
          local.get $out  local.get $stamp  v128.store
          local.get $out
          local.get $state  i32.load8_u offset=${STAMP + 16}
          i32.store8 offset=16
          local.get $out
          local.get $nanoseconds  call $digits
          i64.store offset=17
          local.get $out  i32.const 32  i32.store8 offset=${STAMP_SIZE}
          local.get $out  i32.const ${PREFIX_SIZE}  i32.add  local.set $out
          local.get $nanoseconds  i32.const 1  i32.add  local.set $nanoseconds
        end
        i32.const 0  local.set $in_line
        loop $copy
          local.get $out
          local.get $in  v128.load  local.tee $bytes
          v128.store
          local.get $bytes  local.get $newlines  i8x16.eq  i8x16.bitmask
          local.tee $found  i32.eqz
          if
            local.get $in  i32.const 16  i32.add  local.set $in
            local.get $out  i32.const 16  i32.add  local.set $out
            br $copy
          end
        end
        local.get $found  i32.ctz  i32.const 1  i32.add  local.tee $found
        local.get $in  i32.add  local.set $in
        local.get $out  local.get $found  i32.add  local.set $out
        local.get $ends  local.get $out  i32.store
        local.get $ends  i32.const 4  i32.add  local.set $ends
        br $line
      end
    end
    local.get $in  local.get $in_end  i32.gt_u
    if
      ;; The last newline was the one behind the input, so that line has not ended.
      local.get $out  i32.const 1  i32.sub  local.set $out
      local.get $ends  i32.const 4  i32.sub  local.set $ends
      local.get $in_end  local.set $in
    end
    local.get $state  local.get $in  i32.store offset=${INPUT}
    local.get $state  local.get $out  i32.store offset=${OUTPUT}
    local.get $state  local.get $ends  i32.store offset=${ENDS}
    local.get $state  local.get $nanoseconds  i32.store offset=${NANOSECONDS}
    local.get $state  i32.const 0  i32.store offset=${IN_LINE}
  )

  ;; The eight hexadecimal digits of a number, the first one in the lowest byte: the number is torn apart into halves,
  ;; bytes and digits, the upper one going down each time, and digits above 9 get what lies between 9 and a.
  (func $digits (param $number i32) (result i64)
    (local $x i64)
    local.get $number  i64.extend_i32_u  local.set $x
    local.get $x  i64.const 0xffff  i64.and  i64.const 32  i64.shl
    local.get $x  i64.const 16  i64.shr_u
    i64.or  local.set $x
    local.get $x  i64.const 0x000000ff000000ff  i64.and  i64.const 16  i64.shl
    local.get $x  i64.const 8  i64.shr_u  i64.const 0x000000ff000000ff  i64.and
    i64.or  local.set $x
    local.get $x  i64.const 0x000f000f000f000f  i64.and  i64.const 8  i64.shl
    local.get $x  i64.const 4  i64.shr_u  i64.const 0x000f000f000f000f  i64.and
    i64.or  local.set $x
    local.get $x  i64.const 0x0606060606060606  i64.add  i64.const 4  i64.shr_u
    i64.const 0x0101010101010101  i64.and
    i64.const 39  i64.mul
    local.get $x  i64.add
    i64.const 0x3030303030303030  i64.add
  )
)`;

/** Where things lie in the memory. */
export interface Layout {
  /** STATE_SIZE bytes. */
  readonly state: number;
  /** What is read; SLACK bytes more than that are touched. */
  readonly input: number;
  /** The list of the lines' ends: a word for each newline in the input, and one. */
  readonly ends: number;
}

export class LineStamper {
  readonly #stamper: Stamper;
  readonly #layout: Layout;
  readonly #words: Int32Array;
  readonly #stamp: DataView;
  readonly #stampLines: (state: number) => void;
  /** The second that the stamp in the state is of. */
  #second = NaN;
  /** Where the output ends. */
  output = 0;
  /** How many lines have ended. */
  count = 0;

  constructor(memory: WebAssembly.Memory, stamper: Stamper, layout: Layout) {
    this.#stamper = stamper;
    this.#layout = layout;
    this.#words = new Int32Array(memory.buffer, layout.state, STATE_SIZE / 4);
    this.#stamp = new DataView(memory.buffer, layout.state + STAMP);
    const module = new WebAssembly.Module(assemble(CODE));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#stampLines = exports.stampLines as (state: number) => void;
  }

  /**
   * Copies `length` bytes of input to `output`, with a stamp and a space in front of each line that begins in
   * them. SLACK bytes more than that makes are touched.
   */
  stamp(length: number, output: number, inLine: boolean): void {
    const words = this.#words;
    const stamper = this.#stamper;
    const { state, input, ends } = this.#layout;
    const inputEnd = input + length;
    words[INPUT / 4] = input;
    words[INPUT_END / 4] = inputEnd;
    words[OUTPUT / 4] = output;
    words[ENDS / 4] = ends;
    words[IN_LINE / 4] = inLine ? 1 : 0;
    // It comes back early where a second ends.
    while (words[INPUT / 4] !== inputEnd) {
      const { seconds, nanoseconds } = stamper;
      if (seconds !== this.#second) {
        stamper.show(this.#stamp, 0);
        this.#second = seconds;
      }
      words[NANOSECONDS / 4] = nanoseconds;
      this.#stampLines(state);
      stamper.skip((words[NANOSECONDS / 4] as number) - nanoseconds);
    }
    this.output = words[OUTPUT / 4] as number;
    this.count = ((words[ENDS / 4] as number) - ends) / 4;
  }
}
