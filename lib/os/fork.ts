// SPDX-License-Identifier: 0BSD
/**
 * A child between fork and exec: a process that makes a list of system calls, the last of which runs a program.
 *
 * A C server forks for each client, and what the child does before its exec is a page of C. JavaScript can't run in
 * a forked child, and posix_spawn(3) knows only some of the calls, tells the pid only when the program runs
 * already, and keeps the server waiting until then. So the child is made by clone(2) with CLONE_VM: it has its
 * own descriptors, limits and signals, but our memory, and in that memory stands a list of calls. A few machine
 * instructions make one after the other and note the results in the list. That costs no copy of our page
 * tables, and the child is there, with its pid, while we still find out whether to let it go on: the call
 * `gate` waits for our word.
 *
 * The child never touches the C library or the runtime, so no lock of theirs can be in its way.
 *
 * @module
 */
import { ARCH, KERNEL_SIGSET_SIZE, SIGBUS, SIGCHLD, SIGSEGV } from "./constants.ts";
import { EINTR, SystemError } from "./errno.ts";
import { type StringArray } from "./c_string.ts";
import { addressOf, check, errno, libc, pad } from "./libc.ts";
import { type Arch, assemble } from "./listing.ts";
import { setMask } from "./signal.ts";

/* A call in the list, 9 words of 64 bits: number, 5 arguments, result, errors to be passed over (a bit each: 0 for
 * success, 63 for all from 63 up), address of the call that comes after any other error. */
const WORDS = 9;
const ARGUMENTS = 1;
const RESULT = 6;
const PASSED_OVER = 7;
const OTHERWISE = 8;
const ALL = (1n << 64n) - 1n;
/** The result of a call that was not made. */
const NOT_MADE = -(1n << 62n);

/** The listings (listing.ts). Called as a C function with the address of the first call; it never returns. */
export const CODE: Readonly<Record<Arch, string>> = {
  x86_64: `
      48 89 fb        mov rbx, rdi
    step:
      48 8b 03        mov rax, [rbx]
      48 8b 7b 08     mov rdi, [rbx + 8]
      48 8b 73 10     mov rsi, [rbx + 16]
      48 8b 53 18     mov rdx, [rbx + 24]
      4c 8b 53 20     mov r10, [rbx + 32]
      4c 8b 43 28     mov r8, [rbx + 40]
      0f 05           syscall
      48 89 43 30     mov [rbx + 48], rax
      31 c9           xor ecx, ecx
      48 f7 d8        neg rax                   ; the error number,
      48 0f 48 c1     cmovs rax, rcx            ; or 0,
      b9 3f 00 00 00  mov ecx, 63
      48 39 c8        cmp rax, rcx
      48 0f 47 c1     cmova rax, rcx            ; and at most 63
      48 8b 4b 38     mov rcx, [rbx + 56]
      48 0f a3 c1     bt rcx, rax
      48 8d 4b 48     lea rcx, [rbx + 72]
      48 0f 43 4b 40  cmovnc rcx, [rbx + 64]
      48 89 cb        mov rbx, rcx
      eb ..           jmp step`,
  aarch64: `
      aa0003f3        mov x19, x0
    step:
      a9400268        ldp x8, x0, [x19]
      a9410a61        ldp x1, x2, [x19, 16]
      a9421263        ldp x3, x4, [x19, 32]
      d4000001        svc 0
      f9001a60        str x0, [x19, 48]
      f100001f        cmp x0, 0
      da80a7e1        csneg x1, xzr, x0, ge     ; the error number, or 0,
      d28007e2        mov x2, 63
      eb02003f        cmp x1, x2
      9a818041        csel x1, x2, x1, hi       ; and at most 63
      a9438e62        ldp x2, x3, [x19, 56]
      9ac12442        lsr x2, x2, x1
      91012273        add x19, x19, 72
      37000002        tbnz w2, 0, step
      aa0303f3        mov x19, x3
      14000000        b step`,
};

/** One call of the list. */
export interface Call {
  readonly name: keyof typeof ARCH.calls | "gate";
  /** A buffer stands for its address, and so does an array of strings; the list keeps them. */
  readonly args?: readonly (number | bigint | Uint8Array<ArrayBuffer> | StringArray)[];
  /**
   * The errors (below 63) after which, as after success, the next call comes; undefined: all. After another it is
   * the last call of the list.
   */
  readonly passedOver?: readonly number[];
}

const FUTEX_WAIT = 0n;
const FUTEX_WAIT_PRIVATE = 128;
const FUTEX_WAKE_PRIVATE = 129n;
const CLONE_VM = 0x100;
const CLONE_FILES = 0x400;
const CLONE_VFORK = 0x4000;
const CLONE_CHILD_CLEARTID = 0x200000;
/* clone(3) itself pushes two words; no call needs more. Handlers of signals would: every list has NO_FAULT_HANDLERS in it,
 * before it sets the child's mask. */
const STACK = 1024;
const EVERY_SIGNAL = 2n ** 64n - 1n;
/* A child whose gate nobody opens is one whose parent was killed between clone and prctl. struct timespec. */
const PATIENCE = words64(3600n, 0n);

/** The kernel's struct sigaction with SIG_DFL, no flags and an empty mask, for rt_sigaction(2). */
export const DEFAULT_ACTION = new Uint8Array(32);

/** What takes away the handlers that the runtime has for faults: they would run on the child's small stack, in our memory. */
export const NO_FAULT_HANDLERS: readonly Call[] = [SIGSEGV, SIGBUS].map((signal) => ({
  name: "rt_sigaction",
  args: [signal, DEFAULT_ACTION, 0, KERNEL_SIGSET_SIZE],
}));

/** `values` as an array of 64-bit words, for a call to point to. */
export function words64(...values: bigint[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array(values).buffer);
}

/** A struct timespec, up to a second. */
export function timespec(milliseconds: number): Uint8Array<ArrayBuffer> {
  return words64(0n, BigInt(milliseconds) * 1_000_000n);
}

/** A list of calls, the last of which ends the child, and the child that makes them: one at a time. */
export class Fork {
  readonly #calls: readonly Call[];
  readonly #words: BigInt64Array<ArrayBuffer>;
  readonly #gate = new Int32Array(1);
  /** Whether there is a child that may stand before the gate. */
  #started = false;
  /** 1 while a child that is waited for runs in our memory; at its exec or end the kernel writes 0, and wakes us. */
  readonly #inside = new Int32Array(1);
  readonly #insideAddress: bigint;
  readonly #insidePointer: Deno.PointerValue;
  readonly #gateAddress: bigint;
  readonly #first: Deno.PointerValue;
  readonly #stackTop: Deno.PointerValue;
  /** What the list points to. */
  readonly #kept: unknown[] = [];

  constructor(calls: readonly Call[]) {
    this.#calls = calls;
    this.#words = new BigInt64Array(calls.length * WORDS);
    const list = new Uint8Array(this.#words.buffer);
    const stack = new Uint8Array(STACK);
    this.#kept.push(stack);
    this.#first = Deno.UnsafePointer.of(list);
    this.#stackTop = Deno.UnsafePointer.create((addressOf(stack) + BigInt(STACK)) & ~15n);
    this.#gateAddress = addressOf(new Uint8Array(this.#gate.buffer));
    this.#insideAddress = addressOf(new Uint8Array(this.#inside.buffer));
    this.#insidePointer = Deno.UnsafePointer.create(this.#insideAddress);
    calls.forEach((call, i) => this.#write(call, i * WORDS, addressOf(list)));
  }

  #write(call: Call, at: number, list: bigint): void {
    const words = this.#words;
    const [name, args = []] = call.name === "gate"
      ? ["futex" as const, [this.#gateAddress, FUTEX_WAIT_PRIVATE, 0, PATIENCE]]
      : [call.name, call.args];
    words[at] = BigInt(ARCH.calls[name]);
    args.forEach((arg, i) => {
      if (typeof arg === "object") this.#kept.push(arg);
      const value = typeof arg === "object" && "keep" in arg ? arg.array : arg;
      words[at + ARGUMENTS + i] = typeof value === "object" ? addressOf(value) : BigInt(value);
    });
    const errors = call.passedOver?.reduce((set, error) => set | (1n << BigInt(error)), 1n) ?? ALL;
    words[at + PASSED_OVER] = BigInt.asIntN(64, errors);
    words[at + OTHERWISE] = list + BigInt((this.#calls.length - 1) * WORDS * 8);
  }

  /** Changes an argument of a call that the child has not come to yet. */
  set(call: number, argument: number, value: number | bigint): void {
    this.#words[call * WORDS + ARGUMENTS + argument] = BigInt(value);
  }

  /** Changes which call it is that stands at `call`. */
  become(call: number, name: keyof typeof ARCH.calls): void {
    this.#words[call * WORDS] = BigInt(ARCH.calls[name]);
  }

  /** Starts the child: its pid. Throws SystemError "clone". */
  start(): number {
    return this.#start(0);
  }

  #start(flags: number): number {
    for (let i = 0; i < this.#calls.length; i++) this.#words[i * WORDS + RESULT] = NOT_MADE;
    this.#started = true;
    // The child has our mask: no handler of the runtime's runs on its stack before the list has taken them away.
    const mask = setMask(EVERY_SIGNAL);
    try {
      const pid = libc().clone(
        code(),
        this.#stackTop,
        CLONE_VM | SIGCHLD | flags,
        this.#first,
        null,
        null,
        this.#insidePointer,
        pad,
      );
      return check(pid, "clone");
    } finally {
      setMask(mask);
    }
  }

  /**
   * Starts the child and waits until it has become a program or ended (CLONE_VFORK): there must be no gate. Returns
   * its pid. Throws SystemError "clone".
   */
  startAndWait(): number {
    return this.#start(CLONE_VFORK);
  }

  /**
   * The same, but only for `patience`, a struct timespec: exec waits for whoever has a lease (fcntl(2)) on a file that it
   * opens, for 45 seconds if he likes. As long as the child `isInside`, this list is the child's.
   *
   * @param unshare the call that gives the child descriptors of its own: until it is made the child has ours, so it is
   *   waited for however long it takes; undefined: the child has copies from the start
   */
  startAndWaitFor(patience: Uint8Array<ArrayBuffer>, unshare: number | undefined): number {
    this.#inside[0] = 1;
    const pid = this.#start(CLONE_CHILD_CLEARTID | (unshare === undefined ? 0 : CLONE_FILES));
    const time = addressOf(patience);
    while (this.isInside) {
      const result = libc().syscall(FUTEX, this.#insideAddress, FUTEX_WAIT, 1n, time, pad);
      const isLate = result < 0 && errno() !== EINTR;
      if (isLate && (unshare === undefined || this.made(unshare))) break;
    }
    return pid;
  }

  /** Whether the child is still one that makes calls in our memory, and neither a program nor at its end. */
  get isInside(): boolean {
    return Atomics.load(this.#inside, 0) !== 0;
  }

  /** Shuts the gate, for the next child. */
  shut(): void {
    this.#gate[0] = 0;
    this.#started = false;
  }

  /**
   * Lets the child go on behind its gate. All that it is to find there must have been set. Where there is no child yet,
   * it will find the gate open.
   */
  open(): void {
    Atomics.store(this.#gate, 0, 1);
    if (!this.#started) return;
    libc().syscall(FUTEX, this.#gateAddress, FUTEX_WAKE_PRIVATE, 1n, 0n, pad);
  }

  /** Whether the child has come back from `call`. */
  made(call: number): boolean {
    return this.#words[call * WORDS + RESULT] !== NOT_MADE;
  }

  /** The error number that `call` met; 0: none, or it was not made. */
  errorOf(call: number): number {
    const result = this.#words[call * WORDS + RESULT] ?? 0n;
    return result < 0n && result !== NOT_MADE ? Number(-result) : 0;
  }

  /** The error after which the child went to its last call, of those calls that must not fail; 0: there was none. */
  get failure(): number {
    for (const [i, { passedOver }] of this.#calls.entries()) {
      const error = passedOver?.length === 0 ? this.errorOf(i) : 0;
      if (error !== 0) return error;
    }
    return 0;
  }
}

const FUTEX = BigInt(ARCH.calls.futex);
const PAGE = 4096n;
const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const MAP_FAILED = 2n ** 64n - 1n;

let codePage: Deno.PointerValue = null;

/** Where the instructions are: a page of their own, written and then made executable. */
function code(): Deno.PointerValue {
  if (codePage !== null) return codePage;
  const c = libc();
  const page = c.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0n, pad);
  if (page === null || Deno.UnsafePointer.value(page) === MAP_FAILED) {
    throw new SystemError(errno(), "mmap");
  }
  const arch = Deno.build.arch as Arch;
  const bytes = assemble(arch, CODE[arch]);
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, Number(PAGE))).set(bytes);
  check(c.mprotect(page, PAGE, PROT_READ | PROT_EXEC, pad), "mprotect");
  codePage = page;
  return page;
}
