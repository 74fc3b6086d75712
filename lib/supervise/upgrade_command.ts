// SPDX-License-Identifier: 0BSD
/**
 * `djbox upgrade`: has an svscan start itself over, and sees that it does.
 *
 * The addresses in /proc/PID/auxv are random: when they are other ones, the process has become another program.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { monotonic } from "../os/clock.ts";
import { SIGHUP } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { readDirectory, readFile, readlink } from "../os/file.ts";
import { stat } from "../os/stat.ts";
import { sleep } from "../os/poll.ts";
import { allProcesses, isConcealed } from "../os/proc.ts";
import { kill } from "../os/process.ts";
import { maskOf } from "../os/signal.ts";
import { EXIT_TEMPORARY, Failure, orFatal } from "../cli/messages.ts";

/** How long svscan may be busy with something else; a refusal shows sooner. */
const PATIENCE = 3000;
const PAUSE = 20;

/** Upgrades each svscan of djbox's that runs in `directory`: their pids. Throws Failure where one is as it was. */
export function upgrade(directory: ByteString): number[] {
  const home = orFatal("djbox", `unable to stat ${directory}`, () => stat(directory)).identity;
  const found = allProcesses().filter((pid) => isScanner(pid, home));
  if (found.length === 0) {
    const concealed = allProcesses().find((pid) => isCalledSvscan(pid) && isConcealed(pid));
    if (concealed === undefined) refuse(`no svscan of djbox's runs in ${directory}`);
    refuse(`svscan (pid ${concealed}) is another user's: only root may do that`);
  }
  for (const pid of found) startOver(pid);
  return found;
}

function refuse(text: ByteString): never {
  throw new Failure(EXIT_TEMPORARY, `djbox: fatal: unable to upgrade: ${text}`);
}

/** Whether `pid` is an svscan in the directory that reads HUP: C's, and one under nohup, do not. */
function isScanner(pid: number, home: string): boolean {
  return isCalledSvscan(pid) &&
    unlessRefused(() => stat(`/proc/${pid}/cwd`))?.identity === home && readsHup(pid);
}

function isCalledSvscan(pid: number): boolean {
  return textOf(`/proc/${pid}/comm`) === "svscan\n";
}

function readsHup(pid: number): boolean {
  const mask = /^SigBlk:\s*([0-9a-f]+)$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? "0";
  return (BigInt("0x" + mask) & maskOf([SIGHUP])) !== 0n;
}

function textOf(path: ByteString): ByteString {
  return fromBytes(unlessRefused(() => readFile(path)) ?? new Uint8Array());
}

function startOver(pid: number): void {
  const before = textOf(`/proc/${pid}/auxv`);
  if (before === "" || !kill(pid, SIGHUP)) refuse(`svscan (pid ${pid}) is not ours to signal`);
  for (let busy = monotonic(); monotonic() < busy + PATIENCE; sleep(PAUSE)) {
    if (isOnTheWay(pid)) busy = monotonic();
    else if (textOf(`/proc/${pid}/auxv`) !== before) return;
  }
  refuse(`svscan (pid ${pid}) goes on as it was; its messages say why`);
}

/** Whether the state is still being handed on: the file that it is in is open. */
function isOnTheWay(pid: number): boolean {
  const folder = `/proc/${pid}/fd`;
  const open = unlessRefused(() => readDirectory(folder)) ?? [];
  return open.some((fd) =>
    unlessRefused(() => readlink(`${folder}/${fd}`))?.startsWith("/memfd:supervision") === true
  );
}
