// SPDX-License-Identifier: 0BSD
/**
 * How this process was started: what a C program finds on its stack, and what the runtime has changed since.
 *
 * The runtime decodes arguments and environment (and loses bytes), ignores SIGPIPE, opens /dev/null on closed
 * descriptors and, in the script form, raises the soft limit of open files. The launcher of the script form
 * (scripts/launcher.ts) records what was there before and passes it on as two arguments in front of the
 * program's own: 34 hexadecimal digits and the file name that was executed.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { fromBytes } from "./bytes.ts";
import { close, readFile } from "./file.ts";
import { RLIMIT_NOFILE, SIGPIPE } from "./constants.ts";
import { exec } from "./process.ts";
import { getLimit } from "./rlimit.ts";
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
  /** The signal mask that we were started with. */
  readonly mask: SignalMask;
  /** Whether all other threads have the signals blocked that a tool may want to read from a descriptor. */
  readonly signalsReady: boolean;
}

/** The environment variable by which the compiled form hands its state to itself; see `restartBlocked`. */
export const STATE_VARIABLE = "DJBOX_START=";

const STATE = /^([0-9a-f]{16})([0-9a-f]{16})([0-9a-f])([0-9a-f])$/;

/**
 * The variables that the launcher puts in front of the environment. They are for the runtime, which would
 * otherwise take orders from variables that were meant for other programs (NODE_OPTIONS can even load code), write
 * into the caller's home and ask for updates.
 */
export const RUNTIME_VARIABLES: readonly string[] = [
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_DIR=/dev/null/none", // nothing can be written there, and nothing needs to be
  // The young generation (V8's flag) and malloc's arenas (mallopt(3)) grow no larger than they must: svscan with a
  // thousand services is 26 MB without this, 17 MB with it, and no tool is slower for it.
  "DENO_V8_FLAGS=--max-semi-space-size=1",
  "MALLOC_ARENA_MAX=1",
  "NODE_OPTIONS=",
  "OTEL_DENO=false",
  "RUST_LOG=off",
];

function splitAtNul(bytes: Uint8Array): ByteString[] {
  const parts = fromBytes(bytes).split("\0");
  parts.pop();
  return parts;
}

function directoryOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** Our main module's file name as a byte string. */
function mainFile(): ByteString {
  return unescape(new URL(Deno.mainModule).pathname);
}

/** %XX to bytes: a file URL holds the bytes of the name, whatever their encoding. */
function unescape(text: string): ByteString {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/**
 * Reads how this process was started and undoes, for this process and whatever it runs, what the runtime changed
 * (closed descriptors, SIGPIPE, signal mask). To be called once, first of all.
 */
export function start(): Start {
  const whole = splitAtNul(readFile("/proc/self/cmdline"));
  const environ = splitAtNul(readFile("/proc/self/environ"));
  // Deno.args has lost bytes, but it tells how many of the arguments at the end are the script's.
  const own = whole.slice(whole.length - Deno.args.length);
  if (Deno.build.standalone) return startCompiled(whole, environ);
  const bundle = mainFile();
  const state = bundle.endsWith("/runtime/djbox.js") ? STATE.exec(own[0] ?? "") : null;
  if (state === null) {
    setDisposition(SIGPIPE, "default");
    return {
      form: "source",
      argv: ["djbox", ...own],
      environ,
      executed: "",
      toolbox: bundle,
      softFiles: undefined,
      mask: 0n,
      signalsReady: false,
    };
  }
  const restored = restore(state);
  return {
    form: "script",
    argv: own.slice(2),
    environ: environ.slice(RUNTIME_VARIABLES.length),
    executed: own[1] ?? "",
    toolbox: directoryOf(directoryOf(bundle)) + "/djbox",
    signalsReady: true,
    ...restored,
  };
}

/** Reads the 34 digits: soft limit of open files, signal mask, closed descriptors, SIGPIPE ignored. */
function restore(state: RegExpExecArray): { softFiles: bigint; mask: SignalMask } {
  const [, files, mask, closed, pipe] = state as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  for (let fd = 0; fd <= 2; fd++) {
    if (parseInt(closed, 16) & (1 << fd)) close(fd);
  }
  if (pipe === "0") setDisposition(SIGPIPE, "default");
  setMask(BigInt("0x" + mask));
  return { softFiles: BigInt("0x" + files), mask: BigInt("0x" + mask) };
}

function startCompiled(argv: ByteString[], environ: ByteString[]): Start {
  const handed = environ[0]?.startsWith(STATE_VARIABLE)
    ? STATE.exec(environ[0].slice(STATE_VARIABLE.length))
    : null;
  const common = {
    form: "compiled" as const,
    argv,
    executed: argv[0] ?? "",
    toolbox: "/proc/self/exe",
  };
  if (handed !== null) {
    return { ...common, environ: environ.slice(1), signalsReady: true, ...restore(handed) };
  }
  setDisposition(SIGPIPE, "default");
  return { ...common, environ, softFiles: undefined, mask: setMask(0n), signalsReady: false };
}

/**
 * Starts the compiled form over, with the signals blocked that a tool wants to read: threads inherit the mask of the
 * thread that execs. The launcher of the script form has done that already. Returns only where there is
 * nothing to start over (the source form): signals then act at once, as if nobody read them.
 */
export function restartBlocked(start: Start): void {
  if (start.form !== "compiled") return;
  const hex = (value: bigint): string => value.toString(16).padStart(16, "0");
  const state = hex(getLimit(RLIMIT_NOFILE).soft) + hex(start.mask) + "00";
  exec({
    path: "/proc/self/exe",
    argv: start.argv,
    environ: [STATE_VARIABLE + state, ...start.environ],
    mask: start.mask | maskOf(LAUNCHER_BLOCKS),
    softFiles: undefined,
    limits: new Map(),
    descriptors: [],
  });
}
