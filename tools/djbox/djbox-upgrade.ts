// SPDX-License-Identifier: 0BSD
/**
 * djbox-upgrade - has a running svscan go on as the djbox that is installed now
 *
 * Synopsis: djbox upgrade [ DIR ]
 *
 * Sends the svscan of DIR (default: svscanboot's) a SIGHUP and waits until it has started itself over: it keeps its
 * pid, services and log pipes, and nobody else notices. What can't be started, or can't take over, svscan refuses with
 * a message of its own; it goes on as it was then.
 *
 * Exit codes: 0; 100 wrong usage; 111 there is no upgrade.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../../lib/os/bytes.ts";
import { monotonic } from "../../lib/os/clock.ts";
import { SIGHUP } from "../../lib/os/constants.ts";
import { unlessRefused } from "../../lib/os/errno.ts";
import { readFile } from "../../lib/os/file.ts";
import { sleep } from "../../lib/os/poll.ts";
import { kill } from "../../lib/os/process.ts";
import { maskOf } from "../../lib/os/signal.ts";
import { stat } from "../../lib/os/stat.ts";
import { type Failure, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { attempt, refusal, say } from "../../lib/package/messages.ts";
import { concealedScanner, findScanners, isOwn, looksAfter } from "../../lib/package/running.ts";
import { isHandingOver } from "../../lib/supervise/handover.ts";
import { serviceDirectory } from "../../lib/supervise/place.ts";

const USAGE = "usage: djbox upgrade [ dir ]";

export const djboxUpgrade: Tool = { usage: USAGE, run };

function run({ name, args }: Context): Outcome {
  const [directory, ...more] = args;
  if (more.length > 0 || directory?.startsWith("-")) throw usageError(name, USAGE);
  const pids = upgradable(directory ?? serviceDirectory());
  for (const pid of pids) startOver(pid);
  for (const pid of pids) say(`svscan (pid ${pid}) has started over`);
  return 0;
}

function refuse(text: ByteString): Failure {
  return refusal(`unable to upgrade: ${text}`);
}

/** The svscans of djbox's that run in `directory`. */
function upgradable(directory: ByteString): number[] {
  attempt(`stat ${directory}`, () => stat(directory));
  const found = findScanners().filter(isOwn).filter((scanner) => looksAfter(scanner, directory));
  const ours = found.map(({ pid }) => pid).filter(readsHup);
  if (ours.length > 0) return ours;
  const concealed = concealedScanner();
  if (concealed === undefined) throw refuse(`no svscan of djbox's runs in ${directory}`);
  throw refuse(`svscan (pid ${concealed}) is another user's: only root may do that`);
}

/** Whether it takes SIGHUP for what it is here: C's svscan, and one under nohup, do not. */
function readsHup(pid: number): boolean {
  return hasHup(pid, "SigBlk");
}

/** Whether SIGHUP is in a set of signals in /proc/PID/status, proc(5). */
function hasHup(pid: number, set: "SigBlk" | "ShdPnd"): boolean {
  const status = textOf(`/proc/${pid}/status`);
  const mask = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0";
  return (BigInt("0x" + mask) & maskOf([SIGHUP])) !== 0n;
}

function textOf(path: ByteString): ByteString {
  return fromBytes(unlessRefused(() => readFile(path)) ?? new Uint8Array());
}

/** How long svscan may be busy with something else; a refusal shows sooner. In milliseconds. */
const PATIENCE = 3000;
const PAUSE = 20;

/**
 * Has a svscan start itself over, and waits until it has. The addresses in /proc/PID/auxv are random: when they are other
 * ones, the process has become another program.
 */
function startOver(pid: number): void {
  const before = textOf(`/proc/${pid}/auxv`);
  if (before === "" || !kill(pid, SIGHUP)) {
    throw refuse(`svscan (pid ${pid}) is not ours to signal`);
  }
  for (let busy = monotonic(); monotonic() < busy + PATIENCE; sleep(PAUSE)) {
    const addresses = textOf(`/proc/${pid}/auxv`);
    if (addresses === "") throw refuse(`svscan (pid ${pid}) has ended`);
    if (isHandingOver(pid)) busy = monotonic();
    else if (addresses !== before) return;
  }
  // Somebody has stopped it, or debugs it.
  if (hasHup(pid, "ShdPnd")) {
    throw refuse(`svscan (pid ${pid}) does not answer; it will start over when it runs again`);
  }
  throw refuse(`svscan (pid ${pid}) goes on as it was; its messages say why`);
}
