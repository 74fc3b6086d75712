// SPDX-License-Identifier: 0BSD
/**
 * What ps(1), pidof(8), /proc/PID/cmdline and /proc/PID/environ show of this process: after a real exec it would be
 * the tool's own argv and environment, so we put them there.
 *
 * prctl(2) PR_SET_MM_MAP points the kernel at memory of ours. Where the kernel was built without it, the argv
 * area that we were started with is written over; it is long enough, because the runtime's own arguments stood in
 * front of ours, but /proc/PID/cmdline then ends in further NULs.
 *
 * @module
 */
import { type ByteString, toBytes } from "./bytes.ts";
import { cString } from "./c_string.ts";
import { addressOf, libc, pad } from "./libc.ts";
import { statFields } from "./proc.ts";

const PR_SET_NAME = 15;
const PR_SET_MM = 35;
const PR_SET_MM_MAP = 14n;
/* struct prctl_mm_map: start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end,
 * env_start, env_end (u64 each), auxv (pointer), auxv_size u32, exe_fd u32 */
const MM_MAP_SIZE = 104;
/* auxv_size 0 and exe_fd -1 */
const NO_FILE = 0xffffffff00000000n;
/* Where these stand in /proc/PID/stat (proc(5)), counted from the state, which is field 3. */
const START_CODE = 23;
const END_CODE = 24;
const START_STACK = 25;
const START_DATA = 42;
const END_DATA = 43;
const START_BRK = 44;
const ARG_START = 45;
const ARG_END = 46;

/** Referenced for as long as the process lives: the kernel reads it when somebody looks at us. */
let area: Uint8Array<ArrayBuffer> | undefined;

/**
 * Makes `argv` and `environ` ours, and `name` our name (comm), for everybody who looks. Returns the memory that shows as
 * our arguments: whoever writes into it changes what ps shows.
 */
export function setTitle(
  argv: readonly ByteString[],
  environ: readonly ByteString[],
  name: ByteString,
): Uint8Array<ArrayBuffer> {
  const args = terminated(argv);
  const all = toBytes(args + terminated(environ));
  const text = all.subarray(0, args.length);
  const mapped = args.length > 0 && mapTo(all, args.length);
  area = mapped ? all : overwrite(text);
  setComm(name);
  return mapped ? text : area;
}

function terminated(strings: readonly ByteString[]): ByteString {
  return strings.map((text) => text + "\0").join("");
}

function address(fields: readonly ByteString[], field: number): bigint {
  return BigInt(fields[field] ?? "0");
}

/** Points the kernel at `all`: arguments of `length` bytes, then the environment. */
function mapTo(all: Uint8Array<ArrayBuffer>, length: number): boolean {
  const fields = statFields("/proc/self/stat") ?? [];
  const start = addressOf(all);
  const end = start + BigInt(length);
  const map = new BigUint64Array(MM_MAP_SIZE / 8);
  map[0] = address(fields, START_CODE);
  map[1] = address(fields, END_CODE);
  map[2] = address(fields, START_DATA);
  map[3] = address(fields, END_DATA);
  map[4] = address(fields, START_BRK);
  map[5] = Deno.UnsafePointer.value(libc().sbrk(0n, pad));
  map[6] = address(fields, START_STACK);
  map[7] = start;
  map[8] = end;
  map[9] = end;
  map[10] = start + BigInt(all.length);
  map[11] = 0n; // auxv
  map[12] = NO_FILE;
  const bytes = new Uint8Array(map.buffer);
  return libc().prctl(PR_SET_MM, PR_SET_MM_MAP, bytes, BigInt(MM_MAP_SIZE), 0n, pad) === 0;
}

function overwrite(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const fields = statFields("/proc/self/stat") ?? [];
  const from = address(fields, ARG_START);
  const size = Number(address(fields, ARG_END) - from);
  const pointer = Deno.UnsafePointer.create(from);
  if (pointer === null || size <= 0) return text;
  const all = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
  all.fill(0);
  all.set(text.subarray(0, size - 1));
  return all.subarray(0, Math.min(text.length, size));
}

/** Referenced until the kernel has read it. */
let comm: Uint8Array<ArrayBuffer> | undefined;

/** The kernel cuts the name to 15 bytes. */
function setComm(name: ByteString): void {
  comm = cString(name);
  // Not through /proc/self/comm, which is root's own after setuid(2).
  libc().prctl(PR_SET_NAME, addressOf(comm), null, 0n, 0n, pad);
}
