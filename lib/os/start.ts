// SPDX-License-Identifier: 0BSD
/**
 * How this process was started: what a C program finds on its stack, and what the runtime has changed since.
 *
 * The runtime decodes arguments and environment (and loses bytes), ignores SIGPIPE, opens /dev/null on closed
 * descriptors and, in the script form, raises the soft limit of open files. The launcher of the script form
 * (scripts/launcher.ts) records what was there before and passes it on as two arguments in front of the
 * program's own: 98 hexadecimal digits and the file name that was executed.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { fromBytes, utf8 } from "./bytes.ts";
import { close, readFile } from "./file.ts";
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_NOFILE, RLIMIT_STACK, SIGPIPE } from "./constants.ts";
import { fchdir } from "./directory.ts";
import { EACCES, SystemError } from "./errno.ts";
import { exec, getpid, setDumpable } from "./process.ts";
import { libc, pad } from "./libc.ts";
import { getLimit, type Limits } from "./rlimit.ts";
import { RUNTIME_FLAGS, RUNTIME_VARIABLES } from "./runtime.ts";
import { LAUNCHER_BLOCKS, maskOf, setDisposition, setMask, type SignalMask } from "./signal.ts";

/** Which of the forms of djbox is running. `source`: main.ts itself, for whoever works on it. */
export type Form = "script" | "compiled" | "source";

/** See the module's comment. */
export interface Start {
  readonly form: Form;
  /** argv, argv[0] first. */
  readonly argv: readonly ByteString[];
  /** environ, in its order. */
  readonly environ: readonly ByteString[];
  /** The name of the file that was executed (AT_EXECFN, getauxval(3)); "" where it is not known. */
  readonly executed: ByteString;
  /** The toolbox's own executable: the file that the commands are links to. */
  readonly toolbox: ByteString;
  /** The soft limit of open files that programs we run are to have; undefined: as it is now. */
  readonly softFiles: bigint | undefined;
  /** The soft limits of memory that programs we run are to have, where they are not as they are now. */
  readonly limits: Limits;
  /** The signal mask that we were started with. */
  readonly mask: SignalMask;
  /** Whether all other threads have the signals blocked that a tool may want to read from a descriptor. */
  readonly signalsReady: boolean;
}

/** The environment variable by which the compiled form hands its state to itself; see `restartBlocked`. */
const STATE_VARIABLE = "DJBOX_START=";

/** A variable as the caller gave it: the launcher sets bit 7 in the first letter of DENO_... and NODE_... */
function inherited(entry: ByteString): ByteString {
  const name = entry.slice(0, 5);
  return name === "\xc4ENO_" || name === "\xceODE_"
    ? String.fromCharCode(entry.charCodeAt(0) - 128) + entry.slice(1)
    : entry;
}

function splitAtNul(bytes: Uint8Array): ByteString[] {
  const parts = fromBytes(bytes).split("\0");
  parts.pop();
  return parts;
}

/**
 * A file of ours in /proc. It is root's where our effective ids are not the real ones (a set-user-ID or set-group-ID
 * program runs us) until we are dumpable; nobody can look into us for that, since ptrace(2) compares all ids.
 */
function readOwn(path: ByteString): Uint8Array<ArrayBuffer> {
  try {
    return readFile(path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EACCES) throw error;
    setDumpable();
    return readFile(path);
  }
}

/** What ld.so(8) takes out of the environment of a program in secure-execution mode. */
const UNSECURE = new Set([
  ...["GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LD_AUDIT", "LD_DEBUG"],
  ...["LD_DEBUG_OUTPUT", "LD_DYNAMIC_WEAK", "LD_HWCAP_MASK", "LD_LIBRARY_PATH", "LD_ORIGIN_PATH"],
  ...["LD_PRELOAD", "LD_PROFILE", "LD_SHOW_AUXV", "LOCALDOMAIN", "LOCPATH", "MALLOC_CHECK_"],
  ...["MALLOC_TRACE", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR"],
]);
/** getauxval(3): whether this is a set-user-ID program, or was run by one. */
const AT_SECURE = 23n;

/**
 * The environment as a C program would find it. Ours comes from the kernel: with a set-user-ID program its caller's
 * LD_PRELOAD, say, would reach what we run as another user.
 */
function withoutUnsecure(environ: ByteString[]): ByteString[] {
  const secure = environ.filter((entry) => !UNSECURE.has(entry.slice(0, entry.indexOf("="))));
  if (secure.length === environ.length) return environ;
  return libc().getauxval(AT_SECURE, pad) === 0n ? environ : secure;
}

/** What the main module's file of the script form is called, in the folder of the launcher. */
const MAIN_MODULE = "/runtime/djbox.js";
/** The arguments in front of STATE: the runtime's name, its options, the main module. */
const IN_FRONT = 1 + RUNTIME_FLAGS.length + 1;

/**
 * Reads how this process was started and undoes, for this process and whatever it runs, what the runtime changed
 * (closed descriptors, SIGPIPE, signal mask). To be called once, first of all.
 */
export function start(): Start {
  const whole = splitAtNul(readOwn("/proc/self/cmdline"));
  const environ = splitAtNul(readOwn("/proc/self/environ"));
  if (Deno.build.standalone) return startCompiled(whole, environ);
  const mainModule = whole[IN_FRONT - 1] ?? "";
  const [state = "", executed = "", ...argv] = whole.slice(IN_FRONT);
  if (!mainModule.endsWith(MAIN_MODULE) || state.length !== STATE_LENGTH) {
    return startSource(whole, environ);
  }
  return {
    form: "script",
    argv,
    environ: withoutUnsecure(environ.slice(RUNTIME_VARIABLES.length).map(inherited)),
    executed,
    toolbox: mainModule.slice(0, -MAIN_MODULE.length) + "/djbox",
    signalsReady: true,
    ...restore(state),
  };
}

/*
 * STATE: words of 16 digits (soft limit of open files, signal mask, descriptor of a nameless working directory, the
 * limits of memory), then two digits: closed descriptors, SIGPIPE ignored.
 */
const WORD = 16;
/** The limits of memory, in their order in STATE. */
const RAISED = [RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS];
const NOT_RAISED = 0xffffffffffffffffn;
const CLOSED_AT = (3 + RAISED.length) * WORD;
const PIPE_IGNORED_AT = CLOSED_AT + 1;
const STATE_LENGTH = PIPE_IGNORED_AT + 1;

/** STATE of a process of which only this is to be told. */
function encodeState(softFiles: bigint, mask: SignalMask): string {
  const words = [softFiles, mask, 0n, ...RAISED.map(() => NOT_RAISED)];
  return words.map((word) => word.toString(16).padStart(WORD, "0")).join("") + "00";
}

/** What STATE says; puts in order what can be at once: working directory, closed descriptors, SIGPIPE, signal mask. */
function restore(state: string): Pick<Start, "softFiles" | "limits" | "mask"> {
  const word = (i: number): bigint => BigInt("0x" + state.slice(WORD * i, WORD * (i + 1)));
  const [softFiles, mask, directory] = [word(0), word(1), Number(word(2))];
  const limits = new Map<number, bigint>();
  RAISED.forEach((resource, i) => {
    const soft = word(3 + i);
    if (soft !== NOT_RAISED) limits.set(resource, soft);
  });
  const closed = Number("0x" + state.charAt(CLOSED_AT));
  if (directory !== 0) {
    fchdir(directory);
    close(directory);
  }
  for (let fd = 0; fd <= 2; fd++) {
    if (closed & (1 << fd)) close(fd);
  }
  if (state.charAt(PIPE_IGNORED_AT) === "0") setDisposition(SIGPIPE, "default");
  // What reaches process 1 at its default is lost; so it waits for a tool that reads it.
  if (getpid() !== 1) setMask(mask);
  return { softFiles, limits, mask };
}

function startSource(whole: readonly ByteString[], environ: readonly ByteString[]): Start {
  setDisposition(SIGPIPE, "default");
  // Deno.args has lost bytes, but it tells how many of the arguments at the end are ours.
  const own = whole.slice(whole.length - Deno.args.length);
  return {
    form: "source",
    argv: ["djbox", ...own],
    environ,
    executed: "",
    toolbox: utf8(decodeURIComponent(new URL(Deno.mainModule).pathname)),
    softFiles: undefined,
    limits: new Map(),
    mask: 0n,
    signalsReady: false,
  };
}

function startCompiled(argv: ByteString[], environ: ByteString[]): Start {
  const [first = ""] = environ;
  const common = {
    form: "compiled" as const,
    argv,
    executed: argv[0] ?? "",
    toolbox: "/proc/self/exe",
  };
  // Of another length it is somebody else's.
  if (first.startsWith(STATE_VARIABLE) && first.length === STATE_VARIABLE.length + STATE_LENGTH) {
    const restored = restore(first.slice(STATE_VARIABLE.length));
    return {
      ...common,
      environ: withoutUnsecure(environ.slice(1)),
      signalsReady: true,
      ...restored,
    };
  }
  setDisposition(SIGPIPE, "default");
  return {
    ...common,
    environ: withoutUnsecure(environ),
    softFiles: undefined,
    limits: new Map(),
    mask: setMask(0n),
    signalsReady: false,
  };
}

/**
 * Starts the compiled form over, with the signals blocked that a tool wants to read: threads inherit the mask of the
 * thread that execs. Returns only for the other forms: the launcher of the script form has done that already, and in the
 * source form, which has nothing to start over, signals act at once, as if nobody read them.
 *
 * @throws SystemError where it cannot be started over
 */
export function restartBlocked(start: Start): void {
  if (start.form !== "compiled") return;
  const state = encodeState(getLimit(RLIMIT_NOFILE).soft, start.mask);
  const reason = exec({
    path: "/proc/self/exe",
    argv: start.argv,
    environ: [STATE_VARIABLE + state, ...start.environ],
    mask: start.mask | maskOf(LAUNCHER_BLOCKS),
    softFiles: undefined,
    limits: new Map(),
    descriptors: [],
  });
  throw new SystemError(reason, "execve");
}
