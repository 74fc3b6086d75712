// SPDX-License-Identifier: 0BSD
/**
 * Trying until it works: a logger that has begun to read does not give up, and loses nothing meanwhile.
 *
 * @module
 */
import { warn } from "../cli/messages.ts";
import type { ByteString } from "../os/bytes.ts";
import { monotonic } from "../os/clock.ts";
import { SystemError } from "../os/errno.ts";
import { sleep } from "../os/poll.ts";

const PAUSE = 5000;

/** Sleeps five seconds, whatever signals arrive. */
export function pause(): void {
  const end = monotonic() + PAUSE;
  for (let left = PAUSE; left > 0; left = end - monotonic()) sleep(left);
}

/** What `action` returns; while it fails: a warning `TEXT, pausing: REASON`, five seconds, and again. */
export function persist<T>(name: string, text: ByteString, action: () => T): T {
  for (;;) {
    try {
      return action();
    } catch (error) {
      pauseAfter(name, text, error);
    }
  }
}

/** The warning and the pause, for whoever tries again without a function for it. */
export function pauseAfter(name: string, text: ByteString, error: unknown): void {
  if (!(error instanceof SystemError)) throw error;
  warn(name, `${text}, pausing`, error);
  pause();
}
