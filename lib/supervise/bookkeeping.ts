// SPDX-License-Identifier: 0BSD
/**
 * What is written down of a service: in supervise/status for everybody (status_file.ts), and in supervise/lock for
 * whoever comes after a kill -9 (record.ts).
 *
 * The record goes before the status, and the intent to make a process before the process, so that at each moment what
 * stands there is true of what runs.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Time } from "../os/clock.ts";
import { unlessRefused } from "../os/errno.ts";
import { bootId, processFacts, ticksSinceBoot } from "../os/proc.ts";
import type { Mapping } from "../os/process.ts";
import type { Timer } from "../os/timers.ts";
import { pipeName } from "./log_pipes.ts";
import { NO_PIPE, type Phase } from "./record.ts";
import type { ServiceDirectory, Tone } from "./service_directory.ts";
import type { Status } from "./status_file.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long until it is tried again to write what could not be written, in milliseconds. */
const AGAIN = 1000;

export class Bookkeeping {
  /** When the last start was about to happen, in clock ticks since boot. */
  #ticks = 0;
  /** The log pipe, as the record calls it. */
  readonly #pipe: ByteString;
  /** The `since` of the record that was written last; undefined: it is not known what stands there. */
  #recorded: Time | undefined;
  /** Whether that record announces a start, and does not say how the service is. */
  #announcesStart = false;
  /** The `since` in the status file; undefined: it is not known. */
  #announced: Time | undefined;
  /** Set where something could not be written. */
  #again: Timer | undefined;

  /**
   * @param mappings the log pipe, where there is one
   * @param status how the service is now; its `since` is another object where it is another time
   * @param look called before what could not be written is tried again: the files may have been removed
   */
  constructor(
    private readonly directory: ServiceDirectory,
    mappings: readonly Mapping[],
    private readonly surroundings: Surroundings,
    private readonly status: () => Status,
    private readonly look: () => void,
  ) {
    // Now: the pipe may be closed by the time of a record that is written after a handover.
    const pipe = surroundings.adopts ? mappings[0]?.[0] : undefined;
    this.#pipe = pipe === undefined ? NO_PIPE : unlessRefused(() => pipeName(pipe)) ?? NO_PIPE;
  }

  /** The status file is another's, and says `since`. */
  assumeAnnounced(since: Time | undefined): void {
    this.#announced = since;
  }

  /** The `since` in the status file; undefined: it is not known. */
  get announced(): Time | undefined {
    return this.#announced;
  }

  /** Writes the record, where it is out of date, and the status file; later, where the file system refuses it. */
  write(how: Tone): void {
    const now = this.status();
    const { since, pid, paused } = now;
    if (this.#recorded !== since) this.#record(since, this.#phase(pid));
    // Nothing that is not there is paused.
    const status = { ...now, paused: paused && pid !== 0 };
    const written = this.directory.writeStatus(status, how);
    if (written) this.#announced = since;
    this.stop();
    const recorded = this.#recorded === since || !this.surroundings.adopts;
    if (written && recorded || this.directory.isRemoved) return;
    this.#again = this.surroundings.timers.after(AGAIN, () => {
      this.look();
      this.write("quietly");
    });
  }

  /** Leaves word that a process is about to be made. */
  intend(): void {
    const { since } = this.status();
    if (this.#announcesStart && this.#recorded === since) return;
    this.#ticks = ticksSinceBoot();
    this.#record(since, { kind: "starting", ticks: this.#ticks });
  }

  /** No process could be made: whoever searched for it would find another one. */
  intendNot(): void {
    this.#record(this.status().since, { kind: "idle" });
  }

  #record(since: Time, phase: Phase): void {
    if (!this.surroundings.adopts) return;
    const boot = unlessRefused(bootId);
    const written = boot !== undefined && this.directory.writeRecord({
      boot,
      before: this.#announced ?? since,
      since,
      pipe: this.#pipe,
      phase,
    });
    this.#recorded = written ? since : undefined;
    this.#announcesStart = phase.kind === "starting";
  }

  #phase(pid: number): Phase {
    if (pid === 0) return { kind: "idle" };
    const facts = unlessRefused(() => processFacts(pid));
    // Where there is no looking at it now, it is to be searched for.
    if (facts === undefined) return { kind: "starting", ticks: this.#ticks };
    return { kind: "running", pid, started: facts.started };
  }

  /** The files have been made anew: nothing stands in them. */
  startOver(): void {
    this.#recorded = undefined;
    this.write("aloud");
  }

  /** Leaves nothing for who comes after us. */
  clear(): void {
    if (this.surroundings.adopts) this.directory.clearRecord();
  }

  /** Whether something could not be written, and is to be tried again. */
  get areBehind(): boolean {
    return this.#again !== undefined;
  }

  /** Supervision has ended: says so for the last time. */
  finish(): void {
    this.write(this.directory.isRemoved ? "quietly" : "aloud");
    this.clear();
  }

  /** Nothing is written any more. */
  stop(): void {
    this.#again?.cancel();
    this.#again = undefined;
  }
}
