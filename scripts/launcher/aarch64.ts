// SPDX-License-Identifier: 0BSD
/**
 * The launcher for aarch64, as a listing (lib/os/listing.ts); the same as that for x86-64, step by step, with the same
 * scratch frame at sp. Of data it asks for less: V8 reserves less for code here.
 *
 * @module
 */
export const AARCH64 = `
  start: ; sp -> argc, argv[0]..., NULL, envp[0]..., NULL, auxv; nothing else is defined
    f94003e1  ldr x1, [sp]                 ; argc
    910023f3  add x19, sp, 8               ; x19: argv
    8b010e74  add x20, x19, x1, lsl 3
    91002294  add x20, x20, 8              ; x20: envp, behind argv's NULL
    aa1403e1  mov x1, x20
    5288a885  mov w5, 0x4544
    72a9e9c5  movk w5, 0x4f4e, lsl 16      ; w5: DENO
    5289e9c6  mov w6, 0x4f4e
    72a8a886  movk w6, 0x4544, lsl 16      ; w6: NODE
  inherited: ; the runtime takes orders from DENO_... and NODE_...: with bit 7 in its first letter, it is another name
    f8408420  ldr x0, [x1], 8
    b4000000  cbz x0, environment_end
    39401002  ldrb w2, [x0, 4]
    71017c5f  cmp w2, '_'
    54000001  b.ne inherited
    b9400002  ldr w2, [x0]
    6b05005f  cmp w2, w5
    54000000  b.eq hide
    6b06005f  cmp w2, w6
    54000001  b.ne inherited
  hide:
    39400002  ldrb w2, [x0]
    32190042  orr w2, w2, 128
    39000002  strb w2, [x0]
    14000000  b inherited
  environment_end:
    d1002035  sub x21, x1, 8               ; x21: envp's NULL
  auxiliary: ; pairs of type and value, up to type 0 (AT_NULL)
    a8c15820  ldp x0, x22, [x1], 16        ; x22: EXECFN
    f1007c1f  cmp x0, 31                   ; AT_EXECFN
    54000000  b.eq executed
    b5000000  cbnz x0, auxiliary
    10000016  adr x22, empty
  executed:
    d1400bff  sub sp, sp, 8192             ; sp: the scratch frame of 8512 bytes
    d10503ff  sub sp, sp, 320
    91400bf7  add x23, sp, 8192
    910302f7  add x23, x23, 192            ; x23: where STATE goes on

  descriptor_limit: ; prlimit64(0, RLIMIT_NOFILE, NULL, answer): soft, then hard
    d2800000  mov x0, 0
    d28000e1  mov x1, 7
    d2800002  mov x2, 0
    910103e3  add x3, sp, 64
    d28020a8  mov x8, 261
    d4000001  svc 0
    10000001  adr x1, few_files
    f94027e0  ldr x0, [sp, 72]
    f100301f  cmp x0, 12
    54000003  b.lo fail
    94000000  bl hex

  signal_mask: ; rt_sigprocmask(SIG_BLOCK, blocked, answer, 8)
    d2800000  mov x0, 0
    10000001  adr x1, blocked
    910103e2  add x2, sp, 64
    d2800103  mov x3, 8
    d28010e8  mov x8, 135
    d4000001  svc 0
    94000000  bl hex

  working_directory: ; getcwd(scratch, 4096): an error, or "(unreachable)..."?
    910203e0  add x0, sp, 128
    d2820001  mov x1, 4096
    d2800228  mov x8, 17
    d4000001  svc 0
    f90023ff  str xzr, [sp, 64]
    f100001f  cmp x0, 0
    5400000b  b.lt nameless
    394203e1  ldrb w1, [sp, 128]
    7100bc3f  cmp w1, '/'
    54000000  b.eq known
  nameless: ; openat(AT_FDCWD, ".", O_PATH); fcntl(it, F_DUPFD, 10); close(it); chdir("/")
    92800c60  mov x0, -100
    10000001  adr x1, dot
    d2a00402  mov x2, 0x200000
    d2800708  mov x8, 56
    d4000001  svc 0
    f100001f  cmp x0, 0
    5400000b  b.lt known
    aa0003e9  mov x9, x0
    d2800001  mov x1, 0
    d2800142  mov x2, 10
    d2800328  mov x8, 25
    d4000001  svc 0
    aa0003ea  mov x10, x0
    aa0903e0  mov x0, x9
    d2800728  mov x8, 57
    d4000001  svc 0
    f100015f  cmp x10, 0
    5400000b  b.lt known
    f90023ea  str x10, [sp, 64]
    10000000  adr x0, root
    d2800628  mov x8, 49
    d4000001  svc 0
  known:
    94000000  bl hex

  memory_limits: ; RLIMIT_DATA, RLIMIT_STACK (8 MB are enough), RLIMIT_AS; each with what its hard limit must be
    d2800049  mov x9, 2
    9280000a  mov x10, -1
    94000000  bl limit
    10000001  adr x1, little_data
    f94027e0  ldr x0, [sp, 72]
    d35bfc00  lsr x0, x0, 27               ; 128 MB
    b4000000  cbz x0, fail
    d2800069  mov x9, 3
    d2a0100a  mov x10, 0x800000
    94000000  bl limit
    10000001  adr x1, little_stack
    f94027e0  ldr x0, [sp, 72]
    f141901f  cmp x0, 409600
    54000003  b.lo fail
    d2800129  mov x9, 9
    9280000a  mov x10, -1
    94000000  bl limit
    10000001  adr x1, little_space
    f94027e0  ldr x0, [sp, 72]
    d363fc00  lsr x0, x0, 35               ; 32 GB
    b4000000  cbz x0, fail

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
    54000004  b.mi nothing
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
    91400be0  add x0, sp, 8192
    91030000  add x0, x0, 192
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

  elsewhere: ; nothing is beside a launcher that was copied: the same with what is installed
    aa0103e4  mov x4, x1                   ; x4: argv
    914007e3  add x3, sp, 4096
    91028063  add x3, x3, 160
    10000001  adr x1, installed_script
    94000000  bl append
    910203e3  add x3, sp, 128
    10000001  adr x1, installed_runtime
    94000000  bl append
    910203e0  add x0, sp, 128
    aa0403e1  mov x1, x4
    d2801ba8  mov x8, 221
    d4000001  svc 0

  nothing:
    10000001  adr x1, nothing_beside
  fail: ; write(2, the string at x1, its length); exit_group(111)
    aa0103e2  mov x2, x1
  length:
    38401c40  ldrb w0, [x2, 1]!
    35000000  cbnz w0, length
    cb010042  sub x2, x2, x1
    d2800040  mov x0, 2
    d2800808  mov x8, 64
    d4000001  svc 0
    d2800de0  mov x0, 111
    d2800bc8  mov x8, 94
    d4000001  svc 0

  limit: ; the soft limit of resource x9 to STATE and, where it is below x10, raised to that, or as far as it may be
    d2800000  mov x0, 0
    aa0903e1  mov x1, x9
    d2800002  mov x2, 0
    910103e3  add x3, sp, 64
    d28020a8  mov x8, 261                  ; prlimit64(0, x9, NULL, answer)
    d4000001  svc 0
    f94023eb  ldr x11, [sp, 64]
    eb0a017f  cmp x11, x10
    54000002  b.hs enough
    f94027e0  ldr x0, [sp, 72]
    eb0a001f  cmp x0, x10
    9a8a3000  csel x0, x0, x10, lo
    f90023e0  str x0, [sp, 64]
    d2800000  mov x0, 0
    aa0903e1  mov x1, x9
    910103e2  add x2, sp, 64
    d2800003  mov x3, 0
    d28020a8  mov x8, 261                  ; prlimit64(0, x9, answer, NULL)
    d4000001  svc 0
    f90023eb  str x11, [sp, 64]
    14000000  b hex
  enough: ; -1: it is as it was
    92800000  mov x0, -1
    f90023e0  str x0, [sp, 64]

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
