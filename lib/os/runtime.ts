// SPDX-License-Identifier: 0BSD
/**
 * What the runtime is started with, by the launcher (scripts/launcher.ts), in the compiled form and for the tests.
 *
 * @module
 */

/** Options of the `deno` command, between its name and the main module. */
export const RUNTIME_FLAGS: readonly string[] = [
  "run",
  "-A",
  // Not one file of the folder that djbox is started in may change what runs, and nothing is
  // looked for outside the bundle.
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--cached-only",
  // A tool must run where no cache can be written.
  "--no-code-cache",
  "--quiet",
];

/**
 * V8's flags: for the script form, the compiled form and the tests. `source` has those that it was called with.
 *
 * - The young generation grows no larger than it must: svscan with a thousand services is 26 MB without this and the
 *   one arena of malloc below, 17 MB with them, and no tool is slower for it.
 * - gc() is for garbage.ts.
 * - No threads of V8's own. Where the main thread waits for a lock that one of them has, V8 makes system calls that may
 *   fail, and errno(3) is theirs by the time we read it: of a thousand svstat under load two found that a FIFO without a
 *   reader did not exist. A tool starts a millisecond sooner without them, too.
 */
export const V8_FLAGS = "--max-semi-space-size=1,--expose-gc,--single-threaded";

/**
 * The variables that the launcher puts in front of the environment. They are for the runtime, which would otherwise
 * read from the caller's home, write into it and ask for updates. From the caller's own variables called DENO_... and
 * NODE_..., which can do worse (load code, write files, have it not start), the launcher keeps it: see `inherited` in
 * start.ts.
 */
export const RUNTIME_VARIABLES: readonly string[] = [
  "DENO_NO_UPDATE_CHECK=1",
  // Nothing can be written there, and nothing needs to be. (Where there is no /dev/null, root can make a folder of it.)
  "DENO_DIR=/proc/self/none",
  // It would read ~/.npmrc, and not start where that is broken, or where HOME is no folder (daemons have /dev/null).
  "HOME=/proc/self/none",
  "PATH=/proc/self/none", // it would look for node
  `DENO_V8_FLAGS=${V8_FLAGS}`,
  "MALLOC_ARENA_MAX=1", // mallopt(3)
  "LC_ALL=C", // some locale names crash it
  "OTEL_DENO=false",
  "SSLKEYLOGFILE=", // a file that it writes
  "DENO_LOG=error,deno::cache::cache_db=off", // on a terminal it would complain that it can keep no cache
];
