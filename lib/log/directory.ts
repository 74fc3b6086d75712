// SPDX-License-Identifier: 0BSD
/**
 * A log directory: `current`, which is written to, and old files, whose number is limited.
 *
 *   lock              whose flock(2) the writer holds
 *   current           mode 644 while it is being written, 744 when it is complete and on the disk
 *   @STAMP.s          an old file, complete and on the disk; the stamp is the time at which it was finished
 *   @STAMP.u          an old file that was being written when its writer died
 *   previous          the old file that the processor is reading
 *   processed         what the processor makes of it; mode 744 when that is complete and on the disk
 *   state, newstate   what the processor has left for its next run
 *
 * Whenever a writer dies, names and modes tell the next one what is complete and what is not.
 *
 * @module
 */
import { orFatal } from "../cli/messages.ts";
import type { ByteString } from "../os/bytes.ts";
import {
  LOCK_EX,
  LOCK_NB,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from "../os/constants.ts";
import { mkdir } from "../os/directory.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, fchmod, flock, fsync, open, rename, unlink, write } from "../os/file.ts";
import { type Stat, statIfThere } from "../os/stat.ts";
import { COMPLETE, type Place, retire, retireLeftover } from "./old_files.ts";
import { pauseAfter, persist } from "./persist.ts";
import { LF } from "../stream/layout.ts";
import { type Processor, runProcessor } from "./processor.ts";

const WRITING = 0o644;
/** The bit that tells 744 from 644. */
const COMPLETE_BIT = 0o100;

/** So close to the limit of its size a file is finished at the end of a line. */
const MARGIN = 2000;

/* No link is followed: a log directory may belong to a user who is not to have our files written over. */
const WRITE = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOFOLLOW;
const APPEND = WRITE | O_APPEND;

/** How a log directory is kept. */
export interface LogOptions {
  /** The tool, for messages. */
  readonly tool: string;
  /** The most bytes that `current` may have. */
  readonly size: number;
  /** How many files there may be, `current` among them; at least 2. */
  readonly number: number;
  /** What finished files are fed through; undefined: nothing. */
  readonly processor: Processor | undefined;
  /** A stamp for an old file, later than all before. */
  readonly nextStamp: () => ByteString;
}

/**
 * A file is to be finished behind the line that ends at `end` of the bytes that are being appended; how many bytes of
 * further lines it gets, `room` at most: see pieces.ts.
 */
export type RestOfPiece = (end: number, room: number) => number;

export class LogDirectory {
  readonly #place: Place;
  readonly #size: number;
  readonly #processor: Processor | undefined;
  /** `current`, and how many bytes it has. */
  #fd: number;
  #bytes: number;
  /** What `#from` has returned. */
  #view = new Uint8Array(0);

  /**
   * Opens the directory `path`, makes it if need be, and sets in order what an earlier writer has left.
   *
   * @throws Failure where it cannot be used; but it waits where what an earlier writer has left cannot be finished now
   */
  constructor(path: ByteString, options: LogOptions) {
    const { tool, size, number, processor, nextStamp } = options;
    const place = { tool, path, number, nextStamp, at: openLogDirectory(tool, path) };
    this.#place = place;
    this.#size = size;
    this.#processor = processor;
    orFatal(tool, `unable to lock directory ${path}`, () => lock(place.at));
    const current = statAtStart(place, "current");
    const complete = isComplete(current);
    if (!complete) recover(place);
    this.#bytes = complete ? current?.size ?? 0 : 0;
    this.#fd = orFatal(
      tool,
      `unable to ${complete ? "append" : "write"} to ${path}/current`,
      () => open("current", APPEND, WRITING, place.at),
    );
    orFatal(tool, `unable to set mode of ${path}/current`, () => fchmod(this.#fd, WRITING));
  }

  /** Appends the bytes from `from` to `to`, in as many files as it takes. Does not return before all are written. */
  append(bytes: Uint8Array<ArrayBuffer>, from: number, to: number, restOf: RestOfPiece): void {
    for (let at = from; at < to;) {
      if (this.#bytes >= this.#size) this.rotate();
      const end = this.#endInFile(bytes, at, to, restOf);
      const put = this.#write(this.#from(bytes, at), end - at);
      at += put;
      this.#bytes += put;
      // Behind a write that a full disk has cut short, too: as in the C tool.
      if (this.#bytes >= this.#size - MARGIN && bytes[at - 1] === LF) this.rotate();
    }
  }

  /**
   * How far from `at` on the bytes go into this file: if a newline comes within the margin of its limit, to the end of
   * that piece; else up to the limit.
   */
  #endInFile(bytes: Uint8Array, at: number, to: number, restOf: RestOfPiece): number {
    const room = this.#size - this.#bytes;
    if (to - at < room - MARGIN) return to;
    const end = Math.min(at + room, to);
    let last = at + Math.max(room - MARGIN - 1, 0);
    while (last < end && bytes[last] !== LF) last++;
    return last === end ? end : last + 1 + restOf(last + 1, end - last - 1);
  }

  /** `bytes` from `at` on. Mostly that is where the last ones stood, and then nothing is allocated. */
  #from(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#view;
    if (buffer !== bytes.buffer || byteOffset !== bytes.byteOffset + at) {
      this.#view = bytes.subarray(at);
    }
    return this.#view;
  }

  #write(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    for (;;) {
      try {
        return write(this.#fd, bytes, length);
      } catch (error) {
        const { tool, path } = this.#place;
        pauseAfter(tool, `unable to write to ${path}/current`, error);
      }
    }
  }

  /** Finishes `current` and begins another, unless it is empty: the ALRM signal. */
  rotateUnlessEmpty(): void {
    if (this.#bytes > 0) this.rotate();
  }

  /** Finishes `current`: it becomes an old file, or goes through the processor. Begins another. */
  rotate(): void {
    const { tool, path, at } = this.#place;
    this.#complete();
    close(this.#fd);
    if (this.#processor === undefined) {
      retire(this.#place, "current", "s");
    } else {
      persist(
        tool,
        `unable to rename current to previous in directory ${path}`,
        () => rename("current", "previous", at),
      );
    }
    this.#fd = persist(
      tool,
      `unable to create ${path}/current`,
      () => open("current", APPEND, WRITING, at),
    );
    this.#bytes = 0;
    persist(tool, `unable to set mode of ${path}/current`, () => fchmod(this.#fd, WRITING));
    if (this.#processor !== undefined) runProcessor(this.#place, this.#processor);
  }

  /** The end of the input: `current` is complete, and is gone on with another time. */
  finish(): void {
    this.#complete();
  }

  /** Brings `current` to the disk, and then says so by its mode. */
  #complete(): void {
    const { tool, path } = this.#place;
    persist(tool, `unable to write ${path}/current to disk`, () => fsync(this.#fd));
    persist(tool, `unable to set mode of ${path}/current`, () => fchmod(this.#fd, COMPLETE));
  }
}

function openLogDirectory(tool: string, path: ByteString): number {
  // Whether it is there is seen next.
  unlessRefused(() => mkdir(path, 0o700));
  // "/." asks for the permission to enter it.
  return orFatal(
    tool,
    `unable to open directory ${path}`,
    () => open(`${path}/.`, O_RDONLY | O_DIRECTORY | O_NONBLOCK),
  );
}

/** The lock is held as long as this process lives. */
function lock(at: number): void {
  flock(open("lock", APPEND, 0o600, at), LOCK_EX | LOCK_NB);
}

function statAtStart({ tool, path, at }: Place, file: ByteString): Stat | undefined {
  return orFatal(tool, `unable to stat ${path}/${file}`, () => statIfThere(file, at));
}

function isComplete(stat: Stat | undefined): boolean {
  return stat !== undefined && (stat.mode & COMPLETE_BIT) !== 0;
}

/** Sets in order what a writer left that died. Can be repeated: the next one may die here. */
function recover(place: Place): void {
  const { tool, path, at } = place;
  remove("state", at);
  remove("newstate", at);
  if (isComplete(statAtStart(place, "processed"))) {
    remove("previous", at);
    retireLeftover(place, "processed", "s");
  } else {
    remove("processed", at);
    retireLeftover(place, "previous", "u");
  }
  retireLeftover(place, "current", "u");
  const state = orFatal(
    tool,
    `unable to write to ${path}/state`,
    () => open("state", WRITE | O_TRUNC, 0o644, at),
  );
  close(state);
}

/** Removes a file that is not needed; where that fails, whoever needs the name will say so. */
function remove(file: ByteString, at: number): void {
  unlessRefused(() => unlink(file, at));
}
