// SPDX-License-Identifier: 0BSD
// What holds of the table as a whole; what its actions do is tested through the tools, in tests/daemontools.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Action, type Event, type State, TABLE } from "./state_table.ts";

/** Each place of the table: what an event does in a state. */
const ROWS = Object.entries(TABLE).flatMap(([state, events]) =>
  Object.entries(events).map(([event, actions]) => ({
    state: state as State,
    event: event as Event,
    actions: actions as readonly Action[],
  }))
);

Deno.test("what svstat tells of a service is written down whenever a letter changes it", () => {
  for (const { state, event, actions } of ROWS) {
    const changes = actions.findIndex((action) => /^(want|mark)/.test(action));
    if (changes < 0) continue;
    ok(actions.lastIndexOf("announce") > changes, `${state} ${event}: ${actions.join(" ")}`);
  }
});

Deno.test("signals are sent where there is a process that has run for a second, and only there", () => {
  const sending = ROWS.filter(({ actions }) => actions.some((action) => action.startsWith("send")));
  equal(sending.length > 0, true);
  deepEqual([...new Set(sending.map(({ state }) => state))], ["up"]);
});

Deno.test("in the second after a start nothing is looked at, and over is the end", () => {
  deepEqual(Object.keys(TABLE.fresh), ["second"]);
  deepEqual(TABLE.over, {});
});

Deno.test("x ends supervision where there is no process, and waits for its end where there is one", () => {
  for (const state of ["down", "waiting"] as const) equal(TABLE[state].x?.at(-1), "endIfWanted");
  equal(TABLE.up.x?.includes("endIfWanted"), false);
  const ended = TABLE.up.ended ?? [];
  ok(ended.indexOf("forget") < ended.indexOf("endIfWanted"));
  ok(ended.indexOf("endIfWanted") < ended.indexOf("startIfWanted"), "x goes before u");
});
