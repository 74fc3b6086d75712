// SPDX-License-Identifier: 0BSD
/**
 * The supervisor of one service: states, events and what happens, as one table (supervise(8)).
 *
 * It owns no process and no loop: whoever runs it (supervise, svscan) gives it a poller and timers, and any number
 * of supervisors share them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGSTOP, SIGTERM } from "../os/constants.ts";
import { now, type Time } from "../os/clock.ts";
import { EAGAIN, ENOMEM, SystemError } from "../os/errno.ts";
import { close } from "../os/file.ts";
import type { Poller } from "../os/poll.ts";
import {
  type Inheritance,
  kill,
  type Mapping,
  openPid,
  spawn,
  spawnExit,
  wait,
} from "../os/process.ts";
import { bootId, processFacts, ticksSinceBoot } from "../os/proc.ts";
import type { Timer, Timers } from "../os/timers.ts";
import { complain, EXIT_TEMPORARY, reasonOf, warn } from "../cli/messages.ts";
import { findProcess, type LeftBehind, pipeName, readLeftBehind } from "./adoption.ts";
import type { Phase } from "./record.ts";
import { ServiceDirectory, SUPERVISE } from "./service_directory.ts";
import type { Want } from "./status_file.ts";

/** What a supervisor needs from the process that it lives in. */
export interface Surroundings {
  readonly poller: Poller;
  readonly timers: Timers;
  /** The environment of the services. */
  readonly environ: readonly ByteString[];
  readonly inheritance: Inheritance;
  /** Whether services are to be found again, and not started a second time, after this process was killed. */
  readonly adopts: boolean;
}

/**
 * - `down`: there is no process.
 * - `fresh`: a process was started less than a second ago. supervise sleeps that second: nothing is looked at, neither
 *   commands nor the process's end, so a service that fails is started once a second at most.
 * - `up`: there is a process.
 * - `waiting`: the process could not even be forked; it is tried again each second.
 * - `over`: supervision has ended.
 */
type State = "down" | "fresh" | "up" | "waiting" | "over";

/** A command letter, or: the process has `ended`, a `second` has passed. */
type Event = "d" | "u" | "o" | "x" | "p" | "c" | "h" | "a" | "i" | "t" | "k" | "ended" | "second";

type Action = keyof Supervisor["actions"];

/** What each event does in each state. An event that does not stand here does nothing. */
const TABLE: Readonly<Record<State, Partial<Readonly<Record<Event, readonly Action[]>>>>> = {
  down: {
    d: ["wantDown", "announce"],
    u: ["wantUp", "start"],
    o: ["wantOnce", "start"],
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

const SECOND = 1000;

/** What there is to know about a supervisor; what a handover carries over. */
export interface Condition {
  readonly since: Time;
  readonly pid: number;
  /** The pidfd of the process; -1: none. */
  readonly process: number;
  readonly paused: boolean;
  readonly want: Want;
  readonly exits: boolean;
}

/**
 * Takes over a service directory and starts what is to be started.
 *
 * @param name the directory, relative to the descriptor `at`
 * @throws Failure 111 with supervise's message
 */
export function supervise(
  name: ByteString,
  at: number,
  mappings: readonly Mapping[],
  surroundings: Surroundings,
  over: () => void,
): Supervisor {
  const { directory, down } = ServiceDirectory.open(name, at);
  try {
    const supervisor = new Supervisor(directory, mappings, surroundings, over);
    const left = surroundings.adopts ? readLeftBehind(directory.descriptors.directory) : undefined;
    if (left === undefined) supervisor.begin(down ? "d" : "u");
    else supervisor.adopt(left);
    return supervisor;
  } catch (error) {
    directory.close();
    throw error;
  }
}

export class Supervisor {
  #state: State = "down";
  #since: Time = now();
  #pid = 0;
  #process = -1;
  #paused = false;
  #want: Want = "u";
  #exits = false;
  #timer: Timer | undefined;
  /** The log pipe, as the record calls it. */
  #pipe: ByteString | undefined;
  /** The `since` that the record speaks of. */
  #recorded: Time | undefined;

  /**
   * @param directory the service's, already ours
   * @param mappings descriptors that the service is to have (its standard output for one with a log)
   * @param over called when supervision has ended
   */
  constructor(
    readonly directory: ServiceDirectory,
    readonly mappings: readonly Mapping[],
    private readonly surroundings: Surroundings,
    private readonly over: () => void,
  ) {}

  /** The pid of the service, 0: down. */
  get pid(): number {
    return this.#pid;
  }

  /** Announces the service as supervised, and starts it if it is wanted up. */
  begin(want: Want): void {
    this.#want = want;
    this.actions.announce();
    this.directory.markSupervised();
    this.#goOn();
  }

  /**
   * Goes on where a supervisor was killed: the service's process goes on if it still runs; if not, it is started where
   * the other one would have started it.
   */
  adopt({ record, status }: LeftBehind): void {
    const found = findProcess(record, this.directory.descriptors.directory);
    const pid = found?.pid ?? 0;
    this.#assume({
      since: status.pid === pid ? status.since : now(),
      pid,
      process: found?.process ?? -1,
      paused: found !== undefined && status.paused,
      want: status.want,
      exits: false,
    });
    this.actions.announce();
    this.directory.markSupervised();
    this.#goOn();
  }

  /** Goes on where another supervisor of the same service has handed over. */
  resume(condition: Condition): void {
    this.#assume(condition);
    this.#goOn();
  }

  #assume(condition: Condition): void {
    this.#since = condition.since;
    this.#pid = condition.pid;
    this.#process = condition.process;
    this.#paused = condition.paused;
    this.#want = condition.want;
    this.#exits = condition.exits;
  }

  #goOn(): void {
    if (this.#pid !== 0) this.actions.listen();
    else if (this.#want === "u") this.actions.start();
    else this.#listenToControl();
  }

  /** How things stand. */
  condition(): Condition {
    if (this.#pid !== 0) this.#openProcess();
    return {
      since: this.#since,
      pid: this.#pid,
      process: this.#process,
      paused: this.#paused,
      want: this.#want,
      exits: this.#exits,
    };
  }

  #happen(event: Event): void {
    for (const action of TABLE[this.#state][event] ?? []) {
      if (this.#state === "over") return;
      this.actions[action]();
    }
  }

  /** There are letters in the FIFO. The C tool looks for its child before each of them. */
  #command(): void {
    if (this.#state === "up" && this.#hasEnded()) this.#happen("ended");
    if (this.#state !== "fresh" && this.#state !== "over") this.#obey();
  }

  /** Takes one letter: what follows a letter that starts the service waits in the FIFO for a second. */
  #obey(): void {
    const letter = this.directory.nextLetter();
    if (letter !== undefined) this.#happen(letter as Event);
  }

  /** Whether our child has ended, and if so, takes its status from the kernel. */
  #hasEnded(): boolean {
    return wait(this.#pid, false) !== undefined;
  }

  /** The pidfd is readable: the process has ended, also one that is not our child. */
  #processEnded(): void {
    this.#hasEnded();
    this.#happen("ended");
  }

  #listenToControl(): void {
    const { poller } = this.surroundings;
    const { control } = this.directory.descriptors;
    if (!poller.has(control)) poller.add(control, () => this.#command());
  }

  #deaf(): void {
    this.surroundings.poller.remove(this.directory.descriptors.control);
    this.#timer?.cancel();
    this.#timer = this.surroundings.timers.after(SECOND, () => this.#happen("second"));
  }

  /** Makes sure of the process's pidfd; false where the system refuses one. */
  #openProcess(): boolean {
    try {
      if (this.#process < 0) this.#process = openPid(this.#pid);
      return true;
    } catch (error) {
      if (error instanceof SystemError) return false;
      throw error;
    }
  }

  /** Leaves word of what is going on, for whoever comes after a kill -9. */
  #record(phase: Phase): void {
    if (!this.surroundings.adopts) return;
    this.#recorded = phase.kind === "starting" ? undefined : this.#since;
    this.#pipe ??= this.mappings[0] === undefined ? "-" : pipeName(this.mappings[0][0]);
    this.directory.writeRecord({ boot: bootId(), since: this.#since, pipe: this.#pipe, phase });
  }

  #phase(): Phase {
    const started = this.#pid === 0 ? undefined : processFacts(this.#pid)?.started;
    return started === undefined ? { kind: "idle" } : { kind: "running", pid: this.#pid, started };
  }

  #send(signal: number): void {
    if (this.#pid !== 0) kill(this.#pid, signal);
  }

  /** The named side effects of the table. */
  readonly actions = {
    wantUp: (): void => {
      this.#want = "u";
    },
    wantDown: (): void => {
      this.#want = "d";
    },
    wantOnce: (): void => {
      this.#want = "";
    },
    wantExit: (): void => {
      this.#exits = true;
    },
    markPaused: (): void => {
      this.#paused = true;
    },
    markContinued: (): void => {
      this.#paused = false;
    },
    sendTerm: (): void => this.#send(SIGTERM),
    sendCont: (): void => this.#send(SIGCONT),
    sendStop: (): void => this.#send(SIGSTOP),
    sendHup: (): void => this.#send(SIGHUP),
    sendAlrm: (): void => this.#send(SIGALRM),
    sendInt: (): void => this.#send(SIGINT),
    sendKill: (): void => this.#send(SIGKILL),

    /** Writes the status file. */
    announce: (): void => {
      this.directory.writeStatus({
        since: this.#since,
        pid: this.#pid,
        paused: this.#paused,
        want: this.#want,
      });
      if (this.#recorded !== this.#since) this.#record(this.#phase());
    },

    /** Starts ./run. */
    start: (): void => {
      this.#record({ kind: "starting", ticks: ticksSinceBoot() });
      const pid = this.#spawnRun();
      this.#deaf();
      if (pid === undefined) {
        this.#state = "waiting";
        this.#listenToControl();
        return;
      }
      this.#state = "fresh";
      this.#pid = pid;
      this.#paused = false;
      this.#since = now();
      this.actions.announce();
    },

    /** The second after a start is over: commands and the process's end count again. */
    listen: (): void => {
      // No descriptor to be had: look again in a second, deaf until then so that nothing is missed.
      if (!this.#openProcess() && !this.#hasEnded() && kill(this.#pid, 0)) return this.#deaf();
      this.#state = "up";
      if (this.#process < 0) return this.#happen("ended");
      this.surroundings.poller.add(this.#process, () => this.#processEnded());
      this.#listenToControl();
      // One letter goes before the process's end, or nobody could stop a service that always ends at once.
      this.#obey();
    },

    /** The process is gone. */
    forget: (): void => {
      if (this.#process >= 0) {
        this.surroundings.poller.remove(this.#process);
        close(this.#process);
      }
      this.#process = -1;
      this.#pid = 0;
      this.#since = now();
      this.#state = "down";
    },

    startIfWanted: (): void => {
      if (this.#want === "u") this.actions.start();
    },

    giveUp: (): void => {
      this.#state = "down";
    },

    endIfWanted: (): void => {
      if (!this.#exits || this.#pid !== 0) return;
      this.#state = "over";
      this.actions.announce();
      if (this.surroundings.adopts) this.directory.clearRecord();
      this.surroundings.poller.remove(this.directory.descriptors.control);
      this.directory.close();
      this.over();
    },
  };

  /** The pid of the new process; undefined where none could be made, which the log is told. */
  #spawnRun(): number | undefined {
    const { environ, inheritance } = this.surroundings;
    const { name, descriptors } = this.directory;
    try {
      return spawn(
        {
          ...inheritance,
          path: "./run",
          argv: ["./run"],
          environ,
          descriptors: [...inheritance.descriptors, ...this.mappings],
        },
        descriptors.directory,
      );
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno !== EAGAIN && error.errno !== ENOMEM) {
        complain(`${SUPERVISE}: fatal: unable to start ${name}/run: ${reasonOf(error)}`);
        return this.#spawnFailed();
      }
      return this.#cannotFork(error);
    }
  }

  /** C's supervise has forked by then: there is a process, with a pid, that ends at once with code 111. */
  #spawnFailed(): number | undefined {
    try {
      return spawnExit(EXIT_TEMPORARY);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return this.#cannotFork(error);
    }
  }

  #cannotFork(error: SystemError): undefined {
    warn(SUPERVISE, `unable to fork for ${this.directory.name}, trying again in a second`, error);
    return undefined;
  }
}
