// SPDX-License-Identifier: 0BSD
// Not tested here: that the kernel tells when the clock is set, which is the whole machine's.
import { deepEqual, ok } from "node:assert/strict";
import { later, monotonic, now, sinceBoot } from "./clock.ts";
import { ClockWatch } from "./clock_watch.ts";
import { close } from "./file.ts";
import { PollSet } from "./poll.ts";
import { EPOLLIN } from "./constants.ts";

Deno.test("times before and after a time, across the seconds and 1970", () => {
  const cases = [
    [[10, 500_000_000], 0, [10, 500_000_000]],
    [[10, 500_000_000], 499, [10, 999_000_000]],
    [[10, 500_000_000], 500, [11, 0]],
    [[10, 500_000_001], 3_600_500, [3611, 1]],
    [[10, 500_000_000], -500, [10, 0]],
    [[10, 500_000_000], -501, [9, 999_000_000]],
    [[10, 0], -10_001, [-1, 999_000_000]],
  ] as const;
  for (const [[seconds, nanoseconds], milliseconds, [s, n]] of cases) {
    deepEqual(later({ seconds, nanoseconds }, milliseconds), { seconds: s, nanoseconds: n });
  }
});

Deno.test("the clocks go, the wall clock like Date", () => {
  ok(Math.abs(now().seconds - Date.now() / 1000) < 2);
  const [first, boot] = [monotonic(), sinceBoot()];
  ok(monotonic() >= first && sinceBoot() >= boot && boot > 0);
});

Deno.test("who watches the clock hears nothing while nobody sets it", () => {
  const watch = ClockWatch.open();
  const set = new PollSet(1);
  set.set(0, watch.fd, EPOLLIN);
  deepEqual([set.wait(0), Math.abs(watch.moved()) < 50], [0, true]);
  close(watch.fd);
});
