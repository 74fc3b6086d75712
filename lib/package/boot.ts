// SPDX-License-Identifier: 0BSD
/**
 * Has svscan started now and at every boot, or says why not; and the other way round.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SystemError } from "../os/errno.ts";
import { until } from "../os/poll.ts";
import { commandName } from "../os/proc.ts";
import { kill } from "../os/process.ts";
import { exitCodeOf, signalOf, waitFor } from "../os/wait.ts";
import { reasonOf } from "../cli/messages.ts";
import { spawnProgram } from "../cli/spawn.ts";
import type { Context } from "../cli/tool.ts";
import { type Changes, FILES_KEPT } from "./changes.ts";
import { hasEntry, otherEntry, removeEntry, writeEntry } from "./boot_entry.ts";
import { DEBIAN_PLACE, ORIGINAL_PLACE } from "../supervise/place.ts";
import { type Init, INITS, runningInit } from "./inits.ts";
import { isOurs } from "./links.ts";
import { refusal, say } from "./messages.ts";
import { findScanners, type FoundScanner, isOwn, looksAfter } from "./running.ts";

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
  const other = init === undefined || hasEntry(init, root) ? undefined : otherEntry(root);
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
  tell(context, init, init.start, init.startGoesOn === true ? "goOn" : "wait");
  // As long as it cannot be seen, whoever is to stop it finds none, and whoever boots starts another one.
  if (!until(() => scannersOfMachine().length > 0, PATIENCE)) {
    throw refusal(
      `${init.name} was to start svscan, and none runs after ${PATIENCE / 1000} seconds`,
    );
  }
  say("svscan has been started");
}

/** How long a svscan that was started has to be called so, in milliseconds. */
const PATIENCE = 5000;

/** The svscans that look after one of the places of a machine; what runs says where a link that is one leads. */
function scannersOfMachine(): FoundScanner[] {
  return findScanners().filter(isOwn).filter((found) =>
    [ORIGINAL_PLACE, DEBIAN_PLACE].some((place) => looksAfter(found, place))
  );
}

/** Says what looks after the services already, if anything does. */
function tellRunning(): boolean {
  const running = scannersOfMachine();
  for (const { pid, file, directory } of running) {
    const advice = isOurs(file) ? "" : "; djbox takeover has djbox's go on with its services";
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
    for (const command of isRunning ? init.stop : []) {
      // Also where it fails: it may have stopped some of them.
      changes.outcome = FILES_KEPT;
      order(context, command, "wait");
    }
    gone.push(...removeEntry(init, root, changes));
    if (isRunning) tell(context, init, init.forget, "wait");
  }
  return gone;
}

function tell(context: Context, init: Init, commands: Init["start"], then: Then): void {
  for (const command of commands) order(context, command, then);
  if (init.signal !== undefined) kill(1, init.signal);
}

/** Whether a command's end is to be waited for. */
type Then = "wait" | "goOn";

function order(context: Context, command: readonly ByteString[], then: Then): void {
  const shown = command.join(" ");
  try {
    const pid = spawnProgram(command, context.env.get("PATH"), context.env, context.inheritance);
    const ended = then === "wait" ? waitFor(pid) : undefined;
    if (ended === undefined || (signalOf(ended) === 0 && exitCodeOf(ended) === 0)) return;
    throw refusal(`${shown} has failed`);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw refusal(`unable to run ${shown}: ${reasonOf(error)}`);
  }
}
