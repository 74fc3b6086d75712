// SPDX-License-Identifier: 0BSD
/**
 * The loop that supervisors live in.
 *
 * @module
 */
import { ClockWatch } from "../os/clock_watch.ts";
import { unlessRefused } from "../os/errno.ts";
import { Loop } from "../os/loop.ts";
import { CALM, releaseMemory } from "../os/idle_memory.ts";
import { letGoOfText } from "../os/program_text.ts";
import type { Surroundings } from "./surroundings.ts";

/** A step of the wall clock that nobody will notice, in milliseconds. */
const UNNOTICED = 500;

/**
 * Has the supervisors of this process told when somebody sets the wall clock, where the system tells us.
 *
 * @returns what tells them now, should it have been set just before
 */
export function watchClock(
  { poller }: Surroundings,
  supervisors: () => readonly { clockMoved(milliseconds: number): void }[],
): () => void {
  const watch = unlessRefused(() => ClockWatch.open());
  if (watch === undefined) return () => {};
  let untold = 0;
  const tell = (): void => {
    untold += watch.moved();
    // Small steps add up.
    if (Math.abs(untold) < UNNOTICED) return;
    for (const supervisor of supervisors()) supervisor.clockMoved(untold);
    untold = 0;
  };
  unlessRefused(() => poller.add(watch.fd, tell));
  return tell;
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
    releaseMemory();
    unlessRefused(letGoOfText);
    rested();
  });
  const loop = new Loop(TURNS, poller, timers);
  while (!over()) loop.turn();
}
