// SPDX-License-Identifier: 0BSD

/**
 * The launcher: the program `djbox` of the script form, a static ELF executable of two
 * kilobytes that starts the bundle beside it in the `deno` beside it.
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
 * - The runtime reserves much memory, and does not start under a limit of it. The launcher raises the soft limits, and
 *   records them: programs that djbox runs are to have them. Where a hard limit is so low that the runtime would only
 *   crash, it says so, and exits 111.
 * - The runtime does not start in a folder that was removed. From there the launcher goes to the
 *   root, and leaves a descriptor to come back by.
 *
 * With DIR the folder of the launcher's own file, links resolved, it ends in
 *
 *     execve(DIR/runtime/deno,
 *       [DIR/runtime/deno, ...FLAGS, DIR/runtime/djbox.js, STATE, EXECFN, argv[0], argv[1], ...],
 *       [...RUNTIME_VARIABLES, ...envp])
 *
 * so that STATE follows the script in /proc/self/cmdline, and the first strings of /proc/self/environ are not the
 * caller's: they keep the caller's own out of the runtime's sight (getenv(3) finds the first). Those of the caller's
 * that are called DENO_... or NODE_... are out of its sight altogether: bit 7 is set in their first letter, and
 * lib/os/start.ts clears it again. EXECFN is the file name that was executed (AT_EXECFN). STATE is what was found at
 * the start, 98 lower-case hexadecimal digits:
 *
 *     16  soft RLIMIT_NOFILE
 *     16  signal mask: bit N - 1 is set when signal N was blocked
 *     16  0, or the descriptor of the working directory where that has no name any more
 *     48  soft RLIMIT_DATA, RLIMIT_STACK and RLIMIT_AS where they were raised, all bits where not
 *      1  closed descriptors: bit N is set when descriptor N was closed, N from 0 to 2
 *      1  1 when SIGPIPE was ignored, else 0
 *
 * Where that fails, since the launcher was copied away from its runtime, DIR is /package/admin/djbox. Where the
 * runtime can't be started it says so on descriptor 2 and exits 111.
 *
 * No compiler is needed to build it, and there is no binary to trust: the machine code stands in
 * launcher/ as listings (lib/os/listing.ts), bytes beside the assembly text they are the encoding of. The
 * bytes of what depends on an address are left out, and `launcher` fills them in from the label that the
 * text names. The test has the GNU assembler, where there is one, make the same bytes from the text.
 *
 * @module
 */

import { executable } from "../lib/os/elf.ts";
import { type Arch, assemble, type Data, source } from "../lib/os/listing.ts";
import { RUNTIME_FLAGS, RUNTIME_VARIABLES } from "../lib/os/runtime.ts";
import { LAUNCHER_BLOCKS, maskOf } from "../lib/os/signal.ts";
import { AARCH64 } from "./launcher/aarch64.ts";
import { X86_64 } from "./launcher/x86_64.ts";

/** The version in use (lib/package/layout.ts). */
const INSTALLED = "/package/admin/djbox";

/** What the listings refer to, by label, in the order in which it follows the code. */
const DATA: readonly Data[] = [
  ["blocked", signalSet(LAUNCHER_BLOCKS)],
  ["digits", ascii("0123456789abcdef")],
  ["empty", ascii("\0")],
  ["itself", ascii("/proc/self/exe\0")],
  ["dot", ascii(".\0")],
  ["root", ascii("/\0")],
  ["script", ascii("/runtime/djbox.js\0")],
  ["runtime", ascii("/runtime/deno\0")],
  ["installed_script", ascii(`${INSTALLED}/runtime/djbox.js\0`)],
  ["installed_runtime", ascii(`${INSTALLED}/runtime/deno\0`)],
  ["variables", list(RUNTIME_VARIABLES)],
  ["flags", list(RUNTIME_FLAGS)],
  ["nothing_beside", message("run the runtime beside it (runtime/deno)")],
  ["few_files", message("start: hard limit of open files is too low (ulimit -Hn)")],
  ["little_data", message("start: hard limit of data is too low (ulimit -Hd)")],
  ["little_stack", message("start: hard limit of the stack is too low (ulimit -Hs)")],
  ["little_space", message("start: hard limit of address space is too low (ulimit -Hv)")],
];

const LISTINGS: Readonly<Record<Arch, string>> = { x86_64: X86_64, aarch64: AARCH64 };

/**
 * Makes the launcher for `arch`: the bytes of an executable file.
 *
 * @example
 * ```ts
 * await Deno.writeFile("dist/djbox", launcher("x86_64"), { mode: 0o755 });
 * ```
 */
export function launcher(arch: Arch): Uint8Array<ArrayBuffer> {
  return executable(arch, assemble(arch, LISTINGS[arch], DATA));
}

/** Its code and data as a source for the GNU assembler. */
export function launcherSource(arch: Arch): string {
  return source(arch, LISTINGS[arch], DATA);
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function message(what: string): Uint8Array<ArrayBuffer> {
  return ascii(`djbox: fatal: unable to ${what}\n\0`);
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
