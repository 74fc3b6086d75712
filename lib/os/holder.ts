// SPDX-License-Identifier: 0BSD
/**
 * A process that holds pipes: it has their reading ends, reads nothing, and outlives us, so that what is in a pipe is
 * not lost when both we and the process that reads it die.
 *
 * It waits for each pipe in turn until nobody has it open for writing, and ends when it has come to the last one. A pipe that
 * nobody writes to any more, with bytes in it, is held until somebody ends the holder (who has got them, then).
 *
 * The program is a hundred bytes of machine code, in a file in memory: a copy of the runtime that did the same would
 * take ten megabytes.
 *
 * @module
 */
import { type ByteString, toBytes } from "./bytes.ts";
import type { StringArray } from "./c_string.ts";
import { openDirectory } from "./directory.ts";
import { executable } from "./elf.ts";
import { close, memoryProgram } from "./file.ts";
import { type Arch, assemble, type Data } from "./listing.ts";
import type { Inheritance, Mapping } from "./process.ts";
import { spawn } from "./spawn.ts";

/** The listings (listing.ts): `name` is what it is called, `descriptors` end with one below 0. */
export const CODE: Readonly<Record<Arch, string>> = {
  x86_64: `
      bf 0f 00 00 00        mov edi, 15               ; prctl(PR_SET_NAME, name)
      48 8d 35 .. .. .. ..  lea rsi, [rip + name]
      b8 9d 00 00 00        mov eax, 157
      0f 05                 syscall
      48 8d 1d .. .. .. ..  lea rbx, [rip + descriptors]
    next:
      8b 03                 mov eax, [rbx]
      85 c0                 test eax, eax
      78 ..                 js over
      50                    push rax                  ; struct pollfd, which asks for no event but the end
      48 89 e7              mov rdi, rsp
      be 01 00 00 00        mov esi, 1
      ba ff ff ff ff        mov edx, -1
      b8 07 00 00 00        mov eax, 7                ; poll(pollfd, 1, -1)
      0f 05                 syscall
      8b 3b                 mov edi, [rbx]
      be 1b 54 00 00        mov esi, 0x541b
      48 89 e2              mov rdx, rsp
      b8 10 00 00 00        mov eax, 16               ; ioctl(descriptor, FIONREAD, pollfd)
      0f 05                 syscall
      58                    pop rax
      48 83 c3 04           add rbx, 4
      85 c0                 test eax, eax
      74 ..                 jz next
    stay:
      b8 22 00 00 00        mov eax, 34               ; pause()
      0f 05                 syscall
      eb ..                 jmp stay
    over:
      31 ff                 xor edi, edi
      b8 e7 00 00 00        mov eax, 231              ; exit_group(0)
      0f 05                 syscall`,
  aarch64: `
      d28001e0              mov x0, 15                ; prctl(PR_SET_NAME, name)
      10000001              adr x1, name
      d28014e8              mov x8, 167
      d4000001              svc 0
      10000013              adr x19, descriptors
    next:
      b9400260              ldr w0, [x19]
      37f80000              tbnz w0, 31, over
      f81f0fe0              str x0, [sp, -16]!        ; struct pollfd, which asks for no event but the end
      910003e0              mov x0, sp
      d2800021              mov x1, 1
      d2800002              mov x2, 0
      d2800003              mov x3, 0
      d2800928              mov x8, 73                ; ppoll(pollfd, 1, NULL, NULL)
      d4000001              svc 0
      b9400260              ldr w0, [x19]
      d28a8361              mov x1, 0x541b
      910003e2              mov x2, sp
      d28003a8              mov x8, 29                ; ioctl(descriptor, FIONREAD, pollfd)
      d4000001              svc 0
      b84107e0              ldr w0, [sp], 16
      91001273              add x19, x19, 4
      34000000              cbz w0, next
    stay:
      d2800000              mov x0, 0
      d2800001              mov x1, 0
      d2800002              mov x2, 0
      d2800003              mov x3, 0
      d2800928              mov x8, 73                ; ppoll(NULL, 0, NULL, NULL)
      d4000001              svc 0
      14000000              b stay
    over:
      d2800000              mov x0, 0
      d2800bc8              mov x8, 94                ; exit_group(0)
      d4000001              svc 0`,
};

/** What the listings refer to. */
export function holderData(name: ByteString, readers: readonly number[]): Data[] {
  return [
    ["descriptors", new Uint8Array(new Int32Array([...readers, -1]).buffer)],
    ["name", toBytes(`${name}\0`)],
  ];
}

/** What a holder is started with. */
export interface HolderStart {
  /** What it is called: up to 15 bytes, PR_SET_NAME(2const). */
  readonly name: ByteString;
  readonly argv: readonly ByteString[];
  readonly environ: StringArray;
  readonly inheritance: Inheritance;
  /** The reading ends, one at least, none of them below 3. */
  readonly readers: readonly number[];
}

/**
 * Starts a holder. It stands in the root, and has nothing else open than what every program of `inheritance` gets.
 *
 * @returns its pid: it is our child
 * @throws SystemError where there can be none
 */
export function startHolder({ name, argv, environ, inheritance, readers }: HolderStart): number {
  const arch = Deno.build.arch as Arch;
  const image = assemble(arch, CODE[arch], holderData(name, readers));
  const file = memoryProgram(name, executable(arch, image));
  let root = -1;
  try {
    root = openDirectory("/");
    // 0 to 2 would be ours else.
    const descriptors = [
      ...[0, 1, 2].map((fd): Mapping => [readers[0] ?? -1, fd]),
      ...readers.map((fd): Mapping => [fd, fd]),
    ];
    const path = `/proc/self/fd/${file}`;
    return spawn({ ...inheritance, path, argv, environ, descriptors }, root);
  } finally {
    for (const fd of [file, root]) if (fd >= 0) close(fd);
  }
}
