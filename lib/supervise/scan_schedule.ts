// SPDX-License-Identifier: 0BSD
/**
 * When svscan looks at its directory: every five seconds, as C's does; and in between when the kernel tells that
 * something has changed.
 *
 * Where many services are settled, and the kernel tells of whatever may change that, it looks less often, and at more
 * then. What a look costs is not so much its system calls as that memory was not used for a while: a process that wakes
 * up and does nothing pays a good part of it.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { unlessRefused } from "../os/errno.ts";
import { DirectoryWatch } from "../os/inotify.ts";
import type { Timer } from "../os/timers.ts";
import type { Scanner } from "./scanner.ts";
import type { Surroundings } from "./surroundings.ts";

const INTERVAL = 5000;
/** The most intervals from one look to the next. */
const MOST_INTERVALS = 6;
/** How many supervisors look after their files for each interval that has gone by. */
const LOOKS = 20;

/** How long nothing has come or gone before a new service is started: `mkdir`, `cp -r` or `ln -s` may be at work. */
const QUIET = 1000;

/** What is to look, and what it says of itself. */
type Looking = Pick<Scanner, "scan" | "scanForNew" | "look" | "count" | "parents">;

export class ScanSchedule {
  #next: Timer | undefined;
  /** How many intervals lie between the last look and the next one. */
  #intervals = 1;
  #quiet: Timer | undefined;
  /** Of the working directory. */
  #here: DirectoryWatch | undefined;
  /** Of the directories that its links lead into. */
  #elsewhere: DirectoryWatch | undefined;
  /** Which those are. */
  #parents: readonly ByteString[] = [];

  /** @param before called before each look */
  constructor(
    private readonly surroundings: Pick<Surroundings, "poller" | "timers">,
    private readonly scanner: Looking,
    private readonly before: () => void,
  ) {}

  /** Looks for the first time, and has all further looks come by themselves. */
  begin(): void {
    unlessRefused(() => {
      const here = this.#here = DirectoryWatch.open(["."]);
      this.surroundings.poller.add(here.fd, () => {
        here.clear();
        this.soon();
        this.#waitForQuiet();
      });
    });
    this.#look();
  }

  /** There may be something to do again: the next look is not later than it would be with C's. */
  soon(): void {
    if (this.#intervals > 1) this.#wait(1);
  }

  #wait(intervals: number): void {
    this.#intervals = intervals;
    this.#next?.cancel();
    this.#next = this.surroundings.timers.after(intervals * INTERVAL, () => this.#look());
  }

  /**
   * The memory that only the start needed has been given back. All supervisors look after their files now: the first time
   * touches most memory, and that is better fetched here than in the middle of the calm.
   */
  rested(): void {
    const { count } = this.scanner;
    if (count > LOOKS) this.#look(count);
  }

  /** @param looks how many supervisors look after their files */
  #look(looks = this.#intervals * LOOKS): void {
    this.before();
    this.#listen();
    const isSettled = this.scanner.scan();
    this.scanner.look(looks);
    this.#wait(isSettled && this.#askToBeTold() ? this.#patience : 1);
  }

  /** So that all supervisors have looked after as long a time as if they did at each interval. */
  get #patience(): number {
    return Math.min(Math.max(1, Math.ceil(this.scanner.count / LOOKS)), MOST_INTERVALS);
  }

  /** Starts a new service before the next scan would. */
  #waitForQuiet(): void {
    this.#quiet?.cancel();
    this.#quiet = this.surroundings.timers.after(QUIET, () => {
      if (this.scanner.scanForNew()) this.#waitForQuiet();
    });
  }

  /**
   * Has the kernel tell of all that may change what there is to do, but for a link further up in a path, a mount, and a
   * file system that others change, too.
   *
   * @returns whether it has told of all that since before this look
   */
  #askToBeTold(): boolean {
    const { parents } = this.scanner;
    const areNew = parents !== this.#parents;
    if (areNew) this.#watch(parents);
    return this.#hears(this.#here) &&
      (parents.length === 0 || (!areNew && this.#hears(this.#elsewhere)));
  }

  #hears(watch: DirectoryWatch | undefined): boolean {
    return watch !== undefined && this.surroundings.poller.has(watch.fd);
  }

  /** Watches `parents` instead of those before. */
  #watch(parents: readonly ByteString[]): void {
    if (this.#elsewhere !== undefined) {
      this.surroundings.poller.remove(this.#elsewhere.fd);
      this.#elsewhere.close();
    }
    this.#parents = parents;
    this.#elsewhere = parents.length === 0
      ? undefined
      : unlessRefused(() => DirectoryWatch.open(parents));
    this.#listen();
  }

  /** Listens for a change elsewhere: for one, since what else happens there may be no concern of ours. */
  #listen(): void {
    const { poller } = this.surroundings;
    const watch = this.#elsewhere;
    if (watch === undefined) return;
    watch.clear();
    if (this.#hears(watch)) return;
    unlessRefused(() =>
      poller.add(watch.fd, () => {
        poller.remove(watch.fd);
        this.soon();
      })
    );
  }
}
