// SPDX-License-Identifier: 0BSD
/**
 * The words for error numbers: D. J. Bernstein's own (error_str.c of daemontools and ucspi-tcp), not strerror(3)'s.
 * Administrators' scripts look for them.
 *
 * @module
 */

const TEXTS: Readonly<Record<number, string>> = {
  0: "no error",
  1: "permission denied", // EPERM
  2: "file does not exist", // ENOENT
  3: "no such process", // ESRCH
  4: "interrupted system call", // EINTR
  5: "input/output error", // EIO
  6: "device not configured", // ENXIO
  7: "argument list too long", // E2BIG
  8: "exec format error", // ENOEXEC
  9: "file descriptor not open", // EBADF
  10: "no child processes", // ECHILD
  11: "temporary failure", // EAGAIN, EWOULDBLOCK
  12: "out of memory", // ENOMEM
  13: "access denied", // EACCES
  14: "bad address", // EFAULT
  15: "not a block device", // ENOTBLK
  16: "device busy", // EBUSY
  17: "file already exists", // EEXIST
  18: "cross-device link", // EXDEV
  19: "device does not support operation", // ENODEV
  20: "not a directory", // ENOTDIR
  21: "is a directory", // EISDIR
  22: "invalid argument", // EINVAL
  23: "system cannot open more files", // ENFILE
  24: "process cannot open more files", // EMFILE
  25: "not a tty", // ENOTTY
  26: "text busy", // ETXTBSY
  27: "file too big", // EFBIG
  28: "out of disk space", // ENOSPC
  29: "unseekable descriptor", // ESPIPE
  30: "read-only file system", // EROFS
  31: "too many links", // EMLINK
  32: "broken pipe", // EPIPE
  33: "input out of range", // EDOM
  34: "output out of range", // ERANGE
  35: "operation would cause deadlock", // EDEADLK
  36: "file name too long", // ENAMETOOLONG
  37: "no locks available", // ENOLCK
  38: "system call not available", // ENOSYS
  39: "directory not empty", // ENOTEMPTY
  40: "symbolic link loop", // ELOOP
  66: "too many levels of remote in path", // EREMOTE
  71: "protocol error", // EPROTO
  87: "too many users", // EUSERS
  88: "not a socket", // ENOTSOCK
  89: "destination address required", // EDESTADDRREQ
  90: "message too long", // EMSGSIZE
  91: "incorrect protocol type", // EPROTOTYPE
  92: "protocol not available", // ENOPROTOOPT
  93: "protocol not supported", // EPROTONOSUPPORT
  94: "socket type not supported", // ESOCKTNOSUPPORT
  95: "operation not supported", // EOPNOTSUPP
  96: "protocol family not supported", // EPFNOSUPPORT
  97: "address family not supported", // EAFNOSUPPORT
  98: "address already used", // EADDRINUSE
  99: "address not available", // EADDRNOTAVAIL
  100: "network down", // ENETDOWN
  101: "network unreachable", // ENETUNREACH
  102: "network reset", // ENETRESET
  103: "connection aborted", // ECONNABORTED
  104: "connection reset", // ECONNRESET
  105: "out of buffer space", // ENOBUFS
  106: "already connected", // EISCONN
  107: "not connected", // ENOTCONN
  108: "socket shut down", // ESHUTDOWN
  109: "too many references", // ETOOMANYREFS
  110: "timed out", // ETIMEDOUT
  111: "connection refused", // ECONNREFUSED
  112: "host down", // EHOSTDOWN
  113: "host unreachable", // EHOSTUNREACH
  114: "operation already in progress", // EALREADY
  115: "operation in progress", // EINPROGRESS
  116: "stale NFS file handle", // ESTALE
  122: "disk quota exceeded", // EDQUOT
};

/** The words for `errno`. */
export function errorText(errno: number): string {
  return TEXTS[errno] ?? "unknown error";
}
