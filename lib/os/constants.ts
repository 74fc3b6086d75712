// SPDX-License-Identifier: 0BSD
/**
 * Constants and structure layouts of Linux on x86-64 and arm64, little-endian. Those that differ
 * between the two stand in `ARCH`; any other machine is refused.
 *
 * @module
 */

interface Arch {
  /** open(2): O_DIRECTORY, O_NOFOLLOW (fcntl.h differs on arm64). */
  readonly directory: number;
  readonly nofollow: number;
  /** epoll_ctl(2): sizeof(struct epoll_event), and where its 64 bits of data begin. */
  readonly epollEvent: number;
  readonly epollData: number;
  /** Numbers of the system calls that are made without the C library (fork.ts). */
  readonly calls: Readonly<Record<RawCall, number>>;
}

type RawCall =
  | "close"
  | "close_range"
  | "dup3"
  | "execve"
  | "exit_group"
  | "fchdir"
  | "fcntl"
  | "futex"
  | "getpid"
  | "prctl"
  | "prlimit64"
  | "rt_sigaction"
  | "rt_sigprocmask"
  | "setsockopt"
  | "write";

const ARCHES: Record<string, Arch> = {
  // struct epoll_event is packed on x86-64 alone.
  x86_64: {
    directory: 0o200000,
    nofollow: 0o400000,
    epollEvent: 12,
    epollData: 4,
    calls: {
      close: 3,
      close_range: 436,
      dup3: 292,
      execve: 59,
      exit_group: 231,
      fchdir: 81,
      fcntl: 72,
      futex: 202,
      getpid: 39,
      prctl: 157,
      prlimit64: 302,
      rt_sigaction: 13,
      rt_sigprocmask: 14,
      setsockopt: 54,
      write: 1,
    },
  },
  aarch64: {
    directory: 0o040000,
    nofollow: 0o100000,
    epollEvent: 16,
    epollData: 8,
    calls: {
      close: 57,
      close_range: 436,
      dup3: 24,
      execve: 221,
      exit_group: 94,
      fchdir: 50,
      fcntl: 25,
      futex: 98,
      getpid: 172,
      prctl: 167,
      prlimit64: 261,
      rt_sigaction: 134,
      rt_sigprocmask: 135,
      setsockopt: 208,
      write: 64,
    },
  },
};

function thisArch(): Arch {
  const arch = Deno.build.os === "linux" ? ARCHES[Deno.build.arch] : undefined;
  if (arch === undefined) {
    throw new Error(`djbox runs on Linux x86-64 and arm64, not on ${Deno.build.target}`);
  }
  return arch;
}

export const ARCH: Arch = thisArch();

// clock_gettime(2)
export const CLOCK_REALTIME = 0;

// open(2)
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_NOCTTY = 0x100;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_DIRECTORY = ARCH.directory;
export const O_NOFOLLOW = ARCH.nofollow;
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;

// inode(7)
export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFIFO = 0o010000;

// fcntl(2)
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
export const FD_CLOEXEC = 1;

// flock(2)
export const LOCK_EX = 2;
export const LOCK_NB = 4;

// access(2)
export const F_OK = 0;
export const X_OK = 1;
export const W_OK = 2;

// rt_sigprocmask(2): how, and the kernel's size of a signal set
export const SIG_SETMASK = 2;
export const KERNEL_SIGSET_SIZE = 8;

// signal(7)
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGXFSZ = 25;
export const SIGPWR = 30;
export const SIGSYS = 31;

// getrlimit(2)
export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_RSS = 5;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;

// epoll_ctl(2), poll(2)
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;

/** pipe(7): a write of up to so much is not mixed with others', and there is room for it where poll(2) says that there is. */
export const PIPE_BUF = 4096;

// send(2), recv(2)
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

// socket(7), ip(7), ipv6(7), tcp(7)
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const IPPROTO_IP = 0;
export const IP_OPTIONS = 4;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

// prctl(2)
export const PR_SET_PDEATHSIG = 1;
