// SPDX-License-Identifier: 0BSD
/**
 * The C library through FFI: the one place that calls Deno.dlopen, and the table of what is called.
 * Everything outside lib/os uses the typed wrappers beside this file.
 *
 * A symbol costs 0.2 ms to bind (and the first such 0.4), because the runtime compiles a trampoline for it, unless
 * one of its parameters is a structure: then it goes the slow way at each call (0.4 us instead of 0.2) and costs
 * 0.015 ms to bind. So all symbols that are not called in a hot loop end in `PAD`, a structure of one byte that
 * no C function looks at (it travels behind all that the function takes). Either kind is bound one by one, at the first use.
 *
 * errno is per thread and every call here is synchronous, so `errno()` directly after a call is that call's: V8 has
 * no threads that it could have to wait for between the two (`V8_FLAGS` in runtime.ts).
 *
 * @module
 */
import { SystemError } from "./errno.ts";

type Pad = { readonly struct: readonly ["u8"] };
const PAD: Pad = { struct: ["u8"] };

/** The argument for a `PAD` parameter. */
export const pad: Uint8Array<ArrayBuffer> = new Uint8Array(1);

/** What the C library's values are to the runtime, and to the FFI's types. */
type Value = Extract<Deno.NativeResultType, string>;

/** A function of C, written as in C but for its name: `(TYPE NAME, ...) RESULT`. */
type Prototype = `(${string}) ${Value}`;

/* Results are i32 because a 64-bit result arrives as a BigInt. Variadic functions (open, fcntl, prctl, syscall) are
 * declared with the arguments that are used: on both machines' ABIs integer arguments of a variadic function travel like
 * others. Every tool reads all of this at its start: lines of text take it a third of a millisecond less than objects. */
const COLD = {
  __errno_location: "() pointer",
  // files
  openat: "(i32 dirfd, buffer path, i32 flags, u32 mode) i32",
  close: "(i32 fd) i32",
  read: "(i32 fd, buffer buf, u32 count) i32",
  statx: "(i32 dirfd, buffer path, i32 flags, u32 mask, buffer statxbuf) i32",
  faccessat: "(i32 dirfd, buffer path, i32 mode, i32 flags) i32",
  mkdirat: "(i32 dirfd, buffer path, u32 mode) i32",
  mkfifoat: "(i32 dirfd, buffer path, u32 mode) i32",
  unlinkat: "(i32 dirfd, buffer path, i32 flags) i32",
  renameat: "(i32 olddirfd, buffer oldpath, i32 newdirfd, buffer newpath) i32",
  linkat: "(i32 olddirfd, buffer oldpath, i32 newdirfd, buffer newpath, i32 flags) i32",
  symlinkat: "(buffer target, i32 dirfd, buffer path) i32",
  readlinkat: "(i32 dirfd, buffer path, buffer buf, u32 size) i32",
  chdir: "(buffer path) i32",
  fchdir: "(i32 fd) i32",
  umask: "(u32 mask) i32",
  fchmod: "(i32 fd, u32 mode) i32",
  fchown: "(i32 fd, u32 uid, u32 gid) i32",
  fsync: "(i32 fd) i32",
  ftruncate: "(i32 fd, i64 length) i32",
  lseek: "(i32 fd, i64 offset, i32 whence) i64",
  pread: "(i32 fd, buffer buf, u32 count, i64 offset) i32",
  pwrite: "(i32 fd, buffer buf, u32 count, i64 offset) i32",
  flock: "(i32 fd, i32 operation) i32",
  fcntl: "(i32 fd, i32 cmd, i32 arg) i32",
  pipe2: "(buffer pipefd, i32 flags) i32",
  dup2: "(i32 oldfd, i32 newfd) i32",
  dup3: "(i32 oldfd, i32 newfd, i32 flags) i32",
  getdents64: "(i32 fd, buffer dirp, u32 count) i32",
  memfd_create: "(buffer name, u32 flags) i32",
  // processes
  getpid: "() i32",
  execve: "(buffer path, buffer argv, buffer envp) i32",
  clone:
    "(pointer fn, pointer stack, i32 flags, pointer arg, pointer ptid, pointer tls, pointer ctid) i32",
  waitpid: "(i32 pid, buffer status, i32 options) i32",
  waitid: "(i32 idtype, i32 id, buffer infop, i32 options) i32",
  _exit: "(i32 status) void",
  kill: "(i32 pid, i32 sig) i32",
  setsid: "() i32",
  usleep: "(u32 usec) i32",
  geteuid: "() u32",
  getauxval: "(u64 type) u64",
  setuid: "(u32 uid) i32",
  setgid: "(u32 gid) i32",
  setgroups: "(u64 size, buffer list) i32",
  getpwnam: "(buffer name) pointer",
  prlimit: "(i32 pid, i32 resource, buffer new, buffer old) i32",
  prctl: "(i32 option, u64 arg2, buffer arg3, u64 arg4, u64 arg5) i32",
  setenv: "(buffer name, buffer value, i32 overwrite) i32",
  unsetenv: "(buffer name) i32",
  tzset: "() void",
  localtime_r: "(buffer timep, buffer result) pointer",
  sbrk: "(i64 increment) pointer",
  // signals
  sigprocmask: "(i32 how, buffer set, buffer oldset) i32",
  sigaction: "(i32 signum, buffer act, buffer oldact) i32",
  signalfd: "(i32 fd, buffer mask, i32 flags) i32",
  // sockets
  socket: "(i32 domain, i32 type, i32 protocol) i32",
  bind: "(i32 fd, buffer addr, u32 len) i32",
  listen: "(i32 fd, i32 backlog) i32",
  accept4: "(i32 fd, buffer addr, buffer len, i32 flags) i32",
  connect: "(i32 fd, buffer addr, u32 len) i32",
  getsockname: "(i32 fd, buffer addr, buffer len) i32",
  getpeername: "(i32 fd, buffer addr, buffer len) i32",
  setsockopt: "(i32 fd, i32 level, i32 optname, buffer optval, u32 optlen) i32",
  getsockopt: "(i32 fd, i32 level, i32 optname, buffer optval, buffer optlen) i32",
  send: "(i32 fd, buffer buf, u32 len, i32 flags) i32",
  recv: "(i32 fd, buffer buf, u32 len, i32 flags) i32",
  getservbyname: "(buffer name, buffer proto) pointer",
  if_nametoindex: "(buffer name) u32",
  if_indextoname: "(u32 index, buffer name) pointer",
  // memory
  malloc_trim: "(u64 pad) i32",
  mmap: "(pointer addr, u64 length, i32 prot, i32 flags, i32 fd, i64 offset) pointer",
  madvise: "(u64 addr, u64 length, i32 advice) i32",
  mprotect: "(pointer addr, u64 length, i32 prot) i32",
  // waiting
  epoll_create1: "(i32 flags) i32",
  epoll_ctl: "(i32 epfd, i32 op, i32 fd, buffer event) i32",
  syscall: "(i64 number, i64 arg1, i64 arg2, i64 arg3, i64 arg4) i32",
  timerfd_create: "(i32 clockid, i32 flags) i32",
  timerfd_settime: "(i32 fd, i32 flags, buffer new_value, buffer old_value) i32",
  inotify_init1: "(i32 flags) i32",
  inotify_add_watch: "(i32 fd, buffer path, u32 mask) i32",
} as const satisfies Record<string, Prototype>;

/* Called once a line, a packet, an event or a service. One library each: a tool binds only those it calls. */
const HOT = {
  read: "(i32 fd, buffer buf, u32 count) i32",
  write: "(i32 fd, buffer buf, u32 count) i32",
  send: "(i32 fd, buffer buf, u32 len, i32 flags) i32",
  poll: "(buffer fds, u32 nfds, i32 timeout) i32",
  epoll_wait: "(i32 epfd, buffer events, i32 maxevents, i32 timeout) i32",
  clock_gettime: "(i32 clockid, buffer tp) i32",
  statx: "(i32 dirfd, buffer path, i32 flags, u32 mask, buffer statxbuf) i32",
} as const satisfies Record<string, Prototype>;

/** The types in `TYPE NAME, ...`. */
type TypesIn<List extends string> = List extends
  `${infer Type extends Value} ${string}, ${infer Others}` ? [Type, ...TypesIn<Others>]
  : List extends `${infer Type extends Value} ${string}` ? [Type]
  : [];

/** What a prototype says, as the FFI wants it, with further parameters behind its own. */
type Declared<Text extends string, Further extends readonly Pad[]> = Text extends
  `(${infer List}) ${infer Result extends Value}`
  ? { readonly parameters: readonly [...TypesIn<List>, ...Further]; readonly result: Result }
  : never;

/** The functions for a table of prototypes. */
type Symbols<Table extends Readonly<Record<string, string>>, Further extends readonly Pad[]> =
  Deno.DynamicLibrary<
    { readonly [Name in keyof Table]: Declared<Table[Name], Further> }
  >["symbols"];

/**
 * Where the C library is: in this program, as dlopen(3) has it without a name. So what LD_PRELOAD brings (fakeroot,
 * faketime, torsocks) comes first, as in a C program. musl does not know that, but its file's name.
 */
const LIBRARIES = ["", `libc.musl-${Deno.build.arch}.so.1`];

/** Binds the function `name`, whose parameters are those of its prototype and `further`. */
function bind(name: string, prototype: string, further: readonly Pad[]): unknown {
  const [list = "", result] = prototype.slice(1).split(") ");
  const types = list === "" ? [] : list.split(", ").map((parameter) => parameter.split(" ")[0]);
  const table = { [name]: { parameters: [...types, ...further], result } };
  let reason: unknown;
  for (const file of LIBRARIES) {
    try {
      return Deno.dlopen(file, table as Deno.ForeignLibraryInterface).symbols[name];
    } catch (error) {
      reason ??= error;
    }
  }
  throw reason;
}

/**
 * The functions of COLD, each bound when it is used for the first time: then it is not found in the object, and what the
 * object inherits from puts it there. (A function for each symbol that waited for its call would be made at every start.)
 */
const cold: Record<PropertyKey, unknown> = Object.create(
  new Proxy(COLD, {
    get(table, name): unknown {
      return cold[name] = bind(name as string, table[name as keyof typeof COLD], [PAD]);
    },
  }),
);
let errnoView: Deno.UnsafePointerView | undefined;

type Cold = Symbols<typeof COLD, [Pad]>;

/** The symbols that are not hot. Each call takes `pad` as its last argument. */
export function libc(): Cold {
  const symbols = cold as Cold;
  if (errnoView === undefined) {
    // Found now, so that reading errno later needs no call that could change it.
    const location = symbols.__errno_location(pad);
    if (location === null) throw new Error("__errno_location: no address");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return symbols;
}

type Hot = Symbols<typeof HOT, []>;
const hotSymbols: { -readonly [Name in keyof Hot]?: Hot[Name] } = {};

/** One hot symbol: a property look-up each time. In a loop over bytes, keep the function. */
export function hot<Name extends keyof Hot>(name: Name): Hot[Name] {
  const known = hotSymbols[name];
  if (known !== undefined) return known as Hot[Name];
  libc(); // errno() needs it
  const symbol = bind(name, HOT[name], []) as Hot[Name];
  hotSymbols[name] = symbol;
  return symbol;
}

/** errno(3) of the call just made. */
export function errno(): number {
  if (errnoView === undefined) throw new Error("errno before any call");
  return errnoView.getInt32();
}

/** `result` if it is not negative, else the SystemError of `call`. */
export function check(result: number, call: string): number {
  if (result < 0) throw new SystemError(errno(), call);
  return result;
}

/** The address of `bytes`. Whoever stores it must keep `bytes` referenced until the kernel has read it. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}
