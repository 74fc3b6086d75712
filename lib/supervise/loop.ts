// SPDX-License-Identifier: 0BSD
/**
 * The loop that supervisors live in.
 *
 * @module
 */
import { ClockWatch } from "../os/clock_watch.ts";
import { unlessRefused } from "../os/errno.ts";
import { Loop } from "../os/loop.ts";
import { CALM, rest } from "../os/rest.ts";
import { letGoOfText } from "../os/text.ts";
import type { Surroundings } from "./surroundings.ts";

/** A step of the wall clock that nobody will notice, in milliseconds. */
const UNNOTICED = 500;

/** Has the supervisors of this process told when somebody sets the wall clock, where the system tells us. */
export function watchClock(
  { poller }: Surroundings,
  supervisors: () => readonly { clockMoved(milliseconds: number): void }[],
): void {
  unlessRefused(() => {
    const watch = ClockWatch.open();
    poller.add(watch.fd, () => {
      const moved = watch.moved();
      if (Math.abs(moved) < UNNOTICED) return;
      for (const supervisor of supervisors()) supervisor.clockMoved(moved);
    });
  });
}

/** After so many turns garbage is collected: each restart of a service leaves 600 bytes. */
const TURNS = 2000;

/**
 * Waits for events and timers, and acts on them, until `over` says so.
 *
 * @param rested called when what only the start needed has been given back
 */
export function superviseUntil(
  surroundings: Surroundings,
  over: () => boolean,
  rested: () => void = () => {},
): void {
  const { poller, timers, starts } = surroundings;
  starts.prepare();
  // By then all services that there are have been started, and their first second is over.
  timers.after(CALM, () => {
    rest();
    unlessRefused(letGoOfText);
    rested();
  });
  const loop = new Loop(TURNS, poller, timers);
  while (!over()) loop.turn();
}
