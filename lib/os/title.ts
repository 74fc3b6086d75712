// SPDX-License-Identifier: 0BSD
/**
 * What ps(1), pidof(8) and /proc/PID/cmdline show of this process: after a real exec it would be the tool's own
 * argv, so we put it there.
 *
 * prctl(2) PR_SET_MM_MAP points the kernel at memory of ours. Where the kernel was built without it, the argv
 * area that we were started with is written over; it is long enough, because the runtime's own arguments stood in
 * front of ours, but /proc/PID/cmdline then ends in further NULs.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "./bytes.ts";
import { readFile } from "./file.ts";
import { addressOf, cString, libc, pad } from "./libc.ts";

const PR_SET_NAME = 15;
const PR_SET_MM = 35;
const PR_SET_MM_MAP = 14n;
/* struct prctl_mm_map: start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end,
 * env_start, env_end (u64 each), auxv (pointer), auxv_size u32, exe_fd u32 */
const MM_MAP_SIZE = 104;
const NO_FILE = 0xffffffff;
/* Where these stand in /proc/PID/stat (proc(5)), counted from the state, which is field 3. */
const STAT_FIELDS = {
  code: [23, 24],
  data: [42, 43],
  brk: 44,
  stack: 25,
  arg: [45, 46],
  env: [47, 48],
};

/** The memory that shows as our arguments; whoever writes into it changes what ps shows. */
export interface TitleArea {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Referenced for as long as the process lives: the kernel reads it when somebody looks at us. */
let area: Uint8Array<ArrayBuffer> | undefined;

/** Makes `argv` our arguments for everybody who looks, and `name` our name (comm). */
export function setTitle(argv: readonly ByteString[], name: ByteString): TitleArea {
  const text = toBytes(argv.map((arg) => arg + "\0").join(""));
  area = text.length > 0 && mapTo(text) ? text : overwrite(text);
  setComm(name);
  return { bytes: area };
}

function statFields(): bigint[] {
  const stat = fromBytes(readFile("/proc/self/stat"));
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ").map((field) =>
    /^\d+$/.test(field) ? BigInt(field) : 0n
  );
}

function mapTo(text: Uint8Array<ArrayBuffer>): boolean {
  const fields = statFields();
  const field = (i: number | undefined): bigint => fields[i ?? -1] ?? 0n;
  const { code, data, brk, stack, env } = STAT_FIELDS;
  const start = addressOf(text);
  const map = new DataView(new ArrayBuffer(MM_MAP_SIZE));
  [
    field(code[0]),
    field(code[1]),
    field(data[0]),
    field(data[1]),
    field(brk),
    Deno.UnsafePointer.value(libc().sbrk(0n, pad)),
    field(stack),
    start,
    start + BigInt(text.length),
    field(env[0]),
    field(env[1]),
    0n,
  ].forEach((value, i) => map.setBigUint64(i * 8, value, true));
  map.setUint32(96, 0, true);
  map.setUint32(100, NO_FILE, true);
  const result = libc().prctl(
    PR_SET_MM,
    PR_SET_MM_MAP,
    new Uint8Array(map.buffer),
    BigInt(MM_MAP_SIZE),
    0n,
    pad,
  );
  return result === 0;
}

function overwrite(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const fields = statFields();
  const from = fields[STAT_FIELDS.arg[0] ?? -1] ?? 0n;
  const size = Number((fields[STAT_FIELDS.arg[1] ?? -1] ?? 0n) - from);
  const pointer = Deno.UnsafePointer.create(from);
  if (pointer === null || size <= 0) return text;
  const all = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
  all.fill(0);
  all.set(text.subarray(0, size - 1));
  return all.subarray(0, Math.min(text.length, size));
}

/** The kernel cuts the name to 15 bytes. */
function setComm(name: ByteString): void {
  // Not through /proc/self/comm, which is root's own after setuid(2).
  libc().prctl(PR_SET_NAME, addressOf(cString(name)), null, 0n, 0n, pad);
}
