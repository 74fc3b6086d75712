// SPDX-License-Identifier: 0BSD
/**
 * The supervisor of one service (supervise(8)): what it knows, and the actions of the table (state_table.ts).
 *
 * It owns no process and no loop: whoever runs it (supervise, svscan) gives it a poller and timers, and any number
 * of supervisors share them.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGSTOP, SIGTERM } from "../os/constants.ts";
import { later, now, sinceBoot, type Time } from "../os/clock.ts";
import { unlessRefused } from "../os/errno.ts";
import type { Mapping } from "../os/process.ts";
import { TICK } from "../os/proc.ts";
import type { Timer } from "../os/timers.ts";
import { complain, Failure, warn } from "../cli/messages.ts";
import { Bookkeeping } from "./bookkeeping.ts";
import { findProcess, type LeftBehind, readLeftBehind } from "./adoption.ts";
import type { SupervisionRecord } from "./record.ts";
import { ServiceDirectory } from "./service_directory.ts";
import { ServiceProcess } from "./service_process.ts";
import { SUPERVISE } from "./supervise_files.ts";
import { type Action, type Event, type State, TABLE } from "./state_table.ts";
import type { Status, Want } from "./status_file.ts";
import type { Surroundings } from "./surroundings.ts";

const SECOND = 1000;

/**
 * What there is to know about a supervisor; what a handover carries over. What a service was told in the second after its
 * start, and has not obeyed yet, stays behind; but for `x`, which is for good.
 */
export interface Condition {
  readonly since: Time;
  readonly pid: number;
  /** The pidfd of the process; -1: none. */
  readonly pidfd: number;
  readonly paused: boolean;
  readonly want: Want;
  readonly exits: boolean;
  /** Whether the files in supervise/ do not say all of this yet. */
  readonly unwritten: boolean;
  /** The `since` that the status file says; undefined: it is not known. */
  readonly announced?: Time | undefined;
  /** `fresh` and `waiting` go on as such. */
  readonly state: State;
}

/** A service directory that is to be supervised. */
export interface ToSupervise {
  readonly directory: ByteString;
  /** The descriptor that `directory` is relative to. */
  readonly at: number;
  /** Descriptors that the service is to have (one with a log: its standard output). */
  readonly mappings: readonly Mapping[];
  /** Called when supervision has ended, which may be before `supervise` returns. */
  readonly over: () => void;
}

/**
 * Takes over a service directory and starts what is to be started.
 *
 * @throws Failure 111 with supervise's message; SystemError where it cannot be found out what a killed supervisor has left
 */
export function supervise(
  { directory: name, at, mappings, over }: ToSupervise,
  surroundings: Surroundings,
): Supervisor {
  const { directory, down } = ServiceDirectory.open(name, at);
  const supervisor = new Supervisor(directory, mappings, surroundings, over);
  try {
    const left = surroundings.adopts ? readLeftBehind(directory.descriptors.directory) : undefined;
    if (left === undefined) supervisor.begin(down ? "d" : "u");
    else supervisor.adopt(left);
    return supervisor;
  } catch (error) {
    supervisor.letGo();
    throw error;
  }
}

/** What a status may be wrong by, in milliseconds, for other reasons than that the clock was set meanwhile. */
const TOLERANCE = 2000;

/** Since when an adopted process runs, by the clock as it is now. */
function trueSince({ phase }: SupervisionRecord, { since }: Status): Time {
  if (phase.kind !== "running") return since;
  const start = later(now(), phase.started * TICK - sinceBoot());
  const wrong = Math.abs(start.seconds - since.seconds) * SECOND > TOLERANCE;
  return wrong ? start : since;
}

export class Supervisor {
  #state: State = "down";
  #since: Time = now();
  #paused = false;
  /** What it was told in the second after its start. */
  #told = "";
  #want: Want = "u";
  #exits = false;
  #timer: Timer | undefined;
  #mappings: readonly Mapping[];
  readonly #process: ServiceProcess;
  readonly #books: Bookkeeping;

  /**
   * @param directory the service's, already ours
   * @param mappings descriptors that the service is to have (its standard output for one with a log)
   * @param over called when supervision has ended
   */
  constructor(
    readonly directory: ServiceDirectory,
    mappings: readonly Mapping[],
    private readonly surroundings: Surroundings,
    private readonly over: () => void,
  ) {
    this.#mappings = mappings;
    this.#process = new ServiceProcess(surroundings.poller);
    this.#books = new Bookkeeping(
      directory,
      mappings,
      surroundings,
      () => ({ since: this.#since, pid: this.pid, paused: this.#paused, want: this.#want }),
      () => this.look(),
    );
  }

  /** The descriptors that the service is to have. */
  get mappings(): readonly Mapping[] {
    return this.#mappings;
  }

  /** Those are closed: the service, which was told to exit, is not started again, and nobody is to hand them on. */
  forgetMappings(): void {
    this.#mappings = [];
  }

  /** The pid of the service, 0: down. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Whether supervision has ended: it may have before `supervise` or `resume` returns. */
  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Whether the service has run for a second and longer, was not sent a signal since, and is none that finishes. */
  get isSteady(): boolean {
    return this.#state === "up" && !this.#process.wasSignalled && !this.#process.finishes;
  }

  /** Announces the service as supervised, and starts it if it is wanted up. */
  begin(want: Want): void {
    this.#want = want;
    this.#do("announce");
    this.directory.markSupervised();
    this.#goOn();
  }

  /**
   * Goes on where a supervisor was killed: the service's process goes on if it still runs; if not, it is started where
   * the other one would have started it.
   */
  adopt(left: LeftBehind): void {
    const { record, status } = left;
    this.#books.assumeAnnounced(status.since);
    const found = findProcess(left, this.directory.descriptors.directory);
    const pid = found?.pid ?? 0;
    this.#assume({
      since: pid === 0 || status.pid !== pid ? now() : trueSince(record, status),
      pid,
      pidfd: found?.pidfd ?? -1,
      paused: found !== undefined && status.paused,
      want: status.want,
      exits: false,
    });
    this.#do("announce");
    this.directory.markSupervised();
    this.#goOn();
  }

  /** Goes on where another supervisor of the same service has handed over. */
  resume(condition: Condition): void {
    this.#assume(condition);
    this.#books.assumeAnnounced(condition.announced);
    if (condition.unwritten) this.#books.write("quietly");
    this.#goOn(condition.state);
  }

  #assume(condition: Omit<Condition, "state" | "unwritten" | "announced">): void {
    this.#since = condition.since;
    this.#process.become(condition.pid, condition.pidfd);
    this.#paused = condition.paused;
    this.#want = condition.want;
    this.#exits = condition.exits;
  }

  #goOn(state: State = "down"): void {
    if (this.pid !== 0 && state === "fresh") {
      this.#state = "fresh";
      this.#stopListening();
    } else if (this.pid !== 0) this.#do("listen");
    else if (this.#want === "u" || state === "waiting") this.#do("start");
    else this.#listenToControl();
  }

  /** Nobody goes on with this: a service that is down begins anew with whoever supervises it next. */
  abandon(): void {
    if (this.pid === 0) this.#books.clear();
  }

  /** Lets go of the service: its process, if there is one, goes on without us, and its files stay as they are. */
  letGo(): void {
    this.#state = "over";
    this.#timer?.cancel();
    this.#books.stop();
    const { poller } = this.surroundings;
    this.#process.letGo();
    poller.remove(this.directory.descriptors.control);
    this.directory.close();
  }

  /** What a handover carries over. Opens the process's pidfd where there is none yet: whoever goes on needs it. */
  condition(): Condition {
    if (this.pid !== 0) this.#process.open();
    return {
      since: this.#since,
      pid: this.pid,
      pidfd: this.#process.pidfd,
      paused: this.#paused,
      want: this.#want,
      // What waits for the end of the second after a start does not travel, but this is for good.
      exits: this.#exits || this.#told.includes("x"),
      unwritten: this.#books.areBehind,
      announced: this.#books.announced,
      state: this.#state,
    };
  }

  #happen(event: Event): void {
    for (const action of TABLE[this.#state][event] ?? []) {
      if (this.#state === "over") return;
      this.#do(action);
    }
  }

  #do(action: Action): void {
    Supervisor.#ACTIONS[action](this);
  }

  /** There are letters in the FIFO. The C tool looks for its child before each of them. */
  #command(): void {
    if (this.#state === "up" && this.#process.reap()) this.#happen("ended");
    if (this.#state !== "fresh" && this.#state !== "over") this.#obey();
  }

  /** Takes one letter: what follows a letter that starts the service waits in the FIFO for a second. */
  #obey(): void {
    const letter = this.directory.nextLetter();
    if (letter !== undefined) this.#happen(letter as Event);
  }

  /**
   * The pidfd is readable: the process has ended, also one that is not our child. A child of ours that somebody traces
   * (ptrace(2)) cannot be waited for until the tracer lets go of it; C waits for that, too.
   */
  #processEnded(): void {
    if (this.#process.reap() || !this.#process.isChild) return this.#happen("ended");
    this.#process.ignore();
    this.#inASecond();
  }

  /**
   * Has letters obeyed from now on, but in the second after a start. Where the system refuses it, it is tried again when
   * the supervisor looks after its files.
   */
  #listenToControl(): void {
    if (this.#state === "fresh" || this.#state === "over") return;
    const { poller } = this.surroundings;
    const { control } = this.directory.descriptors;
    if (poller.has(control)) return;
    unlessRefused(() => poller.add(control, () => this.#command()));
  }

  #stopListening(): void {
    this.surroundings.poller.remove(this.directory.descriptors.control);
    this.#inASecond();
  }

  #inASecond(): void {
    this.#timer?.cancel();
    this.#timer = this.surroundings.timers.after(SECOND, () => this.#happen("second"));
  }

  /**
   * Sees to it that others can find the service: where supervise or something in it was removed, it is made anew. To
   * be called now and then. Returns whether its directory is still there.
   */
  look(): boolean {
    if (this.#state === "over") return true;
    const isThere = this.#remakeIfDisturbed();
    // A write that is to be tried again anyway covers this.
    if (!this.#books.areBehind && this.directory.lacksStatus) this.#books.write("quietly");
    this.#listenToControl();
    return isThere;
  }

  /** Returns whether the service's directory is still there. */
  #remakeIfDisturbed(): boolean {
    const { directory } = this;
    // Where the file system does not even tell (a mount that vanished), nothing can be made.
    if (unlessRefused(() => directory.isDisturbed) !== true) return true;
    if (directory.isRemoved) return false;
    warn(SUPERVISE, `${directory.name}/supervise is not what it was, making it anew`);
    this.surroundings.poller.remove(directory.descriptors.control);
    try {
      directory.remake();
      this.#books.startOver();
      directory.markSupervised();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      complain(error.text);
    }
    return true;
  }

  /**
   * Somebody has set the wall clock `milliseconds` forward: the service runs (or is down) as long as before, so what is
   * written down of its start moves, too.
   */
  clockMoved(milliseconds: number): void {
    if (this.#state === "over") return;
    this.#since = later(this.#since, milliseconds);
    this.#books.write("quietly");
  }

  /** Obeys `letters` at once, or, in the second after a start, when that is over. */
  tell(letters: string): void {
    if (this.#state === "fresh") this.#told += letters;
    else for (const letter of letters) this.#happen(letter as Event);
  }

  /** The same behind what is in its FIFO; where that has no room for them, before it. */
  send(letters: string): void {
    if (!this.directory.send(letters)) this.tell(letters);
  }

  /** Whether the service, which has just ended, is started again. */
  get #willStart(): boolean {
    return this.#want === "u" && !this.#exits;
  }

  /** The named side effects of the table: shared by all supervisors, of which there may be a thousand. */
  static readonly #ACTIONS: Readonly<Record<Action, (s: Supervisor) => void>> = {
    wantUp: (s) => {
      s.#want = "u";
    },
    wantDown: (s) => {
      s.#want = "d";
    },
    wantOnce: (s) => {
      s.#want = "";
    },
    wantExit: (s) => {
      s.#exits = true;
    },
    markPaused: (s) => {
      s.#paused = true;
    },
    markContinued: (s) => {
      s.#paused = false;
    },
    sendTerm: (s) => s.#process.send(SIGTERM),
    sendCont: (s) => s.#process.send(SIGCONT),
    sendStop: (s) => s.#process.send(SIGSTOP),
    sendHup: (s) => s.#process.send(SIGHUP),
    sendAlrm: (s) => s.#process.send(SIGALRM),
    sendInt: (s) => s.#process.send(SIGINT),
    sendKill: (s) => s.#process.send(SIGKILL),

    /** Quiet where supervision ends because the directory was removed: that has been said, and nobody could read the file. */
    announce: (s) => s.#books.write(s.#exits && s.directory.isRemoved ? "quietly" : "aloud"),

    /** Starts ./run. */
    start: (s) => {
      s.#books.intend();
      const pid = s.surroundings.starts.run(s.directory, s.#mappings[0]);
      s.#stopListening();
      if (pid === undefined) {
        s.#books.intendNot();
        s.#state = "waiting";
        s.#listenToControl();
        return;
      }
      s.#state = "fresh";
      s.#process.become(pid);
      s.#paused = false;
      s.#since = now();
      s.#do("announce");
    },

    /** The second after a start is over: commands and the process's end count again. */
    listen: (s) => {
      s.#state = "up";
      // One letter goes before the process's end, or nobody could stop a service that always ends at once.
      s.#obey();
      s.tell(s.#told);
      s.#told = "";
      s.#do("watch");
      s.#listenToControl();
    },

    /** Has the process's end noticed. Where the system refuses what that takes, somebody looks each second. */
    watch: (s) => {
      if (s.#process.watch(() => s.#processEnded())) return;
      if (s.#process.reap() || !s.#process.isThere) s.#happen("ended");
      else s.#inASecond();
    },

    /** The process is gone. */
    forget: (s) => {
      s.#process.letGo();
      s.#since = now();
      s.#state = "down";
      // One record less: nobody needs to know that it was down.
      if (s.#willStart) s.#books.intend();
    },

    startIfWanted: (s) => {
      if (s.#willStart) s.#do("start");
    },

    giveUp: (s) => {
      s.#state = "down";
    },

    endIfWanted: (s) => {
      if (!s.#exits || s.pid !== 0) return;
      s.#books.finish();
      s.letGo();
      s.over();
    },
  };
}
