// SPDX-License-Identifier: 0BSD
/**
 * A small assembler for WebAssembly: for the few loops that every byte of a log goes through, which look at 16 bytes
 * at a time there and are fast from their first run on.
 *
 * It takes the text format (https://webassembly.github.io/spec/core/text/) as far as those loops need it: one module
 * of functions whose instructions stand in a row, not folded, and one imported memory. `;;` starts a comment. All
 * labels, locals and functions have names. So the text can be given to any other assembler too.
 *
 * @module
 */

/** What follows an instruction's opcode. */
type Immediate =
  | "none"
  | "local"
  | "function"
  | "label"
  | "block"
  | "i32"
  | "i64"
  | "memory";

/** Opcodes of the specification's index of instructions; those behind 0xfd are vector instructions. */
const INSTRUCTIONS: Readonly<Record<string, readonly [opcode: readonly number[], Immediate]>> = {
  "block": [[0x02], "block"],
  "loop": [[0x03], "block"],
  "if": [[0x04], "block"],
  "else": [[0x05], "none"],
  "end": [[0x0b], "none"],
  "br": [[0x0c], "label"],
  "br_if": [[0x0d], "label"],
  "return": [[0x0f], "none"],
  "call": [[0x10], "function"],
  "select": [[0x1b], "none"],
  "local.get": [[0x20], "local"],
  "local.set": [[0x21], "local"],
  "local.tee": [[0x22], "local"],
  "i32.load": [[0x28], "memory"],
  "i32.load8_u": [[0x2d], "memory"],
  "i32.store": [[0x36], "memory"],
  "i64.store": [[0x37], "memory"],
  "i32.store8": [[0x3a], "memory"],
  "i32.const": [[0x41], "i32"],
  "i64.const": [[0x42], "i64"],
  "i32.eqz": [[0x45], "none"],
  "i32.eq": [[0x46], "none"],
  "i32.ne": [[0x47], "none"],
  "i32.lt_u": [[0x49], "none"],
  "i32.gt_u": [[0x4b], "none"],
  "i32.le_u": [[0x4d], "none"],
  "i32.ge_u": [[0x4f], "none"],
  "i32.ctz": [[0x68], "none"],
  "i32.add": [[0x6a], "none"],
  "i32.sub": [[0x6b], "none"],
  "i32.and": [[0x71], "none"],
  "i32.xor": [[0x73], "none"],
  "i32.shr_u": [[0x76], "none"],
  "i32.shl": [[0x74], "none"],
  "i64.add": [[0x7c], "none"],
  "i64.mul": [[0x7e], "none"],
  "i64.and": [[0x83], "none"],
  "i64.or": [[0x84], "none"],
  "i64.shl": [[0x86], "none"],
  "i64.shr_u": [[0x88], "none"],
  "i64.extend_i32_u": [[0xad], "none"],
  "v128.load": [[0xfd, 0x00], "memory"],
  "v128.store": [[0xfd, 0x0b], "memory"],
  "i8x16.splat": [[0xfd, 0x0f], "none"],
  "i8x16.eq": [[0xfd, 0x23], "none"],
  "i8x16.bitmask": [[0xfd, 0x64], "none"],
};

const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const NO_RESULT = 0x40;
const FUNCTION_TYPE = 0x60;
const EXPORTED_FUNCTION = 0x00;
const IMPORTED_MEMORY = 0x02;
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const OFFSET = "offset=";

/** An S-expression. */
type Node = string | Node[];

/** A function of the text. */
interface Function {
  readonly name: string;
  readonly exported: string | undefined;
  readonly parameters: readonly [name: string, type: string][];
  readonly results: readonly string[];
  readonly locals: readonly [name: string, type: string][];
  readonly code: readonly string[];
}

/** The binary module of `text`. A mistake in the text throws; it is a mistake of the programmer's. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const [head, ...fields] = parse(text);
  if (head !== "module") throw new SyntaxError("not a module");
  const memory = fields.find((field) => field[0] === "import") as [string, string, string, Node[]];
  const functions = fields.filter((field) => field[0] === "func").map((field) =>
    parseFunction(field as Node[])
  );
  const names = functions.map(({ name }) => name);
  const typeOf = ({ parameters, results }: Function): number[] => [
    FUNCTION_TYPE,
    ...vector(parameters.map(([, type]) => [typeCode(type)])),
    ...vector(results.map((type) => [typeCode(type)])),
  ];
  const exported = functions.flatMap((f, i) =>
    f.exported === undefined ? [] : [[...name(f.exported), EXPORTED_FUNCTION, ...unsigned(i)]]
  );
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, functions.map(typeOf)),
    ...section(2, [[
      ...name(unquoted(memory[1])),
      ...name(unquoted(memory[2])),
      IMPORTED_MEMORY,
      0x00,
      ...unsigned(Number(memory[3][1])),
    ]]),
    ...section(3, functions.map((_, i) => unsigned(i))),
    ...section(7, exported),
    ...section(10, functions.map((f) => body(f, names))),
  ]);
}

function parse(text: string): Node[] {
  const stack: Node[][] = [[]];
  for (const [token] of text.matchAll(/;;[^\n]*|[()]|"[^"]*"|[^\s()]+/g)) {
    const open = stack[stack.length - 1] as Node[];
    if (token === "(") {
      stack.push([]);
      open.push(stack[stack.length - 1] as Node[]);
    } else if (token === ")") {
      stack.pop();
    } else if (!token.startsWith(";;")) {
      open.push(token);
    }
  }
  const [module] = stack[0] as Node[];
  if (stack.length !== 1 || !Array.isArray(module)) throw new SyntaxError("unbalanced");
  return module;
}

function parseFunction([, name, ...rest]: Node[]): Function {
  const declared = (kind: string): Node[][] =>
    rest.filter((node): node is Node[] => Array.isArray(node) && node[0] === kind);
  const variables = (kind: string): [string, string][] =>
    declared(kind).map((node) => [node[1] as string, node[2] as string]);
  const exported = declared("export")[0]?.[1];
  return {
    name: name as string,
    exported: exported === undefined ? undefined : unquoted(exported as string),
    parameters: variables("param"),
    results: declared("result").map((node) => node[1] as string),
    locals: variables("local"),
    code: rest.filter((node) => typeof node === "string"),
  };
}

function unquoted(text: string): string {
  return text.slice(1, -1);
}

/** A function's entry in the code section: its size, its locals, its instructions. */
function body(f: Function, functions: readonly string[]): number[] {
  const locals = vector(f.locals.map(([, type]) => [1, typeCode(type)]));
  const code = [...locals, ...instructions(f, functions), 0x0b];
  return [...unsigned(code.length), ...code];
}

function instructions(f: Function, functions: readonly string[]): number[] {
  const locals = [...f.parameters, ...f.locals].map(([name]) => name);
  const labels: string[] = [];
  const out: number[] = [];
  for (let i = 0; i < f.code.length;) {
    const mnemonic = f.code[i++] as string;
    const [opcode, immediate] = INSTRUCTIONS[mnemonic] ?? unknown("instruction", mnemonic);
    out.push(...opcode);
    if (mnemonic === "end") labels.shift();
    switch (immediate) {
      case "none":
        break;
      case "local":
        out.push(...unsigned(indexIn(locals, f.code[i++])));
        break;
      case "function":
        out.push(...unsigned(indexIn(functions, f.code[i++])));
        break;
      case "label":
        // Labels count from the innermost block outwards.
        out.push(...unsigned(indexIn(labels, f.code[i++])));
        break;
      case "block":
        labels.unshift(f.code[i]?.startsWith("$") ? f.code[i++] as string : "");
        out.push(NO_RESULT);
        break;
      case "i32":
      case "i64":
        out.push(...signed(BigInt(f.code[i++] as string)));
        break;
      case "memory":
        // The alignment is a hint only; 0 says that there is none.
        out.push(0, ...unsigned(offsetAt(f.code[i])));
        if (f.code[i]?.startsWith(OFFSET)) i++;
        break;
    }
  }
  return out;
}

function offsetAt(token: string | undefined): number {
  return token?.startsWith(OFFSET) ? Number(token.slice(OFFSET.length)) : 0;
}

function typeCode(type: string): number {
  return TYPES[type] ?? unknown("type", type);
}

function indexIn(names: readonly string[], name: string | undefined): number {
  const index = names.indexOf(name ?? "");
  return index < 0 ? unknown("name", name ?? "") : index;
}

function unknown(what: string, name: string): never {
  throw new SyntaxError(`unknown ${what} ${name}`);
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const content = vector(entries);
  return [id, ...unsigned(content.length), ...content];
}

function vector(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()];
}

function name(text: string): number[] {
  return vector([...text].map((char) => [char.charCodeAt(0)]));
}

/** LEB128. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push(rest & 127 | 128);
  return [...out, rest];
}

function signed(value: bigint): number[] {
  const out: number[] = [];
  for (let rest = value;; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest >= -64n && rest < 64n) return [...out, low];
    out.push(low | 128);
  }
}
