// SPDX-License-Identifier: 0BSD
/**
 * The launcher for x86-64, as a listing (lib/os/listing.ts).
 *
 * The scratch frame, 8512 bytes at rbp:
 *
 *       64  answer: what a system call reports, 32 bytes (struct sigaction is the longest)
 *      128  path of the runtime, up to 4096 bytes of folder and its own name
 *     4256  path of the script, the same
 *     8384  STATE, 98 digits and a NUL
 *
 * The new arrays go below it, as long as the caller's arrays make them. A Linux system call keeps
 * all registers but rax, rcx and r11.
 *
 * @module
 */
export const X86_64 = `
  start: ; rsp -> argc, argv[0]..., NULL, envp[0]..., NULL, auxv; nothing else is defined
    48 8d 5c 24 08           lea rbx, [rsp + 8]           ; rbx: argv
    48 8b 04 24              mov rax, [rsp]               ; argc
    4c 8d 64 c3 08           lea r12, [rbx + rax*8 + 8]   ; r12: envp, behind argv's NULL
    4c 89 e6                 mov rsi, r12
  inherited: ; the runtime takes orders from DENO_... and NODE_...: with bit 7 in its first letter, it is another name
    48 ad                    lodsq
    48 85 c0                 test rax, rax
    74 ..                    jz environment_end
    80 78 04 5f              cmp byte ptr [rax + 4], '_'
    75 ..                    jne inherited
    8b 10                    mov edx, [rax]
    81 fa 44 45 4e 4f        cmp edx, 0x4f4e4544          ; DENO
    74 ..                    je hide
    81 fa 4e 4f 44 45        cmp edx, 0x45444f4e          ; NODE
    75 ..                    jne inherited
  hide:
    80 08 80                 or byte ptr [rax], 128
    eb ..                    jmp inherited
  environment_end:
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
    48 81 ec 40 21 00 00     sub rsp, 8512
    48 89 e5                 mov rbp, rsp                 ; rbp: the scratch frame
    4c 8d bd c0 20 00 00     lea r15, [rbp + 8384]        ; r15: where STATE goes on

  descriptor_limit: ; prlimit64(0, RLIMIT_NOFILE, NULL, answer): soft, then hard
    31 ff                    xor edi, edi
    be 07 00 00 00           mov esi, 7
    31 d2                    xor edx, edx
    4c 8d 55 40              lea r10, [rbp + 64]
    b8 2e 01 00 00           mov eax, 302
    0f 05                    syscall
    48 8d 35 .. .. .. ..     lea rsi, [rip + few_files]
    48 83 7d 48 0c           cmp qword ptr [rbp + 72], 12
    0f 82 .. .. .. ..        jb fail
    e8 .. .. .. ..           call hex

  signal_mask: ; rt_sigprocmask(SIG_BLOCK, blocked, answer, 8)
    31 ff                    xor edi, edi
    48 8d 35 .. .. .. ..     lea rsi, [rip + blocked]
    48 8d 55 40              lea rdx, [rbp + 64]
    41 ba 08 00 00 00        mov r10d, 8
    b8 0e 00 00 00           mov eax, 14
    0f 05                    syscall
    e8 .. .. .. ..           call hex

  working_directory: ; getcwd(scratch, 4096): an error, or "(unreachable)..."?
    48 8d bd 80 00 00 00     lea rdi, [rbp + 128]
    be 00 10 00 00           mov esi, 4096
    b8 4f 00 00 00           mov eax, 79
    0f 05                    syscall
    48 c7 45 40 00 00 00 00  mov qword ptr [rbp + 64], 0
    48 85 c0                 test rax, rax
    78 ..                    js nameless
    80 bd 80 00 00 00 2f     cmp byte ptr [rbp + 128], '/'
    74 ..                    je known
  nameless: ; openat(AT_FDCWD, ".", O_PATH); fcntl(it, F_DUPFD, 10); close(it); chdir("/")
    bf 9c ff ff ff           mov edi, -100
    48 8d 35 .. .. .. ..     lea rsi, [rip + dot]
    ba 00 00 20 00           mov edx, 0x200000
    b8 01 01 00 00           mov eax, 257
    0f 05                    syscall
    85 c0                    test eax, eax
    78 ..                    js known
    89 c7                    mov edi, eax
    31 f6                    xor esi, esi
    ba 0a 00 00 00           mov edx, 10
    b8 48 00 00 00           mov eax, 72
    0f 05                    syscall
    49 89 c0                 mov r8, rax
    b8 03 00 00 00           mov eax, 3
    0f 05                    syscall
    4d 85 c0                 test r8, r8
    78 ..                    js known
    4c 89 45 40              mov [rbp + 64], r8
    48 8d 3d .. .. .. ..     lea rdi, [rip + root]
    b8 50 00 00 00           mov eax, 80
    0f 05                    syscall
  known:
    e8 .. .. .. ..           call hex

  memory_limits: ; RLIMIT_DATA, RLIMIT_STACK (8 MB are enough), RLIMIT_AS; each with what its hard limit must be
    41 b8 02 00 00 00        mov r8d, 2
    49 c7 c1 ff ff ff ff     mov r9, -1
    e8 .. .. .. ..           call limit
    48 8d 35 .. .. .. ..     lea rsi, [rip + little_data]
    48 81 7d 48 00 00 80 20  cmp qword ptr [rbp + 72], 0x20800000
    0f 82 .. .. .. ..        jb fail
    41 b8 03 00 00 00        mov r8d, 3
    41 b9 00 00 80 00        mov r9d, 0x800000
    e8 .. .. .. ..           call limit
    48 8d 35 .. .. .. ..     lea rsi, [rip + little_stack]
    48 81 7d 48 00 40 06 00  cmp qword ptr [rbp + 72], 0x64000
    0f 82 .. .. .. ..        jb fail
    41 b8 09 00 00 00        mov r8d, 9
    49 c7 c1 ff ff ff ff     mov r9, -1
    e8 .. .. .. ..           call limit
    48 8d 35 .. .. .. ..     lea rsi, [rip + little_space]
    83 7d 4c 08              cmp dword ptr [rbp + 76], 8  ; 32 GB
    0f 82 .. .. .. ..        jb fail

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
    0f 88 .. .. .. ..        js nothing
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
    48 8d 85 c0 20 00 00     lea rax, [rbp + 8384]
    50                       push rax                     ; STATE
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

  elsewhere: ; nothing is beside a launcher that was copied: the same with what is installed
    48 8d bd a0 10 00 00     lea rdi, [rbp + 4256]
    48 8d 35 .. .. .. ..     lea rsi, [rip + installed_script]
    e8 .. .. .. ..           call append
    48 8d bd 80 00 00 00     lea rdi, [rbp + 128]
    48 8d 35 .. .. .. ..     lea rsi, [rip + installed_runtime]
    e8 .. .. .. ..           call append
    48 8d bd 80 00 00 00     lea rdi, [rbp + 128]
    48 89 e6                 mov rsi, rsp
    b8 3b 00 00 00           mov eax, 59
    0f 05                    syscall

  nothing:
    48 8d 35 .. .. .. ..     lea rsi, [rip + nothing_beside]
  fail: ; write(2, the string at rsi, its length); exit_group(111)
    31 d2                    xor edx, edx
  length:
    ff c2                    inc edx
    80 3c 16 00              cmp byte ptr [rsi + rdx], 0
    75 ..                    jne length
    bf 02 00 00 00           mov edi, 2
    b8 01 00 00 00           mov eax, 1
    0f 05                    syscall
    bf 6f 00 00 00           mov edi, 111
    b8 e7 00 00 00           mov eax, 231
    0f 05                    syscall

  limit: ; the soft limit of resource r8d to STATE and, where it is below r9, raised to that, or as far as it may be
    31 ff                    xor edi, edi
    44 89 c6                 mov esi, r8d
    31 d2                    xor edx, edx
    4c 8d 55 40              lea r10, [rbp + 64]
    b8 2e 01 00 00           mov eax, 302                 ; prlimit64(0, r8d, NULL, answer)
    0f 05                    syscall
    48 8b 55 40              mov rdx, [rbp + 64]
    4c 39 ca                 cmp rdx, r9
    73 ..                    jae enough
    48 8b 45 48              mov rax, [rbp + 72]
    4c 39 c8                 cmp rax, r9
    49 0f 47 c1              cmova rax, r9
    48 89 45 40              mov [rbp + 64], rax
    52                       push rdx
    31 ff                    xor edi, edi
    44 89 c6                 mov esi, r8d
    48 8d 55 40              lea rdx, [rbp + 64]
    45 31 d2                 xor r10d, r10d
    b8 2e 01 00 00           mov eax, 302                 ; prlimit64(0, r8d, answer, NULL)
    0f 05                    syscall
    8f 45 40                 pop qword ptr [rbp + 64]
    eb ..                    jmp hex
  enough: ; -1: it is as it was
    48 c7 45 40 ff ff ff ff  mov qword ptr [rbp + 64], -1

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
