// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { BASE } from "../lib/os/elf.ts";
import { NotPrelinkable, prelinked } from "./prelink.ts";

const RUNTIME = Deno.readFileSync(Deno.execPath());

/** Runs `body` with a program that is `bytes`. */
async function withProgram(
  bytes: Uint8Array,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "djbox-prelink." });
  try {
    await Deno.writeFile(path, bytes);
    await Deno.chmod(path, 0o755);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

async function run(path: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(path, { args }).output();
  deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
  return new TextDecoder().decode(stdout);
}

/** What works in the runtime only if its tables are right: V8's compiler and its data, classes in C++ and in Rust. */
const WORK = `
let sum = 0;
for (let i = 0; i < 3e6; i++) sum += i % 7;
console.log(sum, new Intl.NumberFormat("de").format(1234.5), Deno.hostname());
try { null.x } catch (error) { console.log(error instanceof TypeError); }
console.log((await crypto.subtle.digest("SHA-256", new Uint8Array(3))).byteLength);
`;

/** The runtime's own mappings, and how much of them it has written to, in KB. */
const MAPPINGS = `
const own = Deno.execPath();
let [first, dirty] = ["", 0];
for (const text of Deno.readTextFileSync("/proc/self/smaps").split(/\\n(?=[0-9a-f]+-)/)) {
  if (!text.split("\\n")[0].endsWith(own)) continue;
  first ||= text.split("-")[0];
  dirty += Number(/^Private_Dirty: *(\\d+)/m.exec(text)[1]);
}
console.log(first, dirty);
`;

/** Whether the runtime that runs this is one that can be prelinked: in djbox's own it has been done. */
const isPie = RUNTIME[16] === 3;

Deno.test("the prelinked runtime works, lies where it should, and writes to few of its pages", {
  ignore: !isPie,
}, async () => {
  await withProgram(prelinked(RUNTIME), async (path) => {
    equal(await run(path, ["eval", WORK]), await run(Deno.execPath(), ["eval", WORK]));
    const [first = "", dirty] = (await run(path, ["eval", MAPPINGS])).trim().split(" ");
    equal(parseInt(first, 16), BASE);
    // Tables of C++ and Rust are 2.5 MB.
    ok(Number(dirty) < 700, `${dirty} KB`);
  });
});

Deno.test("what another program exports to its libraries is found: its symbols have moved", {
  ignore: !isPie,
}, async () => {
  // bash exports its functions, and has copies of libc's variables.
  await withProgram(prelinked(Deno.readFileSync("/bin/bash")), async (path) => {
    equal(await run(path, ["-c", "f() { echo $((6 * 7)) | cat; }; f"]), "42\n");
    match(await run(path, ["-c", "read line </proc/self/maps; echo $line"]), /^0*400000-/);
  });
});

Deno.test("the code is as it was", { ignore: !isPie }, () => {
  const moved = prelinked(RUNTIME);
  equal(moved.length, RUNTIME.length);
  const header = new DataView(RUNTIME.buffer);
  let compared = 0;
  for (let i = 0; i < header.getUint16(56, true); i++) {
    const at = 64 + i * 56;
    const [type, flags] = [header.getUint32(at, true), header.getUint32(at + 4, true)];
    // PT_LOAD with PF_X
    if (type !== 1 || (flags & 1) === 0) continue;
    const offset = Number(header.getBigUint64(at + 8, true));
    const size = Number(header.getBigUint64(at + 32, true));
    const there = RUNTIME.subarray(offset, offset + size);
    equal(there.findIndex((byte, i) => byte !== moved[offset + i]), -1);
    compared += size;
  }
  ok(compared > 1e6);
});

Deno.test("what is no PIE is refused, in a line", () => {
  const text = new TextEncoder().encode("#!/bin/sh\n" + "x".repeat(100));
  throws(() => prelinked(text), { message: "it is no executable of 64 bits, little-endian" });
  throws(() => prelinked(new Uint8Array(0)), NotPrelinkable);
  throws(() => prelinked(executable(2, 62)), { message: "its place in memory is decided already" });
  throws(() => prelinked(executable(3, 8)), { message: "machine 8 is not known" });
  throws(() => prelinked(executable(3, 62)), { message: /^it has no relocations/ });
});

/** The header of an executable without segments. */
function executable(type: number, machine: number): Uint8Array {
  const file = new Uint8Array(64);
  file.set(new TextEncoder().encode("\x7fELF\x02\x01\x01"));
  file[16] = type;
  file[18] = machine;
  return file;
}

Deno.test("one that is cut short is refused", { ignore: !isPie }, () => {
  for (const length of [10, 63, 64, 300, 1000, 1e6, RUNTIME.length - 100]) {
    throws(() => prelinked(RUNTIME.slice(0, length)), NotPrelinkable, `${length}`);
  }
});
