// SPDX-License-Identifier: 0BSD
/**
 * svscan's half of supervision: which services there are, which of them have a log, and what runs for each.
 *
 * A service is a directory (or a link to one) in the working directory whose name does not begin with a dot. Where
 * it holds anything called log, a pipe joins the two, which outlives restarts of either side. The `supervise`
 * that PATH leads to is asked to look after each; where that is this toolbox itself, as it normally is, a
 * supervisor of this very process does (supervisor.ts), else the foreign program is started, as C's svscan does.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { now } from "../os/clock.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { openDirectory } from "../os/directory.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { close, pipe } from "../os/file.ts";
import { fstat, isDirectory, stat, statIfThere } from "../os/stat.ts";
import type { Mapping } from "../os/process.ts";
import { orWarn, warn } from "../cli/messages.ts";
import type { Context } from "../cli/tool.ts";
import { recoverLogPipe } from "./adoption.ts";
import { Entries, type Entry } from "./entries.ts";
import type { HandedKeeper, HandedService } from "./handed.ts";
import { packSupervisor, unpackSupervisor } from "./handover.ts";
import { type Held, heldPipes, LOGGER_END, LogPipes, type Pipe, SERVICE_END } from "./log_pipes.ts";
import {
  closePipe,
  isDirectoryRemoved,
  isKept,
  isSettled,
  newService,
  reapForeign,
  type Service,
  unlessOver,
} from "./service.ts";
import { type Keeper, startSupervise } from "./start_supervise.ts";
import type { Supervisor } from "./supervisor.ts";
import type { Surroundings } from "./surroundings.ts";

/** C's svscan has a table of this size. */
const MOST_SERVICES = 1000;
/** C's svscan looks for no log where the name is longer than this. */
const LONGEST_NAME_WITH_LOG = 255;

/** How long a logger has for the end of its input before it is sent TERM. */
const LOGGER_PATIENCE = 5000;

/** Whether it is a service's, or no directory. */
function isDone({ taken, found }: Entry<Service>): boolean {
  return taken !== undefined || (found !== undefined && !isDirectory(found));
}

export class Scanner {
  #looked = 0;
  /** By device and inode: a service may be renamed. */
  readonly #services = new Map<string, Service>();
  readonly #entries = new Entries<Service>();
  /** Those that were here at the last scan that had something to do. */
  #present: readonly Supervisor[] = [];
  /** Those of them whose entries were gone by then. */
  #unlinked: readonly Service[] = [];
  #ending = false;
  readonly #logPipes: LogPipes;
  /** What is held, for as long as a scan takes. */
  #held: ReadonlyMap<ByteString, readonly Held[]> | undefined;

  /** @param disturbed called when there is something to do again, other than a change in the file system */
  constructor(
    private readonly context: Context,
    private readonly surroundings: Surroundings,
    private readonly disturbed: () => void,
  ) {
    this.#logPipes = new LogPipes(context.name, surroundings);
  }

  /** The processes whose ends somebody here waits for. */
  pids(): number[] {
    const pid = (keeper: Keeper): number => typeof keeper === "object" ? keeper.pid : keeper ?? 0;
    return [...this.#keepers().map(pid), this.#logPipes.pid];
  }

  /** Sees to it that no log pipe depends on us alone. */
  #holdPipes(): void {
    const pipes = [...this.#services.values()].flatMap(({ pipe }) => pipe ?? []);
    this.#logPipes.hold(pipes);
    this.#held = undefined;
  }

  /** Nobody needs the log pipes any more. */
  release(): void {
    this.#logPipes.end();
  }

  /**
   * Brings everything down: each service, then its logger, which reads to the end of its input first. Nothing is
   * started any more.
   */
  shutDown(): void {
    if (this.#ending) return;
    this.#ending = true;
    for (const service of this.#services.values()) {
      if (typeof service.main === "object") service.main.send("dx");
      else this.#endLogger(service);
    }
  }

  /** The supervision of one half has ended. */
  #halfEnded(service: Service, half: "main" | "logger"): void {
    service[half] = undefined;
    this.#entries.unsettle();
    this.disturbed();
    if (this.#ending && half === "main") this.#endLogger(service);
  }

  #endLogger(service: Service): void {
    const { logger } = service;
    // Before its input ends: it is not to be started again, on a pipe that is none any more.
    if (typeof logger === "object") logger.tell("x");
    closePipe(service);
    if (typeof logger !== "object") return;
    // What the service has left running may have the pipe open for ever.
    this.surroundings.timers.after(LOGGER_PATIENCE, () => {
      if (service.logger === logger) logger.send("d");
    });
  }

  /** All supervisors that live in this process. */
  supervisors(): Supervisor[] {
    const found: Supervisor[] = [];
    for (const { main, logger } of this.#services.values()) {
      if (typeof main === "object") found.push(main);
      if (typeof logger === "object") found.push(logger);
    }
    return found;
  }

  #keepers(): Keeper[] {
    return [...this.#services.values()].flatMap(({ main, logger }) => [main, logger]);
  }

  /** All that goes on, ready to travel. */
  pack(): HandedService[] {
    const pack = (keeper: Keeper): HandedKeeper =>
      typeof keeper === "object" ? packSupervisor(keeper) : keeper;
    return [...this.#services].map(([identity, { name, pipe, main, logger }]) => ({
      identity,
      name,
      pipe,
      main: pack(main),
      logger: pack(logger),
    }));
  }

  /** Goes on with what another scanner has packed. */
  unpack(services: readonly HandedService[]): void {
    for (const { identity, name, pipe, ...keepers } of services) {
      const service = newService(name, pipe);
      this.#services.set(identity, service);
      this.#logPipes.expectOthers();
      for (const half of ["main", "logger"] as const) {
        const handed = keepers[half];
        service[half] = typeof handed === "object"
          ? unlessOver(
            unpackSupervisor(handed, this.surroundings, () => this.#halfEnded(service, half)),
          )
          : handed;
      }
    }
  }

  /**
   * Looks for services that were not there before, and starts those that nobody is still putting together: no entry
   * of theirs is younger than a second.
   *
   * @returns whether there are some that are not finished yet
   */
  scanForNew(): boolean {
    if (this.#ending) return false;
    let unfinished = false;
    try {
      for (const entry of this.#entries.read()) {
        if (entry.taken !== undefined && entry.isSame) continue;
        const found = unlessRefused(() => stat(entry.name));
        if (found === undefined || !isDirectory(found)) continue;
        if (this.#services.has(found.identity)) continue;
        // What cannot be started is tried again, and complained about again, by the next scan.
        if (now().seconds - found.modified > 1) this.#consider(entry);
        else unfinished = true;
      }
    } catch (error) {
      // The next scan will say so.
      if (!(error instanceof SystemError)) throw error;
    }
    this.#holdPipes();
    return unfinished;
  }

  /**
   * Looks at the working directory once, and starts what is to be started.
   *
   * @returns whether there is nothing to do from now on as long as nothing changes
   */
  scan(): boolean {
    if (this.#ending) return false;
    const isUnchanged = unlessRefused(() => this.#entries.areSettled()) === true &&
      !this.#unlinked.some(isDirectoryRemoved);
    if (!isUnchanged) return this.#scanAll();
    this.#logPipes.look();
    return true;
  }

  #scanAll(): boolean {
    for (const service of this.#services.values()) {
      service.active = false; // until this scan sees its entry
      reapForeign(service);
    }
    const entries = this.#attempt("unable to read directory", () => this.#entries.read());
    if (entries === undefined) return false;
    for (const entry of entries) this.#consider(entry);
    for (const [identity, service] of this.#services) {
      if (!service.active) this.#retireIfRemoved(service, "removed");
      else this.#retireLogger(service);
      this.#dropIfGone(identity, service);
    }
    this.#holdPipes();
    this.#present = this.supervisors();
    const services = [...this.#services.values()];
    this.#unlinked = services.filter(({ active }) => !active);
    return services.every(isSettled) && entries.every(isDone) &&
      this.#entries.settle();
  }

  /** The directories that hold the services that are not in the working directory themselves. */
  get parents(): readonly ByteString[] {
    return this.#entries.parents;
  }

  /** How many supervisors there were at the last scan that had something to do. */
  get count(): number {
    return this.#present.length;
  }

  /** Has the next `most` supervisors look after their files: some at a time, so that a thousand cost no more. */
  look(most: number): void {
    const all = this.#present;
    for (let i = 0; i < Math.min(all.length, most); i++) {
      this.#looked = (this.#looked + 1) % all.length;
      if (all[this.#looked]?.look() !== false) continue;
      this.#entries.unsettle();
      this.disturbed();
    }
  }

  /**
   * A service whose directory was removed can't be started any more: it goes on until it ends, and its logger until it
   * has read all.
   *
   * @param manner "replaced": there is another directory of that name, and it is to end now
   */
  #retireIfRemoved(service: Service, manner: "removed" | "replaced"): void {
    const { name, main, logger } = service;
    if (!isDirectoryRemoved(service)) return;
    if (!service.removed) {
      const end = manner === "replaced"
        ? "made anew, the old one is to end"
        : "it will not be started again";
      this.#warn(`${name} was removed: ${end}`);
    }
    service.removed = true;
    if (typeof main === "object") main.tell(manner === "replaced" ? "xd" : "x");
    if (typeof logger === "object") logger.tell("x");
    if (service.main === undefined) closePipe(service);
  }

  /**
   * A logger whose directory was removed, and its service's was not, can't be started any more: it goes on until it ends,
   * and ends now where there is another one. What the service writes meanwhile waits in the pipe for that.
   */
  #retireLogger(service: Service): void {
    const { name, main, logger } = service;
    if (typeof logger !== "object" || service.retired === logger) return;
    if (!logger.directory.isRemoved || typeof main !== "object" || main.directory.isRemoved) return;
    const isThere = unlessRefused(() => statIfThere(`${name}/log`)) !== undefined;
    if (isThere) service.retired = logger;
    logger.tell(isThere ? "xd" : "x");
  }

  /** Tells a removed service that was called `name` to end. Returns whether it has still to. */
  #retireFormer(name: ByteString): boolean {
    for (const [identity, service] of this.#services) {
      if (service.name !== name || (service.main ?? service.logger) === undefined) continue;
      this.#retireIfRemoved(service, "replaced");
      if (!this.#dropIfGone(identity, service) && service.removed) return true;
    }
    return false;
  }

  #warn(what: ByteString): void {
    warn(this.context.name, what);
  }

  /** What `action` returns; undefined with a warning where the system refuses it. */
  #attempt<T>(what: ByteString, action: () => T): T | undefined {
    return orWarn(this.context.name, what, action);
  }

  /** Forgets a service that has no entry, and whose halves have ended. Returns whether it did. */
  #dropIfGone(identity: string, service: Service): boolean {
    if (service.active || service.main !== undefined || service.logger !== undefined) return false;
    closePipe(service);
    return this.#services.delete(identity);
  }

  #consider(entry: Entry<Service>): void {
    const { name, taken } = entry;
    if (taken !== undefined && isKept(taken) && entry.isSame) {
      taken.active = true;
      taken.name = name;
      return;
    }
    const found = entry.found = this.#attempt(`unable to stat ${name}`, () => stat(name));
    entry.taken = undefined;
    if (found === undefined || !isDirectory(found)) return;
    const service = this.#services.get(found.identity) ??
      (this.#retireFormer(name) ? undefined : this.#add(name, found.identity));
    if (service === undefined) return;
    entry.taken = service;
    service.active = true;
    service.name = name;
    // Who reads is there before somebody writes: should we be killed in between, no line is lost.
    if (service.pipe !== undefined) {
      service.logger ??= this.#keep("log", `${name}/log`, service, "logger", name);
    }
    service.main ??= this.#keep(name, name, service, "main");
  }

  #add(name: ByteString, identity: string): Service | undefined {
    if (this.#services.size >= MOST_SERVICES) {
      this.#warn(`unable to start ${name}: running too many services`);
      return undefined;
    }
    const log = name.length > LONGEST_NAME_WITH_LOG
      ? false
      : this.#attempt(`unable to stat ${name}/log`, () => statIfThere(`${name}/log`) !== undefined);
    if (log === undefined) return undefined;
    const ends = log
      ? this.#attempt(`unable to create pipe for ${name}`, () => this.#pipeOf(name))
      : undefined;
    if (log && ends === undefined) return undefined;
    const service = newService(name, ends);
    this.#services.set(identity, service);
    return service;
  }

  /** The log pipe of the service `name`: the one that it had when svscan was killed, or a new one. */
  #pipeOf(name: ByteString): Pipe {
    const held = (): ReadonlyMap<ByteString, readonly Held[]> => this.#held ??= heldPipes();
    const looksAfter = (directory: number): boolean => this.#looksAfter(fstat(directory).identity);
    const former = recoverLogPipe(name, held, looksAfter);
    if (former !== undefined) this.#logPipes.expectOthers();
    return former ?? pipe();
  }

  /** Whether a supervisor of ours has the directory: two services may have links to one log. */
  #looksAfter(identity: string): boolean {
    return this.supervisors().some(({ directory }) =>
      fstat(directory.descriptors.directory).identity === identity
    );
  }

  /**
   * Has `directory` looked after.
   *
   * @param shown what messages of svscan's call it
   * @param parent the directory that `directory` is in, for a logger
   */
  #keep(
    directory: ByteString,
    shown: ByteString,
    service: Service,
    half: "main" | "logger",
    parent?: ByteString,
  ): Keeper {
    const mappings: Mapping[] = service.pipe === undefined
      ? []
      : [half === "main" ? [service.pipe.writer, SERVICE_END] : [service.pipe.reader, LOGGER_END]];
    const at = parent === undefined
      ? AT_FDCWD
      : this.#attempt(`unable to switch to ${parent}`, () => openDirectory(parent));
    if (at === undefined) return undefined;
    try {
      const over = (): void => this.#halfEnded(service, half);
      const { context, surroundings } = this;
      return unlessOver(
        startSupervise(context, surroundings, { directory, shown, at, mappings, over }),
      );
    } finally {
      if (at !== AT_FDCWD) close(at);
    }
  }
}
