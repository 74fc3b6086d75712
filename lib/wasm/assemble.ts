// SPDX-License-Identifier: 0BSD
/**
 * An assembler for WebAssembly: as many instructions as the loops in lib/stream and lib/log need, no more.
 *
 * JavaScript looks at one byte (or four) at a time; the 128-bit instructions of WebAssembly look at sixteen, on
 * every machine that the runtime runs on. An expression is the array of its bytes; operands are nested as in the
 * text format, so that `add(p.get, i32(16))` is `(i32.add (local.get $p) (i32.const 16))`. The names are those of
 * the specification's instructions.
 *
 * See https://webassembly.github.io/spec/core/binary/
 *
 * @module
 */

/** The bytes of an expression or a statement. */
export type Code = readonly number[];

const TYPES = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;
export type Type = keyof typeof TYPES;
const FUNCTION_TYPE = 0x60;
const NO_RESULT = 0x40;
const END = 0x0b;

/** LEB128 of a number from 0 to 2^32 - 1. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** LEB128 of a signed number of 32 bits. */
function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(ascii: string): Code {
  return vector([...ascii].map((char) => [char.charCodeAt(0)]));
}

function simd(opcode: number): Code {
  return [0xfd, ...unsigned(opcode)];
}

/** A parameter or local variable of a function. */
export class Local {
  readonly get: Code;

  constructor(readonly index: number) {
    this.get = [0x20, ...unsigned(index)];
  }

  set(value: Code): Code {
    return [...value, 0x21, ...unsigned(this.index)];
  }

  /** Sets it, and is the value. */
  tee(value: Code): Code {
    return [...value, 0x22, ...unsigned(this.index)];
  }

  /** Adds `amount` to it. */
  increase(amount: Code): Code {
    return this.set(add(this.get, amount));
  }
}

// Control: the depth of a branch counts the blocks, loops and ifs around it, the innermost being 0.

export function loop(...body: Code[]): Code {
  return [0x03, NO_RESULT, ...body.flat(), END];
}

export function when(condition: Code, ...body: Code[]): Code {
  return [...condition, 0x04, NO_RESULT, ...body.flat(), END];
}

export function either(condition: Code, first: readonly Code[], second: readonly Code[]): Code {
  return [...condition, 0x04, NO_RESULT, ...first.flat(), 0x05, ...second.flat(), END];
}

export function branch(depth: number): Code {
  return [0x0c, ...unsigned(depth)];
}

/** A loop that is only left by returning. */
export function forever(...body: Code[]): Code {
  return [...loop(...body, branch(0)), 0x00 /* unreachable */];
}

export function ret(value: Code): Code {
  return [...value, 0x0f];
}

/** Forgets a value. */
export function drop(value: Code): Code {
  return [...value, 0x1a];
}

/** Calls the routine that is number `index` of its module. */
export function call(index: number, ...operands: Code[]): Code {
  return [...operands.flat(), 0x10, ...unsigned(index)];
}

// i32 and i64

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;

function unary(...opcode: number[]): Unary {
  return (a) => [...a, ...opcode];
}

function binary(...opcode: number[]): Binary {
  return (a, b) => [...a, ...b, ...opcode];
}

export function i32(value: number): Code {
  return [0x41, ...signed(value)];
}

export function i64(value: number): Code {
  return [0x42, ...signed(value)];
}

export const add: Binary = binary(0x6a);
export const sub: Binary = binary(0x6b);
export const mul: Binary = binary(0x6c);
/** Unsigned. */
export const div: Binary = binary(0x6e);
export const and: Binary = binary(0x71);
export const or: Binary = binary(0x72);
export const xor: Binary = binary(0x73);
export const shl: Binary = binary(0x74);
/** Unsigned. */
export const shr: Binary = binary(0x76);
export const eqz: Unary = unary(0x45);
export const eq: Binary = binary(0x46);
export const ne: Binary = binary(0x47);
/** a < b, both unsigned. */
export const lessThan: Binary = binary(0x49);
/** a >= b, both unsigned. */
export const atLeast: Binary = binary(0x4f);
/** The number of the lowest bit that is set; 32 for 0. */
export const ctz: Unary = unary(0x68);
export const i64or: Binary = binary(0x84);
export const i64shl: Binary = binary(0x86);
export const i64eqz: Unary = unary(0x50);
export const i64ne: Binary = binary(0x52);
/** The number of the lowest bit that is set, as an i32. */
export const i64ctz: Unary = unary(0x7a, 0xa7);
/** An unsigned i32 as an i64. */
export const extend: Unary = unary(0xad);

// Memory: little-endian; every access may be unaligned.

type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

function load(...opcode: number[]): Load {
  return (address, offset = 0) => [...address, ...opcode, 0, ...unsigned(offset)];
}

function store(...opcode: number[]): Store {
  return (address, value, offset = 0) => [
    ...address,
    ...value,
    ...opcode,
    0,
    ...unsigned(offset),
  ];
}

/** The byte at `address`, as an i32. */
export const load8: Load = load(0x2d);
/** Two bytes, as an i32. */
export const load16: Load = load(0x2f);
export const load32: Load = load(0x28);
export const load64: Load = load(0x29);
export const load128: Load = load(...simd(0x00));
export const store8: Store = store(0x3a);
export const store16: Store = store(0x3b);
export const store32: Store = store(0x36);
export const store128: Store = store(...simd(0x0b));

/** Stores the lower half of a v128. */
export function storeHalf(address: Code, value: Code, offset = 0): Code {
  return [...store(...simd(0x5b))(address, value, offset), 0];
}

// v128: bytes are i8x16 lanes, lane 0 at the lowest address.

export function bytes(values: readonly number[]): Code {
  return [...simd(0x0c), ...values];
}

/** Byte i of the result is byte `lanes[i]` of a. */
export function shuffle(a: Local, lanes: readonly number[]): Code {
  return [...a.get, ...a.get, ...simd(0x0d), ...lanes];
}

/** Byte i of the result is byte number b[i] of a. */
export const swizzle: Binary = binary(...simd(0x0e));
/** All sixteen bytes are the i32 a. */
export const splat: Unary = unary(...simd(0x0f));
/** All four i32 lanes are a. */
export const i32splat: Unary = unary(...simd(0x11));
/** i32 lane 0 to 3 of a. */
export function lane32(a: Code, lane: number): Code {
  return [...a, ...simd(0x1b), lane];
}
/** 255 where the bytes are equal, else 0. */
export const equalBytes: Binary = binary(...simd(0x23));
/** 255 where a byte of a is less than that of b, both unsigned, else 0. */
export const lessThan8: Binary = binary(...simd(0x26));
export const add8: Binary = binary(...simd(0x6e));
export const sub8: Binary = binary(...simd(0x71));
/** Each byte of a shifted right by the i32 b. */
export const shiftRight8: Binary = binary(...simd(0x6d));
/** Each 16 bits of a shifted by the i32 b. */
export const shiftLeft16: Binary = binary(...simd(0x8b));
export const shiftRight16: Binary = binary(...simd(0x8d));
export const and128: Binary = binary(...simd(0x4e));
export const or128: Binary = binary(...simd(0x50));
/** Whether no byte is 0. */
export const allTrue: Unary = unary(...simd(0x63));
/** Bit i is the highest bit of byte i. */
export const bitmask: Unary = unary(...simd(0x64));

/** Bits of a where the mask has 1, of b where it has 0. */
export function bitselect(a: Code, b: Code, mask: Code): Code {
  return [...a, ...b, ...mask, ...simd(0x52)];
}

/** The smaller one, unsigned. Both are evaluated twice. */
export function min(a: Code, b: Code): Code {
  return [...a, ...b, ...lessThan(a, b), 0x1b];
}

/** A function that returns an i32. */
export interface Routine {
  readonly parameters: readonly Type[];
  readonly locals: readonly Type[];
  readonly body: Code;
}

/** Describes a function; `body` is given its parameters, then its locals. */
export function routine(
  parameters: readonly Type[],
  locals: readonly Type[],
  body: (...variables: Local[]) => Code[],
): Routine {
  const variables = [...parameters, ...locals].map((_, index) => new Local(index));
  return { parameters, locals, body: body(...variables).flat() };
}

/** A routine and its name; a routine without one can only be called by the others of its module. */
export type Named = readonly [name: string | undefined, routine: Routine];

/** A module that exports the `routines` that have names. Its memory is imported as `env.memory`. */
export function assemble(routines: readonly Named[]): Uint8Array<ArrayBuffer> {
  const types = routines.map(([, routine]) => [
    FUNCTION_TYPE,
    ...vector(routine.parameters.map((type) => [TYPES[type]])),
    ...vector([[TYPES.i32]]),
  ]);
  const exports = routines.flatMap(([name], index) =>
    name === undefined ? [] : [[...text(name), 0x00, ...unsigned(index)]]
  );
  const codes = routines.map(([, routine]) => {
    const locals = vector(routine.locals.map((type) => [1, TYPES[type]]));
    return sized([...locals, ...routine.body, END]);
  });
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic number and version
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, 0]])),
    ...section(3, vector(routines.map((_, index) => unsigned(index)))),
    ...section(7, vector(exports)),
    ...section(10, vector(codes)),
  ]);
}

function sized(content: Code): Code {
  return [...unsigned(content.length), ...content];
}

function section(id: number, content: Code): Code {
  return [id, ...sized(content)];
}
