// SPDX-License-Identifier: 0BSD
/**
 * Being told that somebody has set the wall clock: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET.
 *
 * @module
 */
import { now, sinceBoot } from "./clock.ts";
import { CLOCK_REALTIME, O_CLOEXEC, O_NONBLOCK } from "./constants.ts";
import { close } from "./file.ts";
import { check, hot, libc, pad } from "./libc.ts";

const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;
/** struct itimerspec: no interval; a time that never comes, in seconds and nanoseconds. */
const NEVER = new Uint8Array(new BigInt64Array([0n, 0n, 2n ** 40n, 0n]).buffer);
/**
 * Two clocks can't be read at one moment: a reading of the wall clock counts only if those of the other one before and
 * after it are at most so many milliseconds apart.
 */
const MOMENT = 5;

/** How many milliseconds the wall clock is ahead of the one that nobody sets. */
function ahead(): number {
  for (;;) {
    const before = sinceBoot();
    const { seconds, nanoseconds } = now();
    const after = sinceBoot();
    if (after - before <= MOMENT) return seconds * 1000 + nanoseconds / 1e6 - after;
  }
}

export class ClockWatch {
  readonly #buffer = new Uint8Array(8);
  #ahead = ahead();

  /** @param fd readable when the clock was set, or the machine has slept */
  private constructor(readonly fd: number) {}

  /** @throws SystemError where there is no descriptor for it */
  static open(): ClockWatch {
    const flags = O_NONBLOCK | O_CLOEXEC;
    const fd = check(libc().timerfd_create(CLOCK_REALTIME, flags, pad), "timerfd_create");
    const how = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    const result = libc().timerfd_settime(fd, how, NEVER, null, pad);
    if (result < 0) close(fd);
    check(result, "timerfd_settime");
    return new ClockWatch(fd);
  }

  /** By how many milliseconds the clock was set forward since the last time; `fd` is not readable any more. */
  moved(): number {
    // It fails with ECANCELED: that is the message.
    hot("read")(this.fd, this.#buffer, this.#buffer.length);
    const former = this.#ahead;
    this.#ahead = ahead();
    return Math.round(this.#ahead - former);
  }
}
