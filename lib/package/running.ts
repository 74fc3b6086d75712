// SPDX-License-Identifier: 0BSD
/**
 * The svscan that runs, whose it is, and how it and what it looks after are brought down.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { SIGTERM, W_OK } from "../os/constants.ts";
import { openDirectory } from "../os/directory.ts";
import { EACCES, succeeds, unlessRefused } from "../os/errno.ts";
import { access, close, readlink, realPath, writeAll } from "../os/file.ts";
import { isDirectory, isSameFile, stat } from "../os/stat.ts";
import { until } from "../os/poll.ts";
import { allProcesses, commandName, hasEnded, isConcealed } from "../os/proc.ts";
import { geteuid, getpid, kill } from "../os/process.ts";
import { EXIT_TEMPORARY } from "../cli/messages.ts";
import { checkSupervised, openControl } from "../supervise/client.ts";
import { refusal, say } from "./messages.ts";
import { isThere, namesIn } from "./placing.ts";

/** A process that looks after a directory of services: a svscan, or the supervise that a svscan left. */
export interface FoundScanner {
  readonly pid: number;
  readonly name: ByteString;
  /** Its executable. */
  readonly file: ByteString;
  readonly directory: ByteString;
}

/** The processes called `names` that we may look at, but for those of a container, whose files are other ones. */
export function findScanners(names: readonly ByteString[] = ["svscan"]): FoundScanner[] {
  return allProcesses().flatMap((pid) => {
    const name = unlessRefused(() => commandName(pid));
    if (name === undefined || !names.includes(name)) return [];
    const file = unlessRefused(() => readlink(`/proc/${pid}/exe`));
    const directory = unlessRefused(() => readlink(`/proc/${pid}/cwd`));
    if (file === undefined || directory === undefined) return [];
    const found = { pid, name, file, directory };
    return sharesFiles(found) ? [found] : [];
  });
}

/**
 * Whether the paths of a process are ours, too. Where it has other mounts (mount_namespaces(7)), /proc shows paths that
 * may lead to other files here: a container's /service is not the machine's.
 */
function sharesFiles({ pid, file, directory }: FoundScanner): boolean {
  const mounts = (of: number | "self"): ByteString | undefined =>
    unlessRefused(() => readlink(`/proc/${of}/ns/mnt`));
  return mounts(pid) === mounts("self") ||
    isSameFile(`/proc/${pid}/exe`, file) && isSameFile(`/proc/${pid}/cwd`, directory);
}

/** Whether it is our user's: anybody may call a process svscan, and have it stand where he likes. */
export function isOwn({ pid }: FoundScanner): boolean {
  return unlessRefused(() => stat(`/proc/${pid}`))?.uid === geteuid();
}

/** Whether it is `directory` that a process looks after. */
export function looksAfter({ pid }: FoundScanner, directory: ByteString): boolean {
  return isSameFile(`/proc/${pid}/cwd`, directory);
}

/** One of the processes called `names` that is another user's, so that `findScanners` does not find it. */
export function concealedScanner(names: readonly ByteString[] = ["svscan"]): number | undefined {
  return allProcesses().find((pid) =>
    names.includes(unlessRefused(() => commandName(pid)) ?? "") && isConcealed(pid)
  );
}

/** What a process is called until it has become the tool that it is to be: that takes some 15 ms. */
const UNNAMED = ["deno", "djbox"];
const BIRTH = 2000;

/**
 * Waits, if not for long, until no process of an installation in `admin` is still starting: a svscan that was ended just
 * now may have left its services to a supervise that is not called so yet.
 */
function awaitStarts(admin: ByteString): void {
  until(() => !scannersOf(admin, UNNAMED).some(({ pid }) => pid !== getpid()), BIRTH);
}

/** The services in `directory`. */
export function servicesIn(directory: ByteString): ByteString[] {
  return namesIn(directory).filter((name) => !name.startsWith("."))
    .map((name) => `${directory}/${name}`)
    .filter((path) => {
      const found = unlessRefused(() => stat(path));
      return found !== undefined && isDirectory(found);
    });
}

/** What `action` returns for a descriptor of `directory`. */
export function inDirectory<T>(directory: ByteString, action: (at: number) => T): T {
  const at = openDirectory(directory);
  try {
    return action(at);
  } finally {
    close(at);
  }
}

/** Whether somebody supervises `service`, as svok(8) finds out. */
export function isSupervised(service: ByteString): boolean {
  return succeeds(() => inDirectory(service, checkSupervised));
}

/** Sends letters to the supervise of a service, if there is one. */
function control(service: ByteString, letters: ByteString): void {
  unlessRefused(() =>
    inDirectory(service, (directory) => {
      const fifo = openControl(directory);
      try {
        writeAll(fifo, toBytes(letters));
      } finally {
        close(fifo);
      }
    })
  );
}

/** How long a svscan has to end, and how long services have, in milliseconds. */
const PATIENCE = 5000;
const SERVICE_PATIENCE = 10_000;

/** Whether there is none of it any more; its pid may be another's by now. */
function isGone({ pid, name }: FoundScanner): boolean {
  return hasEnded(pid) || commandName(pid) !== name;
}

/**
 * Ends the services in the directory of `scanner`, a svscan that has ended or a supervise, then their loggers, which have
 * read everything by then. Returns the services that have not ended.
 */
function bringDown(scanner: FoundScanner): ByteString[] {
  const { directory } = scanner;
  // Not before: it may just have been about to start some. A supervise of one service is in its directory.
  const services = isSupervised(directory)
    ? [directory]
    : servicesIn(directory).filter((path) => isSupervised(path) || isSupervised(`${path}/log`));
  for (const service of services) control(service, "dx");
  const loggers = services.map((service) => `${service}/log`).filter(isThere);
  until(() => !services.some(isSupervised), SERVICE_PATIENCE);
  // A logger exits at the end of its input.
  for (const logger of loggers) control(logger, "x");
  if (!until(() => !loggers.some(isSupervised), PATIENCE)) {
    for (const logger of loggers) control(logger, "dx");
    until(() => !loggers.some(isSupervised), SERVICE_PATIENCE);
  }
  return [...services, ...loggers].filter(isSupervised);
}

/** The processes called `names` of an installation in `admin`; see `findScanners`. */
export function scannersOf(admin: ByteString, names?: readonly ByteString[]): FoundScanner[] {
  const versions = `${unlessRefused(() => realPath(admin)) ?? admin}/djbox-`;
  return findScanners(names).filter(({ file }) => file.startsWith(versions));
}

/** What may be left of a svscan: it itself, or the supervise that went on after it. */
const SUPERVISING = ["svscan", "supervise"];
const STILL_THERE = "was told to stop, and has not ended yet";

function tellOf({ name, pid, directory }: FoundScanner, what: string): void {
  say(`${name} (pid ${pid}), which looked after ${directory}, ${what}`);
}

/**
 * Stops the services that an installation in `admin` looks after, their loggers, and what looks after them. Returns 0,
 * or 111 where one does not end.
 *
 * @throws Failure where it may be another user's, and nothing could be said of it
 */
export function stopOurs(admin: ByteString): number {
  let code = 0;
  awaitStarts(admin);
  const concealed = concealedScanner(SUPERVISING);
  // An installation of one's own has nothing to do with root's svscan.
  if (concealed !== undefined && access(admin, W_OK) === EACCES) {
    throw refusal(`process ${concealed} is another user's: only root may do that`);
  }
  const supervising = scannersOf(admin, SUPERVISING);
  // All of them first: one would start again what is told to end in the directory of another.
  const scanners = supervising.filter(({ name }) => name === "svscan");
  for (const { pid } of scanners) kill(pid, SIGTERM);
  if (!until(() => scanners.every(isGone), PATIENCE)) {
    // It could leave its services to nobody, and would start again what is told to end. (Process 1 is about to end them.)
    const stuck = scanners.filter((scanner) => scanner.pid !== 1 && !isGone(scanner));
    for (const scanner of stuck) tellOf(scanner, STILL_THERE);
    if (stuck.length > 0) return EXIT_TEMPORARY;
  }
  // A logger has everything only when its service has ended; who looks after one of them alone is in its directory.
  const isLoggers = ({ directory }: FoundScanner): number => directory.endsWith("/log") ? 1 : 0;
  for (const scanner of supervising.toSorted((a, b) => isLoggers(a) - isLoggers(b))) {
    const left = bringDown(scanner);
    // A supervise ends when the last of its services has.
    const ended = until(() => isGone(scanner), left.length === 0 ? PATIENCE : 0);
    tellOf(scanner, ended ? "has been stopped" : STILL_THERE);
    for (const service of left) say(`${service} ${STILL_THERE}`);
    if (left.length > 0 || !ended) code = EXIT_TEMPORARY;
  }
  return code;
}
