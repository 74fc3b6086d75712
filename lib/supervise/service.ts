// SPDX-License-Identifier: 0BSD
/**
 * A service of svscan's: what looks after it and its logger, and the pipe between the two.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { close } from "../os/file.ts";
import { waitIfEnded } from "../os/wait.ts";
import type { Pipe } from "./log_pipes.ts";
import type { Keeper } from "./start_supervise.ts";

/** A service and, where it has one, its logger. */
export interface Service {
  /** What its directory was called when it was seen last. */
  name: ByteString;
  pipe: Pipe | undefined;
  /** Whether its directory was removed. */
  removed: boolean;
  /** Whether the last scan has seen it. */
  active: boolean;
  main: Keeper;
  logger: Keeper;
  /** The logger that was told to end because there is another directory in the place of its own. */
  retired?: Keeper;
}

/** One that is not looked after yet. */
export function newService(name: ByteString, pipe: Pipe | undefined): Service {
  return { name, pipe, active: true, removed: false, main: undefined, logger: undefined };
}

/** Closes its log pipe: whoever writes there has ended. The logger reads on, and is not to be started again. */
export function closePipe(service: Service): void {
  if (service.pipe === undefined) return;
  if (typeof service.logger === "object") service.logger.forgetMappings();
  close(service.pipe.reader);
  close(service.pipe.writer);
  service.pipe = undefined;
}

/** Takes note of foreign supervises that have ended. */
export function reapForeign(service: Service): void {
  for (const half of ["main", "logger"] as const) {
    const keeper = service[half];
    if (typeof keeper === "number" && waitIfEnded(keeper) !== undefined) service[half] = undefined;
  }
}

/** What has just begun to look after a service; undefined where that is over already. */
export function unlessOver(keeper: Keeper): Keeper {
  return typeof keeper === "object" && keeper.isOver ? undefined : keeper;
}

/** Whether there is somebody to look after all of it. */
export function isKept({ main, logger, pipe }: Service): boolean {
  return main !== undefined && (pipe === undefined || logger !== undefined);
}

/**
 * Whether a scan has nothing to do about it as long as its entry stays as it is: we have it, whole. A service that
 * has lost its entry just runs on.
 */
export function isSettled(service: Service): boolean {
  const { main, logger, active, removed } = service;
  if (typeof main === "number" || typeof logger === "number") return false;
  return active ? isKept(service) : !removed;
}

/** Whether the directory of a service was removed that one of our supervisors looks after. */
export function isDirectoryRemoved({ main, logger }: Service): boolean {
  const half = main ?? logger;
  return typeof half === "object" && half.directory.isRemoved;
}
