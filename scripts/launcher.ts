// SPDX-License-Identifier: 0BSD

/**
 * The launcher: the program `djbox` of the script form, a static ELF executable of about a
 * kilobyte that starts the bundle beside it in the `deno` beside it.
 *
 * It is a program because nothing else starts the runtime and keeps what djbox must know:
 *
 * - A `#!/bin/sh` head changes the environment (dash exports PWD and drops variables whose names
 *   are not shell identifiers) and loses argv[0]. The launcher leaves both byte for byte.
 * - The `deno` command raises the soft RLIMIT_NOFILE, ignores SIGPIPE and opens /dev/null on closed
 *   descriptors 0 to 2 before any of our code runs. The launcher records the three first.
 * - The runtime has started its threads by then, too, and each of them takes any signal it does not
 *   block. The launcher blocks the ones that djbox handles, and the threads inherit that; only
 *   djbox's main thread unblocks them.
 *
 * With DIR the folder of the launcher's own file, links resolved, it ends in
 *
 *     execve(DIR/runtime/deno,
 *       [DIR/runtime/deno, ...FLAGS, DIR/runtime/djbox.js, STATE, EXECFN, argv[0], argv[1], ...],
 *       [...RUNTIME_VARIABLES, ...envp])
 *
 * so that STATE is string 11 of /proc/self/cmdline, and the first strings of /proc/self/environ are
 * not the caller's: they keep the caller's own out of the runtime's sight (getenv(3) finds the
 * first). EXECFN is the file name that was executed (AT_EXECFN). STATE is what was found
 * at the start, 34 lower-case hexadecimal digits:
 *
 *     16  soft RLIMIT_NOFILE
 *     16  signal mask: bit N - 1 is set when signal N was blocked
 *      1  closed descriptors: bit N is set when descriptor N was closed, N from 0 to 2
 *      1  1 when SIGPIPE was ignored, else 0
 *
 * Where the runtime can't be started it says so on descriptor 2 and exits 111.
 *
 * No compiler is needed to build it, and there is no binary to trust: the machine code stands below
 * as listings, bytes beside the assembly text they are the encoding of. The bytes of what depends
 * on an address are left out, and `launcher` fills them in from the label that the text names. The
 * test has the GNU assembler, where there is one, make the same bytes from the text.
 *
 * @module
 */

import { RUNTIME_FLAGS, RUNTIME_VARIABLES } from "../lib/os/start.ts";
import { LAUNCHER_BLOCKS, maskOf } from "../lib/os/signal.ts";

/** The architectures that there is a launcher for, named as `Deno.build.arch` names them. */
export type Arch = "x86_64" | "aarch64";

/** What the listings refer to, by label, in the order in which it follows the code. */
const DATA: ReadonlyArray<readonly [label: string, bytes: Uint8Array]> = [
  ["blocked", signalSet(LAUNCHER_BLOCKS)],
  ["digits", ascii("0123456789abcdef")],
  ["empty", ascii("\0")],
  ["itself", ascii("/proc/self/exe\0")],
  ["script", ascii("/runtime/djbox.js\0")],
  ["runtime", ascii("/runtime/deno\0")],
  ["variables", list(RUNTIME_VARIABLES)],
  ["flags", list(RUNTIME_FLAGS)],
  ["message", ascii("djbox: fatal: unable to run the runtime beside it (runtime/deno)\n")],
  ["message_end", ascii("")],
];

// How to read the listings: `;` starts a comment. Every other line is a label, or one instruction:
// its bytes (x86-64) or its word (aarch64), then its text as the GNU assembler takes it, in Intel's
// syntax for x86-64. Where the text ends in a label, the distance to it is left out: `..` stands
// for each byte of it (x86-64), or its bits are zero in the word (aarch64).
//
// The scratch frame, 8384 bytes at rbp or sp:
//
//        0  STATE, 34 digits and a NUL
//       64  answer: what a system call reports, 32 bytes (struct sigaction is the longest)
//      128  path of the runtime, up to 4096 bytes of folder and its own name
//     4256  path of the script, the same
//
// The new arrays go below it, as long as the caller's arrays make them. A Linux system call keeps
// all registers but the one for its result and, on x86-64, rcx and r11.

const X86_64 = `
  start: ; rsp -> argc, argv[0]..., NULL, envp[0]..., NULL, auxv; nothing else is defined
    48 8d 5c 24 08           lea rbx, [rsp + 8]           ; rbx: argv
    48 8b 04 24              mov rax, [rsp]               ; argc
    4c 8d 64 c3 08           lea r12, [rbx + rax*8 + 8]   ; r12: envp, behind argv's NULL
    4c 89 e6                 mov rsi, r12
  environment_end:
    48 ad                    lodsq
    48 85 c0                 test rax, rax
    75 ..                    jnz environment_end
    4c 8d 6e f8              lea r13, [rsi - 8]           ; r13: envp's NULL
  auxiliary: ; pairs of type and value, up to type 0 (AT_NULL)
    48 ad                    lodsq
    48 89 c2                 mov rdx, rax
    48 ad                    lodsq
    48 83 fa 1f              cmp rdx, 31                  ; AT_EXECFN
    74 ..                    je executed
    48 85 d2                 test rdx, rdx
    75 ..                    jnz auxiliary
    48 8d 05 .. .. .. ..     lea rax, [rip + empty]
  executed:
    49 89 c6                 mov r14, rax                 ; r14: EXECFN
    48 81 ec c0 20 00 00     sub rsp, 8384
    48 89 e5                 mov rbp, rsp                 ; rbp: the scratch frame
    49 89 ef                 mov r15, rbp                 ; r15: where STATE goes on

  descriptor_limit: ; prlimit64(0, RLIMIT_NOFILE, NULL, answer): soft, then hard
    31 ff                    xor edi, edi
    be 07 00 00 00           mov esi, 7
    31 d2                    xor edx, edx
    4c 8d 55 40              lea r10, [rbp + 64]
    b8 2e 01 00 00           mov eax, 302
    0f 05                    syscall
    e8 .. .. .. ..           call hex

  signal_mask: ; rt_sigprocmask(SIG_BLOCK, blocked, answer, 8)
    31 ff                    xor edi, edi
    48 8d 35 .. .. .. ..     lea rsi, [rip + blocked]
    48 8d 55 40              lea rdx, [rbp + 64]
    41 ba 08 00 00 00        mov r10d, 8
    b8 0e 00 00 00           mov eax, 14
    0f 05                    syscall
    e8 .. .. .. ..           call hex

  closed_descriptors: ; fcntl(2, F_GETFD), then 1, then 0: negative means closed
    45 31 c0                 xor r8d, r8d
    bf 02 00 00 00           mov edi, 2
  descriptor:
    be 01 00 00 00           mov esi, 1
    b8 48 00 00 00           mov eax, 72
    0f 05                    syscall
    01 c0                    add eax, eax                 ; the sign into the carry,
    45 11 c0                 adc r8d, r8d                 ; the carry into the bits: 2 ends as bit 2
    ff cf                    dec edi
    79 ..                    jns descriptor
    41 80 c0 30              add r8b, '0'
    45 88 07                 mov [r15], r8b

  pipe_signal: ; rt_sigaction(SIGPIPE, NULL, answer, 8): the handler comes first
    bf 0d 00 00 00           mov edi, 13
    31 f6                    xor esi, esi
    48 8d 55 40              lea rdx, [rbp + 64]
    41 ba 08 00 00 00        mov r10d, 8
    b8 0d 00 00 00           mov eax, 13
    0f 05                    syscall
    48 83 7d 40 01           cmp qword ptr [rbp + 64], 1  ; SIG_IGN
    0f 94 c0                 sete al
    04 30                    add al, '0'
    41 88 47 01              mov [r15 + 1], al
    41 c6 47 02 00           mov byte ptr [r15 + 2], 0

  folder: ; readlink("/proc/self/exe", path of the runtime, 4096)
    48 8d 3d .. .. .. ..     lea rdi, [rip + itself]
    48 8d b5 80 00 00 00     lea rsi, [rbp + 128]
    ba 00 10 00 00           mov edx, 4096
    b8 59 00 00 00           mov eax, 89
    0f 05                    syscall
  slash: ; an error is negative already and fails here too
    ff c8                    dec eax
    0f 88 .. .. .. ..        js fail
    80 3c 06 2f              cmp byte ptr [rsi + rax], '/'
    75 ..                    jne slash
    89 c1                    mov ecx, eax                 ; the folder's length, without the slash
    48 8d bd a0 10 00 00     lea rdi, [rbp + 4256]
    f3 a4                    rep movsb                    ; leaves rsi and rdi behind either copy
    48 89 f2                 mov rdx, rsi
    48 8d 35 .. .. .. ..     lea rsi, [rip + script]
    e8 .. .. .. ..           call append
    48 89 d7                 mov rdi, rdx
    48 8d 35 .. .. .. ..     lea rsi, [rip + runtime]
    e8 .. .. .. ..           call append

  environment: ; the arrays are pushed from their ends, so no size is computed
    41 ff 75 00              push [r13]                   ; first the NULL
    49 83 ed 08              sub r13, 8
    4d 39 e5                 cmp r13, r12
    73 ..                    jae environment
    48 8d 3d .. .. .. ..     lea rdi, [rip + variables]
  variable:
    57                       push rdi
  variable_letter:
    48 ff c7                 inc rdi
    80 7f ff 00              cmp byte ptr [rdi - 1], 0
    75 ..                    jne variable_letter
    80 3f 00                 cmp byte ptr [rdi], 0        ; the empty string ends the variables
    75 ..                    jne variable
    48 89 e2                 mov rdx, rsp                 ; rdx: the new envp
  arguments:
    49 83 ec 08              sub r12, 8
    41 ff 34 24              push [r12]                   ; first the NULL, last argv[0] if any
    49 39 dc                 cmp r12, rbx
    77 ..                    ja arguments
    41 56                    push r14                     ; EXECFN
    55                       push rbp                     ; STATE
    48 8d 85 a0 10 00 00     lea rax, [rbp + 4256]
    50                       push rax
    48 8d 3d .. .. .. ..     lea rdi, [rip + flags]
  flag:
    57                       push rdi
  letter:
    48 ff c7                 inc rdi
    80 7f ff 00              cmp byte ptr [rdi - 1], 0
    75 ..                    jne letter
    80 3f 00                 cmp byte ptr [rdi], 0        ; the empty string ends the flags
    75 ..                    jne flag
    48 8d bd 80 00 00 00     lea rdi, [rbp + 128]
    57                       push rdi
    48 89 e6                 mov rsi, rsp
    b8 3b 00 00 00           mov eax, 59                  ; execve
    0f 05                    syscall

  fail: ; write(2, message, its length); exit_group(111)
    bf 02 00 00 00           mov edi, 2
    48 8d 35 .. .. .. ..     lea rsi, [rip + message]
    48 8d 15 .. .. .. ..     lea rdx, [rip + message_end]
    29 f2                    sub edx, esi
    b8 01 00 00 00           mov eax, 1
    0f 05                    syscall
    bf 6f 00 00 00           mov edi, 111
    b8 e7 00 00 00           mov eax, 231
    0f 05                    syscall

  hex: ; the u64 in answer as 16 digits at r15, which moves on
    48 8b 55 40              mov rdx, [rbp + 64]
    48 8d 35 .. .. .. ..     lea rsi, [rip + digits]
    b9 10 00 00 00           mov ecx, 16
  digit:
    48 c1 c2 04              rol rdx, 4                   ; the highest digit first
    89 d0                    mov eax, edx
    83 e0 0f                 and eax, 15
    8a 04 06                 mov al, [rsi + rax]
    41 88 07                 mov [r15], al
    49 ff c7                 inc r15
    ff c9                    dec ecx
    75 ..                    jnz digit
    c3                       ret

  append: ; the string at rsi, with its NUL, to rdi
    ac                       lodsb
    aa                       stosb
    84 c0                    test al, al
    75 ..                    jnz append
    c3                       ret
`;

const AARCH64 = `
  start: ; sp -> argc, argv[0]..., NULL, envp[0]..., NULL, auxv; nothing else is defined
    f94003e1  ldr x1, [sp]                 ; argc
    910023f3  add x19, sp, 8               ; x19: argv
    8b010e74  add x20, x19, x1, lsl 3
    91002294  add x20, x20, 8              ; x20: envp, behind argv's NULL
    aa1403e1  mov x1, x20
  environment_end:
    f8408420  ldr x0, [x1], 8
    b5000000  cbnz x0, environment_end
    d1002035  sub x21, x1, 8               ; x21: envp's NULL
  auxiliary: ; pairs of type and value, up to type 0 (AT_NULL)
    a8c15820  ldp x0, x22, [x1], 16        ; x22: EXECFN
    f1007c1f  cmp x0, 31                   ; AT_EXECFN
    54000000  b.eq executed
    b5000000  cbnz x0, auxiliary
    10000016  adr x22, empty
  executed:
    d1400bff  sub sp, sp, 8192             ; sp: the scratch frame of 8384 bytes
    d10303ff  sub sp, sp, 192
    910003f7  mov x23, sp                  ; x23: where STATE goes on

  descriptor_limit: ; prlimit64(0, RLIMIT_NOFILE, NULL, answer): soft, then hard
    d2800000  mov x0, 0
    d28000e1  mov x1, 7
    d2800002  mov x2, 0
    910103e3  add x3, sp, 64
    d28020a8  mov x8, 261
    d4000001  svc 0
    94000000  bl hex

  signal_mask: ; rt_sigprocmask(SIG_BLOCK, blocked, answer, 8)
    d2800000  mov x0, 0
    10000001  adr x1, blocked
    910103e2  add x2, sp, 64
    d2800103  mov x3, 8
    d28010e8  mov x8, 135
    d4000001  svc 0
    94000000  bl hex

  closed_descriptors: ; fcntl(2, F_GETFD), then 1, then 0: negative means closed
    52800009  mov w9, 0
    5280004a  mov w10, 2
  descriptor:
    2a0a03e0  mov w0, w10
    52800021  mov w1, 1
    d2800328  mov x8, 25
    d4000001  svc 0
    531f7c00  lsr w0, w0, 31               ; the sign,
    2a090409  orr w9, w0, w9, lsl 1        ; into the bits: 2 ends as bit 2
    7100054a  subs w10, w10, 1
    54000005  b.pl descriptor
    1100c129  add w9, w9, '0'
    390002e9  strb w9, [x23]

  pipe_signal: ; rt_sigaction(SIGPIPE, NULL, answer, 8): the handler comes first
    d28001a0  mov x0, 13
    d2800001  mov x1, 0
    910103e2  add x2, sp, 64
    d2800103  mov x3, 8
    d28010c8  mov x8, 134
    d4000001  svc 0
    f94023e0  ldr x0, [sp, 64]
    f100041f  cmp x0, 1                    ; SIG_IGN
    1a9f17e0  cset w0, eq
    1100c000  add w0, w0, '0'
    390006e0  strb w0, [x23, 1]
    39000aff  strb wzr, [x23, 2]

  folder: ; readlinkat(AT_FDCWD, "/proc/self/exe", path of the runtime, 4096)
    92800c60  mov x0, -100
    10000001  adr x1, itself
    910203e2  add x2, sp, 128
    d2820003  mov x3, 4096
    d28009c8  mov x8, 78
    d4000001  svc 0
  slash: ; an error is negative already and fails here too
    f1000400  subs x0, x0, 1
    54000004  b.mi fail
    38606841  ldrb w1, [x2, x0]
    7100bc3f  cmp w1, '/'
    54000001  b.ne slash
    8b000044  add x4, x2, x0               ; x4: behind the folder, without the slash
    914007e3  add x3, sp, 4096
    91028063  add x3, x3, 160              ; x3: path of the script, sp + 4256
  copy:
    eb04005f  cmp x2, x4
    54000000  b.eq copied
    38401440  ldrb w0, [x2], 1
    38001460  strb w0, [x3], 1
    14000000  b copy
  copied:
    10000001  adr x1, script
    94000000  bl append
    aa0403e3  mov x3, x4
    10000001  adr x1, runtime
    94000000  bl append

  ; The arrays are pushed from their ends, so no size is computed. x3 is the stack pointer
  ; for that, since sp may only be a multiple of 16; nothing can write below sp meanwhile,
  ; as no signal handler is set.
  environment:
    910003e3  mov x3, sp
  environment_entry:
    f85f86a0  ldr x0, [x21], -8            ; first the NULL
    f81f8c60  str x0, [x3, -8]!
    eb1402bf  cmp x21, x20
    54000002  b.hs environment_entry
    10000001  adr x1, variables
  variable:
    f81f8c61  str x1, [x3, -8]!
  variable_letter:
    38401420  ldrb w0, [x1], 1
    35000000  cbnz w0, variable_letter
    39400020  ldrb w0, [x1]                ; the empty string ends the variables
    35000000  cbnz w0, variable
    aa0303e2  mov x2, x3                   ; x2: the new envp
  arguments:
    f85f8e80  ldr x0, [x20, -8]!           ; first the NULL, last argv[0] if any
    f81f8c60  str x0, [x3, -8]!
    eb13029f  cmp x20, x19
    54000008  b.hi arguments
    f81f8c76  str x22, [x3, -8]!           ; EXECFN
    910003e0  mov x0, sp
    f81f8c60  str x0, [x3, -8]!            ; STATE
    914007e0  add x0, sp, 4096
    91028000  add x0, x0, 160
    f81f8c60  str x0, [x3, -8]!            ; path of the script
    10000001  adr x1, flags
  flag:
    f81f8c61  str x1, [x3, -8]!
  letter:
    38401420  ldrb w0, [x1], 1
    35000000  cbnz w0, letter
    39400020  ldrb w0, [x1]                ; the empty string ends the flags
    35000000  cbnz w0, flag
    910203e0  add x0, sp, 128
    f81f8c60  str x0, [x3, -8]!
    aa0303e1  mov x1, x3
    d2801ba8  mov x8, 221                  ; execve
    d4000001  svc 0

  fail: ; write(2, message, its length); exit_group(111)
    d2800040  mov x0, 2
    10000001  adr x1, message
    10000002  adr x2, message_end
    cb010042  sub x2, x2, x1
    d2800808  mov x8, 64
    d4000001  svc 0
    d2800de0  mov x0, 111
    d2800bc8  mov x8, 94
    d4000001  svc 0

  hex: ; the u64 in answer as 16 digits at x23, which moves on
    f94023e0  ldr x0, [sp, 64]
    10000001  adr x1, digits
    52800202  mov w2, 16
  digit:
    93c0f000  ror x0, x0, 60               ; the highest digit first
    92400c03  and x3, x0, 15
    38636823  ldrb w3, [x1, x3]
    380016e3  strb w3, [x23], 1
    71000442  subs w2, w2, 1
    54000001  b.ne digit
    d65f03c0  ret

  append: ; the string at x1, with its NUL, to x3
    38401420  ldrb w0, [x1], 1
    38001460  strb w0, [x3], 1
    35000000  cbnz w0, append
    d65f03c0  ret
`;

interface Machine {
  /** e_machine of the ELF header, elf(5). */
  readonly number: number;
  /** The largest page size that the kernel may be built with. */
  readonly page: number;
  readonly listing: string;
  /** The first lines of a source for the GNU assembler. */
  readonly prologue: string;
  /** Bytes of one instruction; `distance` leads from its start to the label that its text names. */
  readonly encode: (hex: string, distance: number | undefined) => number[];
}

const MACHINES: Readonly<Record<Arch, Machine>> = {
  x86_64: {
    number: 62, // EM_X86_64
    page: 0x1000,
    listing: X86_64,
    prologue: ".intel_syntax noprefix\n",
    encode: encodeX86,
  },
  aarch64: {
    number: 183, // EM_AARCH64
    page: 0x10000,
    listing: AARCH64,
    prologue: "",
    encode: encodeAarch64,
  },
};

/** Where the file is mapped, headers and all: the customary address, and a multiple of any page. */
const BASE = 0x400000;

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;

/** Where code and data begin in the file; the first instruction is the entry point. */
export const CODE_OFFSET = HEADER_SIZE + 2 * PROGRAM_HEADER_SIZE;

/**
 * Makes the launcher for `arch`: the bytes of an executable file.
 *
 * @example
 * ```ts
 * await Deno.writeFile("dist/djbox", launcher("x86_64"), { mode: 0o755 });
 * ```
 */
export function launcher(arch: Arch): Uint8Array<ArrayBuffer> {
  const machine = MACHINES[arch];
  const code = assemble(machine);
  const file = new Uint8Array(CODE_OFFSET + code.length);
  file.set(elfHeaders(machine, file.length));
  file.set(code, CODE_OFFSET);
  return file;
}

/**
 * Gives the launcher's code and data as a source for the GNU assembler, so that a test can have the
 * listing's bytes made from its text a second time.
 */
export function launcherSource(arch: Arch): string {
  const { listing, prologue } = MACHINES[arch];
  const code = parse(listing).map((line) =>
    "label" in line ? `${line.label}:\n` : `${line.text}\n`
  );
  const data = DATA.map(([label, bytes]) =>
    `${label}:\n` + Array.from(bytes, (byte) => `.byte ${byte}\n`).join("")
  );
  return [prologue, ".text\n", ...code, ...data].join("");
}

/** One line of a listing. */
type Line = { readonly label: string } | { readonly hex: string; readonly text: string };

function parse(listing: string): Line[] {
  const lines: Line[] = [];
  for (const line of listing.split("\n")) {
    const code = line.replace(/;.*/, "").trim();
    if (code === "") continue;
    const label = code.match(/^(\w+):$/)?.[1];
    const [, hex, text] = code.match(/^([0-9a-f.]{2}(?: ?[0-9a-f.]{2})*) {2,}(.+)$/) ?? [];
    if (label !== undefined) lines.push({ label });
    else if (hex !== undefined && text !== undefined) lines.push({ hex, text });
    else throw new SyntaxError(`not a line of a listing: ${line}`);
  }
  return lines;
}

/** Code and data, every distance filled in. Its first byte is the entry point. */
function assemble(machine: Machine): Uint8Array<ArrayBuffer> {
  const labels = new Map<string, number>();
  const define = (label: string, at: number) => {
    if (labels.has(label)) throw new SyntaxError(`label defined twice: ${label}`);
    labels.set(label, at);
  };

  let size = 0;
  const instructions: { at: number; hex: string; text: string }[] = [];
  for (const line of parse(machine.listing)) {
    if ("label" in line) {
      define(line.label, size);
    } else {
      instructions.push({ at: size, ...line });
      size += line.hex.replaceAll(" ", "").length / 2;
    }
  }
  const data = DATA.map(([label, bytes]) => {
    define(label, size);
    size += bytes.length;
    return { at: size - bytes.length, bytes };
  });

  const image = new Uint8Array(size);
  for (const { at, hex, text } of instructions) {
    const target = labels.get(text.match(/(\w+)\]?$/)?.[1] ?? "");
    try {
      image.set(machine.encode(hex, target === undefined ? undefined : target - at), at);
    } catch (cause) {
      throw new SyntaxError(`unable to encode: ${text}`, { cause });
    }
  }
  for (const { at, bytes } of data) image.set(bytes, at);
  return image;
}

/** x86-64: the distance is counted from the instruction's end and ends it, in 1 byte or in 4. */
function encodeX86(hex: string, distance: number | undefined): number[] {
  const bytes = hex.split(" ");
  const known = bytes.filter((byte) => byte !== "..").map((byte) => parseInt(byte, 16));
  const missing = bytes.length - known.length;
  if (distance === undefined) {
    if (missing !== 0) throw new SyntaxError("a distance, but no label");
    return known;
  }
  if (missing !== 1 && missing !== 4) throw new SyntaxError("a label, but no place for a distance");
  const value = distance - bytes.length;
  if (missing === 1 && (value < -128 || value > 127)) throw new RangeError("label too far away");
  return [...known, ...Array.from({ length: missing }, (_, i) => (value >> (8 * i)) & 0xff)];
}

/** aarch64's instructions that hold a distance: how to tell one, and what to add to its word. */
const DISTANCES: ReadonlyArray<{
  readonly mask: number;
  readonly value: number;
  readonly field: (distance: number) => number;
}> = [
  // b, bl: in words, bits 0 to 25
  { mask: 0x7c000000, value: 0x14000000, field: (distance) => (distance >> 2) & 0x3ffffff },
  // b.cond, then cbz and cbnz: in words, bits 5 to 23
  { mask: 0xff000010, value: 0x54000000, field: (distance) => ((distance >> 2) & 0x7ffff) << 5 },
  { mask: 0x7e000000, value: 0x34000000, field: (distance) => ((distance >> 2) & 0x7ffff) << 5 },
  // adr: in bytes, the low two in bits 29 and 30, the others in bits 5 to 23
  {
    mask: 0x9f000000,
    value: 0x10000000,
    field: (distance) => ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5),
  },
];

/** aarch64: the distance is counted from the instruction's start; no field here is too short. */
function encodeAarch64(hex: string, distance: number | undefined): number[] {
  let word = parseInt(hex, 16);
  const kind = DISTANCES.find(({ mask, value }) => ((word & mask) >>> 0) === value);
  if (kind === undefined) {
    if (distance !== undefined) throw new SyntaxError("a label, but no place for a distance");
  } else {
    if (distance === undefined) throw new SyntaxError("a distance, but no label");
    word |= kind.field(distance);
  }
  return [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff);
}

/** The ELF header and two program headers, elf(5), of a file of `size` bytes. */
function elfHeaders({ number, page }: Machine, size: number): Uint8Array<ArrayBuffer> {
  const headers = new Uint8Array(CODE_OFFSET);
  const view = new DataView(headers.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  headers.set(ascii("\x7fELF"));
  headers[4] = 2; // ELFCLASS64
  headers[5] = 1; // ELFDATA2LSB
  headers[6] = 1; // EV_CURRENT
  u16(16, 2); // e_type: ET_EXEC
  u16(18, number); // e_machine
  u32(20, 1); // e_version: EV_CURRENT
  u64(24, BASE + CODE_OFFSET); // e_entry
  u64(32, HEADER_SIZE); // e_phoff
  u16(52, HEADER_SIZE); // e_ehsize
  u16(54, PROGRAM_HEADER_SIZE); // e_phentsize
  u16(56, 2); // e_phnum
  u16(58, 64); // e_shentsize: there are no sections, but readers expect the size

  // The whole file, for reading and executing; it has nothing to write to but the stack.
  const load = HEADER_SIZE;
  u32(load, 1); // p_type: PT_LOAD
  u32(load + 4, 5); // p_flags: PF_R | PF_X
  u64(load + 16, BASE); // p_vaddr
  u64(load + 24, BASE); // p_paddr
  u64(load + 32, size); // p_filesz
  u64(load + 40, size); // p_memsz
  u64(load + 48, page); // p_align

  // Without this header the kernel would make the stack executable.
  const stack = HEADER_SIZE + PROGRAM_HEADER_SIZE;
  u32(stack, 0x6474e551); // p_type: PT_GNU_STACK
  u32(stack + 4, 6); // p_flags: PF_R | PF_W
  u64(stack + 48, 16); // p_align
  return headers;
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Strings to be pushed: the last one first, since arrays are pushed from their ends; an empty one ends them. */
function list(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  return ascii(texts.toReversed().map((text) => text + "\0").join("") + "\0");
}

/** A signal set as the kernel takes it: 8 bytes, bit N - 1 for signal N. */
function signalSet(signals: readonly number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(8);
  new DataView(set.buffer).setBigUint64(0, maskOf(signals), true);
  return set;
}
