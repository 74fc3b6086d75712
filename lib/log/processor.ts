// SPDX-License-Identifier: 0BSD
/**
 * The processor of a log directory: a command that each finished file is fed through, what it prints becoming the
 * old file.
 *
 * @module
 */
import type { Environment } from "../cli/environment.ts";
import { complain, reasonOf, warn } from "../cli/messages.ts";
import type { ByteString } from "../os/bytes.ts";
import {
  O_APPEND,
  O_CREAT,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  SIGALRM,
  SIGTERM,
} from "../os/constants.ts";
import { ECHILD, ENOENT, SystemError, unlessErrno } from "../os/errno.ts";
import { close, dup, fchmod, fsync, open, rename, unlink } from "../os/file.ts";
import type { Inheritance, Mapping } from "../os/process.ts";
import { spawn } from "../os/spawn.ts";
import { maskOf } from "../os/signal.ts";
import { exitCodeOf, signalOf, waitFor } from "../os/wait.ts";
import { COMPLETE, type Place, retire } from "./old_files.ts";
import { pause, persist } from "./persist.ts";

/** A command for /bin/sh, and what it inherits. */
export interface Processor {
  readonly command: ByteString;
  readonly env: Environment;
  readonly inheritance: Inheritance;
}

/** The descriptors of a processor, as the manual has them, and the files that they are. */
const FILES: readonly (readonly [theirs: number, file: ByteString, flags: number])[] = [
  [0, "previous", O_RDONLY | O_NONBLOCK],
  [1, "processed", O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK],
  [4, "state", O_RDONLY | O_NONBLOCK],
  [5, "newstate", O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK],
];
/** Ours are above all of theirs, so that none is overwritten before it has been put in its place. */
const LEAST_OURS = 6;

/** Makes `previous` an old file by way of the processor, which is run until it succeeds. */
export function runProcessor(place: Place, processor: Processor): void {
  const { tool, path, at } = place;
  while (!runOnce(place, processor)) {
    warn(tool, `processor failed in ${path}, pausing`);
    pause();
  }
  // From here on `processed` counts, whoever dies.
  settle(place, "processed", COMPLETE);
  settle(place, "newstate");
  persist(
    tool,
    `unable to remove ${path}/previous`,
    () => unlessErrno([ENOENT], () => unlink("previous", at)),
  );
  persist(
    tool,
    `unable to rename newstate to state in directory ${path}`,
    () => rename("newstate", "state", at),
  );
  retire(place, "processed", "s");
}

/** Whether the processor could be run, and exited 0. */
function runOnce(place: Place, processor: Processor): boolean {
  const { tool, path } = place;
  const pid = start(place, processor);
  if (pid === undefined) return false;
  const ended = waitFor(pid);
  if (ended === undefined) {
    const reason = new SystemError(ECHILD, "waitpid");
    warn(tool, `wait failed for processor in ${path}, pausing`, reason);
    pause();
    return false;
  }
  const signal = signalOf(ended);
  if (signal !== 0) {
    warn(tool, `processor crashed in ${path}, pausing: killed by signal ${signal}`);
    pause();
    return false;
  }
  return exitCodeOf(ended) === 0;
}

/** The processor's pid; undefined (and complained about) where it cannot be run. */
function start(place: Place, processor: Processor): number | undefined {
  const { tool, path } = place;
  const descriptors: Mapping[] = [];
  try {
    for (const [theirs, file, flags] of FILES) {
      descriptors.push([openHigh(file, flags, place.at), theirs]);
    }
    for (;;) {
      try {
        return spawnProcessor(place, processor, descriptors);
      } catch (error) {
        if (!isForkTrouble(error)) throw error;
        warn(tool, `unable to fork for processor in ${path}, pausing`, error);
        pause();
      }
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    complain(`${tool}: fatal: unable to run ${processor.command}: ${reasonOf(error)}`);
    return undefined;
  } finally {
    for (const [ours] of descriptors) close(ours);
  }
}

function isForkTrouble(error: unknown): boolean {
  return error instanceof SystemError && error.call === "clone";
}

function openHigh(file: ByteString, flags: number, at: number): number {
  const fd = open(file, flags | O_NOFOLLOW, 0o644, at);
  if (fd >= LEAST_OURS) return fd;
  try {
    return dup(fd, LEAST_OURS);
  } finally {
    close(fd);
  }
}

function spawnProcessor(
  place: Place,
  { command, env, inheritance }: Processor,
  descriptors: readonly Mapping[],
): number {
  // What we read from a descriptor ourselves is the processor's like any other signal.
  const ours = [SIGTERM, SIGALRM];
  return spawn(
    {
      ...inheritance,
      mask: inheritance.mask & ~maskOf(ours),
      descriptors: [...inheritance.descriptors, ...descriptors],
      path: "/bin/sh",
      argv: ["sh", "-c", command],
      environ: env.entries(),
    },
    place.at,
    { defaults: ours },
  );
}

/** Brings what the processor wrote to the disk, and then says so by its mode. */
function settle({ tool, path, at }: Place, file: ByteString, mode?: number): void {
  const fd = persist(
    tool,
    `unable to create ${path}/${file}`,
    () => open(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW, 0o600, at),
  );
  persist(tool, `unable to write ${path}/${file} to disk`, () => fsync(fd));
  if (mode !== undefined) {
    persist(tool, `unable to set mode of ${path}/${file}`, () => fchmod(fd, mode));
  }
  close(fd);
}
