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
 * no threads that it could have to wait for between the two (`V8_FLAGS` in start.ts).
 *
 * @module
 */
import { SystemError } from "./errno.ts";

const PAD = { struct: ["u8"] } as const;

/** The argument for a `PAD` parameter. */
export const pad: Uint8Array<ArrayBuffer> = new Uint8Array(1);

/** statx(2), which is called now and then, or again and again. */
const STATX = [
  "i32", /* dirfd */
  "buffer", /* path */
  "i32", /* flags */
  "u32", /* mask */
  "buffer", /* statxbuf */
] as const;

/* Each parameter carries its C name; results are i32 because a 64-bit result arrives as a BigInt. Variadic
 * functions (open, fcntl, prctl, syscall) are declared with the arguments that are used: on both machines'
 * ABIs integer arguments of a variadic function travel like others. */
const COLD = {
  __errno_location: { parameters: [PAD], result: "pointer" },
  // files
  openat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "i32", /* flags */ "u32", /* mode */ PAD],
    result: "i32",
  },
  close: { parameters: ["i32", /* fd */ PAD], result: "i32" },
  read: { parameters: ["i32", /* fd */ "buffer", /* buf */ "u32", /* count */ PAD], result: "i32" },
  statx: { parameters: [...STATX, PAD], result: "i32" },
  faccessat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "i32", /* mode */ "i32", /* flags */ PAD],
    result: "i32",
  },
  mkdirat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "u32", /* mode */ PAD],
    result: "i32",
  },
  mkfifoat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "u32", /* mode */ PAD],
    result: "i32",
  },
  unlinkat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "i32", /* flags */ PAD],
    result: "i32",
  },
  renameat: {
    parameters: [
      "i32", /* olddirfd */
      "buffer", /* oldpath */
      "i32", /* newdirfd */
      "buffer", /* newpath */
      PAD,
    ],
    result: "i32",
  },
  linkat: {
    parameters: [
      "i32", /* olddirfd */
      "buffer", /* oldpath */
      "i32", /* newdirfd */
      "buffer", /* newpath */
      "i32", /* flags */
      PAD,
    ],
    result: "i32",
  },
  symlinkat: {
    parameters: ["buffer", /* target */ "i32", /* dirfd */ "buffer", /* path */ PAD],
    result: "i32",
  },
  readlinkat: {
    parameters: ["i32", /* dirfd */ "buffer", /* path */ "buffer", /* buf */ "u32", /* size */ PAD],
    result: "i32",
  },
  chdir: { parameters: ["buffer", /* path */ PAD], result: "i32" },
  fchdir: { parameters: ["i32", /* fd */ PAD], result: "i32" },
  umask: { parameters: ["u32", /* mask */ PAD], result: "i32" },
  fchmod: { parameters: ["i32", /* fd */ "u32", /* mode */ PAD], result: "i32" },
  fsync: { parameters: ["i32", /* fd */ PAD], result: "i32" },
  ftruncate: { parameters: ["i32", /* fd */ "i64", /* length */ PAD], result: "i32" },
  lseek: {
    parameters: ["i32", /* fd */ "i64", /* offset */ "i32", /* whence */ PAD],
    result: "i64",
  },
  pread: {
    parameters: ["i32", /* fd */ "buffer", /* buf */ "u32", /* count */ "i64", /* offset */ PAD],
    result: "i32",
  },
  pwrite: {
    parameters: ["i32", /* fd */ "buffer", /* buf */ "u32", /* count */ "i64", /* offset */ PAD],
    result: "i32",
  },
  flock: { parameters: ["i32", /* fd */ "i32", /* operation */ PAD], result: "i32" },
  fcntl: { parameters: ["i32", /* fd */ "i32", /* cmd */ "i32", /* arg */ PAD], result: "i32" },
  pipe2: { parameters: ["buffer", /* pipefd */ "i32", /* flags */ PAD], result: "i32" },
  dup2: { parameters: ["i32", /* oldfd */ "i32", /* newfd */ PAD], result: "i32" },
  dup3: {
    parameters: ["i32", /* oldfd */ "i32", /* newfd */ "i32", /* flags */ PAD],
    result: "i32",
  },
  getdents64: {
    parameters: ["i32", /* fd */ "buffer", /* dirp */ "u32", /* count */ PAD],
    result: "i32",
  },
  memfd_create: { parameters: ["buffer", /* name */ "u32", /* flags */ PAD], result: "i32" },
  // processes
  getpid: { parameters: [PAD], result: "i32" },
  execve: {
    parameters: ["buffer", /* path */ "buffer", /* argv */ "buffer", /* envp */ PAD],
    result: "i32",
  },
  clone: {
    parameters: [
      "pointer", /* fn */
      "pointer", /* stack */
      "i32", /* flags */
      "pointer", /* arg */
      "pointer", /* parent_tid */
      "pointer", /* tls */
      "pointer", /* child_tid */
      PAD,
    ],
    result: "i32",
  },
  waitpid: {
    parameters: ["i32", /* pid */ "buffer", /* status */ "i32", /* options */ PAD],
    result: "i32",
  },
  waitid: {
    parameters: [
      "i32", /* idtype */
      "i32", /* id */
      "buffer", /* infop */
      "i32", /* options */
      PAD,
    ],
    result: "i32",
  },
  _exit: { parameters: ["i32", /* status */ PAD], result: "void" },
  kill: { parameters: ["i32", /* pid */ "i32", /* sig */ PAD], result: "i32" },
  setsid: { parameters: [PAD], result: "i32" },
  usleep: { parameters: ["u32", /* usec */ PAD], result: "i32" },
  geteuid: { parameters: [PAD], result: "u32" },
  setuid: { parameters: ["u32", /* uid */ PAD], result: "i32" },
  setgid: { parameters: ["u32", /* gid */ PAD], result: "i32" },
  setgroups: { parameters: ["u64", /* size */ "buffer", /* list */ PAD], result: "i32" },
  getpwnam: { parameters: ["buffer", /* name */ PAD], result: "pointer" },
  prlimit: {
    parameters: [
      "i32", /* pid */
      "i32", /* resource */
      "buffer", /* new */
      "buffer", /* old */
      PAD,
    ],
    result: "i32",
  },
  prctl: {
    parameters: ["i32", /* option */ "u64", /* arg2 */ "buffer", /* arg3 */ "u64", "u64", PAD],
    result: "i32",
  },
  setenv: {
    parameters: ["buffer", /* name */ "buffer", /* value */ "i32", /* overwrite */ PAD],
    result: "i32",
  },
  unsetenv: { parameters: ["buffer", /* name */ PAD], result: "i32" },
  tzset: { parameters: [PAD], result: "void" },
  localtime_r: {
    parameters: ["buffer", /* timep */ "buffer", /* result */ PAD],
    result: "pointer",
  },
  sbrk: { parameters: ["i64", /* increment */ PAD], result: "pointer" },
  // signals
  sigprocmask: {
    parameters: ["i32", /* how */ "buffer", /* set */ "buffer", /* oldset */ PAD],
    result: "i32",
  },
  sigaction: {
    parameters: ["i32", /* signum */ "buffer", /* act */ "buffer", /* oldact */ PAD],
    result: "i32",
  },
  signalfd: {
    parameters: ["i32", /* fd */ "buffer", /* mask */ "i32", /* flags */ PAD],
    result: "i32",
  },
  // sockets
  socket: {
    parameters: ["i32", /* domain */ "i32", /* type */ "i32", /* protocol */ PAD],
    result: "i32",
  },
  bind: { parameters: ["i32", /* fd */ "buffer", /* addr */ "u32", /* len */ PAD], result: "i32" },
  listen: { parameters: ["i32", /* fd */ "i32", /* backlog */ PAD], result: "i32" },
  accept4: {
    parameters: ["i32", /* fd */ "buffer", /* addr */ "buffer", /* len */ "i32", /* flags */ PAD],
    result: "i32",
  },
  connect: {
    parameters: ["i32", /* fd */ "buffer", /* addr */ "u32", /* len */ PAD],
    result: "i32",
  },
  getsockname: {
    parameters: ["i32", /* fd */ "buffer", /* addr */ "buffer", /* len */ PAD],
    result: "i32",
  },
  getpeername: {
    parameters: ["i32", /* fd */ "buffer", /* addr */ "buffer", /* len */ PAD],
    result: "i32",
  },
  setsockopt: {
    parameters: [
      "i32", /* fd */
      "i32", /* level */
      "i32", /* optname */
      "buffer", /* optval */
      "u32", /* optlen */
      PAD,
    ],
    result: "i32",
  },
  getsockopt: {
    parameters: [
      "i32", /* fd */
      "i32", /* level */
      "i32", /* optname */
      "buffer", /* optval */
      "buffer", /* optlen */
      PAD,
    ],
    result: "i32",
  },
  send: {
    parameters: ["i32", /* fd */ "buffer", /* buf */ "u64", /* len */ "i32", /* flags */ PAD],
    result: "i32",
  },
  recv: {
    parameters: ["i32", /* fd */ "buffer", /* buf */ "u64", /* len */ "i32", /* flags */ PAD],
    result: "i32",
  },
  getservbyname: {
    parameters: ["buffer", /* name */ "buffer", /* proto */ PAD],
    result: "pointer",
  },
  if_nametoindex: { parameters: ["buffer", /* name */ PAD], result: "u32" },
  if_indextoname: { parameters: ["u32", /* index */ "buffer", /* name */ PAD], result: "pointer" },
  // memory
  malloc_trim: { parameters: ["u64", /* pad */ PAD], result: "i32" },
  mmap: {
    parameters: [
      "pointer", /* addr */
      "u64", /* length */
      "i32", /* prot */
      "i32", /* flags */
      "i32", /* fd */
      "i64", /* offset */
      PAD,
    ],
    result: "pointer",
  },
  madvise: {
    parameters: ["u64", /* addr */ "u64", /* length */ "i32", /* advice */ PAD],
    result: "i32",
  },
  mprotect: {
    parameters: ["pointer", /* addr */ "u64", /* length */ "i32", /* prot */ PAD],
    result: "i32",
  },
  // waiting
  epoll_create1: { parameters: ["i32", /* flags */ PAD], result: "i32" },
  epoll_ctl: {
    parameters: ["i32", /* epfd */ "i32", /* op */ "i32", /* fd */ "buffer", /* event */ PAD],
    result: "i32",
  },
  syscall: { parameters: ["i64", /* number */ "i64", "i64", "i64", "i64", PAD], result: "i32" },
  timerfd_create: { parameters: ["i32", /* clockid */ "i32", /* flags */ PAD], result: "i32" },
  timerfd_settime: {
    parameters: [
      "i32", /* fd */
      "i32", /* flags */
      "buffer", /* new_value */
      "buffer", /* old_value */
      PAD,
    ],
    result: "i32",
  },
  inotify_init1: { parameters: ["i32", /* flags */ PAD], result: "i32" },
  inotify_add_watch: {
    parameters: ["i32", /* fd */ "buffer", /* path */ "u32", /* mask */ PAD],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/* Called once a line, a packet, an event or a service. One library each: a tool binds only those it calls. */
const HOT = {
  read: { parameters: ["i32", /* fd */ "buffer", /* buf */ "u32" /* count */], result: "i32" },
  write: { parameters: ["i32", /* fd */ "buffer", /* buf */ "u32" /* count */], result: "i32" },
  send: {
    parameters: ["i32", /* fd */ "buffer", /* buf */ "u32", /* len */ "i32" /* flags */],
    result: "i32",
  },
  poll: { parameters: ["buffer", /* fds */ "u32", /* nfds */ "i32" /* timeout */], result: "i32" },
  epoll_wait: {
    parameters: [
      "i32", /* epfd */
      "buffer", /* events */
      "i32", /* maxevents */
      "i32", /* timeout */
    ],
    result: "i32",
  },
  clock_gettime: { parameters: ["i32", /* clockid */ "buffer" /* tp */], result: "i32" },
  statx: { parameters: STATX, result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols<T extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<T>["symbols"];

/** The C library's file: glibc's name, then musl's. */
const LIBRARIES = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];

function openLibrary<T extends Deno.ForeignLibraryInterface>(table: T): Symbols<T> {
  let reason: unknown;
  for (const file of LIBRARIES) {
    try {
      return Deno.dlopen(file, table).symbols;
    } catch (error) {
      reason ??= error;
    }
  }
  throw reason;
}

/**
 * The symbols of `table`, each bound when it is used for the first time: then it is not found in the object, and its
 * prototype puts it there. (A function for each symbol that waited for its call would be made at every start.)
 */
function openLazily<T extends Deno.ForeignLibraryInterface>(table: T): Symbols<T> {
  const symbols: Record<PropertyKey, unknown> = Object.create(
    new Proxy({}, {
      get(_, name): unknown {
        const one = { [name]: table[name as keyof T] } as Deno.ForeignLibraryInterface;
        return symbols[name] = openLibrary(one)[name as string];
      },
    }),
  );
  return symbols as Symbols<T>;
}

const cold = openLazily(COLD);
let errnoView: Deno.UnsafePointerView | undefined;

/** The symbols that are not hot. Each call takes `pad` as its last argument. */
export function libc(): Symbols<typeof COLD> {
  if (errnoView === undefined) {
    // Found now, so that reading errno later needs no call that could change it.
    const location = cold.__errno_location(pad);
    if (location === null) throw new Error("__errno_location: no address");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return cold;
}

type Hot = { -readonly [K in keyof typeof HOT]?: Symbols<Pick<typeof HOT, K>>[K] };
const hotSymbols: Hot = {};

/** One hot symbol: a property look-up each time. In a loop over bytes, keep the function. */
export function hot<K extends keyof typeof HOT>(name: K): NonNullable<Hot[K]> {
  const known = hotSymbols[name];
  if (known !== undefined) return known as NonNullable<Hot[K]>;
  libc(); // errno() needs it
  hotSymbols[name] = openLibrary({ [name]: HOT[name] } as Pick<typeof HOT, K>)[name] as Hot[K];
  return hotSymbols[name] as NonNullable<Hot[K]>;
}

/** errno(3) of the call just made. */
export function errno(): number {
  return errnoView === undefined ? 0 : errnoView.getInt32();
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
