// SPDX-License-Identifier: 0BSD
/**
 * package/run's part of booting: has svscan started now and at every boot, or says why not.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { O_RDWR, W_OK } from "../os/constants.ts";
import { EACCES, SystemError } from "../os/errno.ts";
import { access, close, open } from "../os/file.ts";
import { commandName } from "../os/proc.ts";
import { exitCodeOf, kill, type Mapping, signalOf, waitFor } from "../os/process.ts";
import { EXIT_TEMPORARY, reasonOf } from "../cli/messages.ts";
import { spawnProgram } from "../cli/spawn.ts";
import type { Context } from "../cli/tool.ts";
import { type Changes } from "./changes.ts";
import {
  hasEntry,
  type Init,
  INITS,
  otherEntry,
  removeEntry,
  runningInit,
  writeEntry,
} from "./init.ts";
import { DEBIAN_PLACE, ORIGINAL_PLACE } from "../supervise/place.ts";
import { attempt, refusal, say } from "./messages.ts";
import {
  awaitStarts,
  concealedScanner,
  findScanners,
  isSupervised,
  stop,
  until,
} from "./running.ts";

const BOOT_PROGRAM = "svscanboot";

/** The init called `name`. */
export function initCalled(name: ByteString): Init {
  const init = INITS.find((init) => init.name === name);
  if (init !== undefined) return init;
  throw refusal(`there is no init called ${name}: ${INITS.map(({ name }) => name).join(", ")}`);
}

/**
 * Writes the entry that has svscan started at boot.
 *
 * @param asked the init that it is for; undefined: the one in use
 * @returns what is to be done when all has gone well: saying so, and starting svscan now
 */
export function boot(
  context: Context,
  root: ByteString,
  asked: Init | undefined,
  changes: Changes,
): () => void {
  const running = root === "" ? runningInit() : undefined;
  const init = asked ?? running;
  const other = init === undefined ? undefined : otherEntry(root);
  if (init === undefined || other !== undefined) {
    return () => {
      say(
        other === undefined
          ? unknownInit(root)
          : `${other} has svscan started at boot already; nothing was added`,
      );
      if (root === "") tellRunning();
    };
  }
  const written = writeEntry(init, root, changes);
  return () => {
    for (const path of written) say(`${path} has svscan started at boot (${init.name})`);
    if (written.length === 0) say(`svscan is started at boot already (${init.name})`);
    if (init === running) startNow(context, init);
  };
}

function unknownInit(root: ByteString): ByteString {
  const names = INITS.map(({ name }) => name).join(", ");
  if (root !== "") {
    return `nothing is booted from ${root} now; djbox boot --root DIR --init NAME adds svscan (${names})`;
  }
  return `process 1 is ${commandName(1)}, none of the inits that djbox knows (${names}): ` +
    "svscan is not started at boot, until that starts /command/svscanboot";
}

function startNow(context: Context, init: Init): void {
  if (tellRunning()) return;
  tell(context, init, init.start);
  say("svscan has been started");
}

/** Says what looks after the services already, if anything does. */
function tellRunning(): boolean {
  const running = findScanners().filter(({ directory }) =>
    [ORIGINAL_PLACE, DEBIAN_PLACE].includes(directory)
  );
  for (const { pid, file, directory } of running) {
    const advice = file.includes("/package/admin/djbox-")
      ? ""
      : "; djbox takeover has djbox's go on with its services";
    say(`svscan (pid ${pid}, ${file}) looks after ${directory} and goes on${advice}`);
  }
  return running.length > 0;
}

/** Removes the entries for all inits, and has svscan stopped by those that do that. Returns what was removed. */
export function unboot(
  context: Context,
  root: ByteString,
  changes: Changes,
): ByteString[] {
  const gone: ByteString[] = [];
  for (const init of INITS) {
    if (!hasEntry(init, root)) continue;
    const isRunning = root === "" && init.isRunning();
    for (const command of isRunning ? init.stop : []) order(context, command);
    gone.push(...removeEntry(init, root, changes));
    if (isRunning) tell(context, init, init.forget);
  }
  return gone;
}

function tell(context: Context, init: Init, commands: readonly (readonly ByteString[])[]): void {
  // What rc.local has in the background does not end.
  for (const command of commands) order(context, command, init.name !== "rc.local");
  if (init.signal !== undefined) kill(1, init.signal);
}

/** Runs a command, to its end if it is to be waited for. */
function order(context: Context, command: readonly ByteString[], waits = true): void {
  const shown = command.join(" ");
  try {
    const pid = spawnProgram(command, context.env.get("PATH"), context.env, context.inheritance);
    const ended = waits ? waitFor(pid) : undefined;
    if (ended === undefined || (signalOf(ended) === 0 && exitCodeOf(ended) === 0)) return;
    throw refusal(`${shown} has failed`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw refusal(`unable to run ${shown}: ${reasonOf(error)}`);
  }
}

/** How long init has to start anew what has ended, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Has a svscan of `tree` look after `directory`: init's, where that starts it by itself, else one in the background. Returns
 * when it supervises `services`.
 */
export function goOn(
  context: Context,
  tree: ByteString,
  directory: ByteString,
  services: readonly ByteString[],
): void {
  const init = runningInit();
  if (init?.name !== "inittab" || !hasEntry(init, "")) {
    const nothing = open("/dev/null", O_RDWR);
    const svscan = directory === ORIGINAL_PLACE ? [BOOT_PROGRAM] : ["svscan", directory];
    const argv = [`${tree}/command/pgrphack`, ...svscan];
    const descriptors: Mapping[] = [[nothing, 0], [nothing, 1], [nothing, 2]];
    const env = context.env.copy();
    env.set("PATH", `${tree}/command:${env.get("PATH") ?? ""}`);
    attempt(
      `run ${argv.join(" ")}`,
      () => spawnProgram(argv, undefined, env, { ...context.inheritance, descriptors }),
    );
    close(nothing);
  }
  if (!until(() => services.every(isSupervised), PATIENCE)) {
    throw refusal(`djbox's svscan does not look after ${directory}: start ${BOOT_PROGRAM}`);
  }
}

/** What may be left of a svscan: it itself, or the supervise that went on after it. */
const KEEPERS = ["svscan", "supervise"];

/**
 * Stops the services that an installation in `admin` looks after, their loggers, and what looks after them. Returns 0,
 * or 111 where one does not end.
 *
 * @throws Failure where it may be another user's, and nothing could be said of it
 */
export function stopOurs(admin: ByteString): number {
  let code = 0;
  awaitStarts(admin);
  const concealed = concealedScanner(KEEPERS);
  // An installation of one's own has nothing to do with root's svscan.
  if (concealed !== undefined && access(admin, W_OK) === EACCES) {
    throw refusal(`process ${concealed} is another user's: only root may do that`);
  }
  for (const scanner of findScanners(KEEPERS)) {
    if (!scanner.file.startsWith(`${admin}/djbox-`)) continue;
    const { pid, name, directory } = scanner;
    const left = stop(scanner);
    say(`${name} (pid ${pid}), which looked after ${directory}, has been stopped`);
    for (const service of left) say(`${service} was told to stop, and has not ended yet`);
    if (left.length > 0) code = EXIT_TEMPORARY;
  }
  return code;
}
