// SPDX-License-Identifier: 0BSD
/**
 * What a service does on a command or its end: states, events and actions (supervise(8)). supervisor.ts carries the
 * actions out.
 *
 * @module
 */

/**
 * - `down`: there is no process.
 * - `fresh`: a process was started less than a second ago. supervise sleeps that second: nothing is looked at, neither
 *   commands nor the process's end, so a service that fails is started once a second at most.
 * - `up`: there is a process.
 * - `waiting`: the process could not even be forked; it is tried again each second.
 * - `over`: supervision has ended.
 */
export type State = "down" | "fresh" | "up" | "waiting" | "over";

/** A command letter, or: the process has `ended`, a `second` has passed. */
export type Event =
  | "d"
  | "u"
  | "o"
  | "x"
  | "p"
  | "c"
  | "h"
  | "a"
  | "i"
  | "t"
  | "k"
  | "ended"
  | "second";

/** What a supervisor can do. */
export type Action =
  | "wantUp"
  | "wantDown"
  | "wantOnce"
  | "wantExit"
  | "markPaused"
  | "markContinued"
  | "sendTerm"
  | "sendCont"
  | "sendStop"
  | "sendHup"
  | "sendAlrm"
  | "sendInt"
  | "sendKill"
  | "announce"
  | "start"
  | "listen"
  | "watch"
  | "forget"
  | "startIfWanted"
  | "giveUp"
  | "endIfWanted";

/**
 * What each event does in each state. An event that does not stand here does nothing.
 *
 * The next state is an action's doing: `start` leads to `fresh`, or to `waiting` where no process can be made; `listen`
 * to `up`; `forget` and `giveUp` to `down`; `endIfWanted` to `over`, if that is wanted and no process is left.
 */
export const TABLE: Readonly<Record<State, Partial<Readonly<Record<Event, readonly Action[]>>>>> = {
  down: {
    d: ["wantDown", "announce"],
    u: ["wantUp", "announce", "start"],
    o: ["wantOnce", "announce", "start"],
    x: ["wantExit", "announce", "endIfWanted"],
    p: ["markPaused", "announce"],
    c: ["markContinued", "announce"],
  },
  fresh: {
    second: ["listen"],
  },
  up: {
    d: ["wantDown", "sendTerm", "sendCont", "markContinued", "announce"],
    u: ["wantUp", "announce"],
    o: ["wantOnce", "announce"],
    x: ["wantExit", "announce"],
    p: ["markPaused", "sendStop", "announce"],
    c: ["markContinued", "sendCont", "announce"],
    h: ["sendHup"],
    a: ["sendAlrm"],
    i: ["sendInt"],
    t: ["sendTerm"],
    k: ["sendKill"],
    ended: ["forget", "announce", "endIfWanted", "startIfWanted"],
    second: ["watch"],
  },
  waiting: {
    d: ["wantDown", "announce", "giveUp"],
    u: ["wantUp", "announce"],
    o: ["wantOnce", "announce"],
    x: ["wantExit", "announce", "endIfWanted"],
    second: ["start"],
  },
  over: {},
};
