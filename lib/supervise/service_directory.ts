// SPDX-License-Identifier: 0BSD
/**
 * A service directory as supervise(8) sees it, and the files it keeps there:
 *
 *   run                  the program
 *   down                 if it is there, the service is not started by itself
 *   supervise/lock       held (flock) while somebody supervises; what is in it: record.ts
 *   supervise/control    FIFO: svc writes command letters
 *   supervise/ok         FIFO: has a reader while somebody supervises
 *   supervise/status     see status_file.ts; written as status.new and renamed
 *
 * The directory is kept open, and everything is done relative to it, as a process of its own would that had
 * changed into it: moving or replacing the directory does not disturb the service.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { O_NONBLOCK, O_RDONLY } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { close, ftruncate, nextByte, open, rename, write } from "../os/file.ts";
import { FileVersion, fstat, isRegular, lstat, statIfThere } from "../os/stat.ts";
import { cString } from "../os/c_string.ts";
import { isGoneDirectory, openDirectory } from "../os/directory.ts";
import { orFatal, warn } from "../cli/messages.ts";
import { type SupervisionRecord } from "./record.ts";
import { encodeStatus, type Status, STATUS_SIZE } from "./status_file.ts";
import {
  isFit,
  makeFifo,
  openFresh,
  openSupervise,
  ownLock,
  putRecord,
  SUPERVISE,
} from "./supervise_files.ts";

/** The descriptors that make up the supervision of a service. */
export interface Descriptors {
  /** The directory itself. */
  readonly directory: number;
  readonly lock: number;
  /** Readable when there is a command letter. */
  readonly control: number;
  /** -1 until the service counts as supervised. */
  readonly ok: number;
}

const PATHS = {
  supervise: cString("supervise"),
  lock: cString("supervise/lock"),
  control: cString("supervise/control"),
  ok: cString("supervise/ok"),
};

/** Whether trouble is to be told. */
export type Tone = "aloud" | "quietly";

export class ServiceDirectory {
  #fds: Descriptors;
  /** Of supervise, when what is in it was found in place: whoever removes or replaces something there changes it. */
  #inPlace: FileVersion | undefined;
  /** Whether the lock that is open is one to write into; undefined: nobody has looked. */
  #keepsRecords: boolean | undefined;

  /**
   * @param name the directory as it was given: what messages call it
   * @param fds what has been opened, here or by the process that handed it on
   */
  constructor(readonly name: ByteString, fds: Descriptors) {
    this.#fds = fds;
  }

  /**
   * Takes over the supervision of a directory, up to the point where others are told (`markSupervised`).
   *
   * @param name the directory, relative to the descriptor `at`
   * @returns the directory, and whether there is a file called down in it (of whatever type)
   * @throws Failure 111 with supervise's message
   */
  static open(name: ByteString, at: number): { directory: ServiceDirectory; down: boolean } {
    const directory = orFatal(
      SUPERVISE,
      `unable to chdir to ${name}`,
      () => openDirectory(name, at),
    );
    try {
      const down = orFatal(
        SUPERVISE,
        `unable to stat ${name}/down`,
        () => statIfThere("down", directory) !== undefined,
      );
      const fds = { directory, ...openSupervise(name, directory), ok: -1 };
      return { directory: new ServiceDirectory(name, fds), down };
    } catch (error) {
      close(directory);
      throw error;
    }
  }

  /** Whether the service directory itself was removed; not where its file system does not tell. */
  get isRemoved(): boolean {
    const { directory } = this.#fds;
    // One that was in a lower layer of overlayfs keeps its link.
    return unlessRefused(() => fstat(directory).links === 0 || isGoneDirectory(directory)) === true;
  }

  /** Whether the files in supervise are no longer those that we have open: somebody has removed or replaced them. */
  get isDisturbed(): boolean {
    const { directory, lock, control, ok } = this.#fds;
    if (this.#inPlace?.isUnchangedAt(PATHS.supervise, directory) === true) return false;
    // As it was before, so that what is changed meanwhile is seen the next time.
    const before = unlessRefused(() => FileVersion.at(PATHS.supervise, directory));
    this.#inPlace = undefined;
    const areInPlace = this.#isInPlace("lock", lock) && this.#isInPlace("control", control) &&
      ok >= 0 && this.#isInPlace("ok", ok);
    if (areInPlace && !this.lacksStatus) this.#inPlace = before;
    return !areInPlace;
  }

  /**
   * Whether somebody has removed the status file, or put something else in its place. Where `isDisturbed` has found all in
   * place just now, it is known that nobody has.
   */
  get lacksStatus(): boolean {
    if (this.#inPlace !== undefined) return false;
    const status = unlessRefused(() => lstat("supervise/status", this.#fds.directory));
    return status === undefined || !isRegular(status) || status.size !== STATUS_SIZE;
  }

  #isInPlace(name: "lock" | "control" | "ok", fd: number): boolean {
    const { directory } = this.#fds;
    // In some file systems (fuse(4)) nothing can be told of a FIFO that has lost its name.
    if (unlessRefused(() => fstat(fd).isAt(PATHS[name], directory)) === true) return true;
    // This throws where it cannot be found out.
    const there = statIfThere(`supervise/${name}`, directory);
    return there !== undefined && there.identity === fstat(fd).identity;
  }

  /**
   * Makes supervise anew. Others find the service supervised again when `markSupervised` has been called.
   *
   * @throws Failure 111 with supervise's message; then everything is as it was
   */
  remake(): void {
    const { directory, lock, control, ok } = this.#fds;
    // One that is in place can't be locked a second time, not even by us.
    const inPlace = orFatal(
      SUPERVISE,
      `unable to stat ${this.name}/supervise/lock`,
      () => this.#isInPlace("lock", lock),
    );
    const kept = inPlace ? lock : undefined;
    const fresh = openSupervise(this.name, directory, kept);
    if (kept === undefined) close(lock);
    close(control);
    if (ok >= 0) close(ok);
    this.#fds = { directory, ...fresh, ok: -1 };
    this.#inPlace = undefined;
    this.#keepsRecords = undefined;
  }

  /** From now on svok, svc and svstat find it supervised. The status file must have been written. */
  markSupervised(): void {
    makeFifo("supervise/ok", this.#fds.directory);
    const ok = orFatal(
      SUPERVISE,
      `unable to read ${this.name}/supervise/ok`,
      () => open("supervise/ok", O_RDONLY | O_NONBLOCK, 0, this.#fds.directory),
    );
    this.#fds = { ...this.#fds, ok };
    this.#inPlace = undefined;
  }

  get descriptors(): Descriptors {
    return this.#fds;
  }

  /** Ends the supervision; the files stay. */
  close(): void {
    for (const fd of Object.values(this.#fds)) if (fd >= 0) close(fd);
  }

  /** The next command letter in the control FIFO, or undefined when there is none. */
  nextLetter(): string | undefined {
    const letter = nextByte(this.#fds.control);
    return letter === undefined ? undefined : String.fromCharCode(letter);
  }

  /**
   * Puts command letters into the control FIFO, as svc does: where the service is just being started, they wait. Returns
   * whether they are there: it may be full.
   */
  send(letters: string): boolean {
    return unlessRefused(() => write(this.#fds.control, toBytes(letters))) === letters.length;
  }

  /**
   * Leaves a record behind, in the lock file, if that is one to write into. A file system that refuses it is no reason to
   * stop. Returns whether there is nothing left to write.
   */
  writeRecord(record: SupervisionRecord): boolean {
    try {
      this.#keepsRecords ??= this.#takeLock();
      return !this.#keepsRecords || putRecord(this.#fds.lock, record);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false;
    }
  }

  /** Has the lock be a file of ours, if it can be. Returns whether it is one to write into. */
  #takeLock(): boolean {
    const { directory, lock } = this.#fds;
    if (this.#isInPlace("lock", lock)) {
      this.#fds = { ...this.#fds, lock: ownLock(lock, directory) };
      this.#inPlace = undefined;
    }
    return isFit(this.#fds.lock, directory);
  }

  /** Takes the record away: supervision ends as it should. */
  clearRecord(): void {
    const { directory, lock } = this.#fds;
    unlessRefused(() => {
      if (isFit(lock, directory)) ftruncate(lock, 0);
    });
  }

  /**
   * Writes the status file. Where that fails, a warning, if trouble is to be told aloud; supervision goes on. Returns
   * whether it is written.
   */
  writeStatus(status: Status, how: Tone): boolean {
    const fresh = `${this.name}/supervise/status.new`;
    const at = this.#fds.directory;
    let step = `unable to open ${fresh}`;
    let fd = -1;
    try {
      fd = openFresh("supervise/status.new", at);
      step = `unable to write ${fresh}`;
      if (write(fd, encodeStatus(status)) < STATUS_SIZE) {
        if (how === "aloud") warn(SUPERVISE, `${step}: partial write`);
        return false;
      }
      step = `unable to rename ${fresh} to status`;
      rename("supervise/status.new", "supervise/status", at);
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (how === "aloud") warn(SUPERVISE, step, error);
      return false;
    } finally {
      if (fd >= 0) close(fd);
    }
  }
}
