// SPDX-License-Identifier: 0BSD
/**
 * A svscan of ours in the place of another package's, with the surroundings that the other one had: what it has its
 * services run with is what they have run with.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { O_RDWR } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { open, readFile, umask } from "../os/file.ts";
import { folderOf } from "../os/path.ts";
import { isSameFile } from "../os/stat.ts";
import { until } from "../os/poll.ts";
import { commandName, processFacts } from "../os/proc.ts";
import { type Mapping, takeDescriptor } from "../os/process.ts";
import { ALL_LIMITS, getLimit, type Limits, raiseHardLimit } from "../os/rlimit.ts";
import { Environment } from "../cli/environment.ts";
import { spawnProgram } from "../cli/spawn.ts";
import type { Context } from "../cli/tool.ts";
import { serviceDirectory } from "../supervise/place.ts";
import { hasEntry, hasLine, otherEntry } from "./boot_entry.ts";
import { runningInit } from "./inits.ts";
import { PACKAGE } from "./layout.ts";
import { isOurs } from "./links.ts";
import { attempt, refusal } from "./messages.ts";
import { linkAt } from "./placing.ts";
import { type FoundScanner, isSupervised } from "./running.ts";

/** What starts svscan, in any package; in others than ours it is a shell script. */
const BOOT_PROGRAM = "svscanboot";

/** The svscanboot that has started `scanner`; 0: there is none. */
function bootOf({ pid }: FoundScanner): number {
  const parent = processFacts(pid)?.parent ?? 0;
  return parent > 1 && commandName(parent) === BOOT_PROGRAM ? parent : 0;
}

/** What the svscan of another package runs with, and has its services run with. */
export interface Setting {
  /** The svscanboot that has started it, which sets all of this by itself; 0: there is none. */
  readonly bootPid: number;
  readonly env: Environment;
  readonly umask: number;
  /** The soft ones. */
  readonly limits: Limits;
  /** What it has as 0, 1 and 2. */
  readonly descriptors: readonly Mapping[];
}

/** To be asked for as long as it runs. */
export function settingOf(scanner: FoundScanner): Setting {
  const { pid } = scanner;
  const environ = attempt(`look at process ${pid}`, () => readFile(`/proc/${pid}/environ`));
  const status = attempt(`look at process ${pid}`, () => readFile(`/proc/${pid}/status`));
  const mask = /^Umask:\s*([0-7]+)$/m.exec(fromBytes(status))?.[1] ?? "022";
  return {
    bootPid: bootOf(scanner),
    env: new Environment(fromBytes(environ).split("\0").filter((text) => text !== "")),
    umask: parseInt(mask, 8),
    limits: new Map(ALL_LIMITS.map((resource) => [resource, getLimit(resource, pid).soft])),
    descriptors: [0, 1, 2].map((fd) => [
      // As before Linux 5.6.
      unlessRefused(() => takeDescriptor(pid, fd)) ?? open("/dev/null", O_RDWR),
      fd,
    ]),
  };
}

/**
 * Looks whether init leaves the place of `setting.bootPid`, when that ends, to djbox's.
 *
 * @throws Failure where it would start another svscanboot there, beside ours
 */
export function checkInit({ bootPid }: Setting): void {
  const init = runningInit();
  if (bootPid === 0 || init?.respawns !== true) return;
  if (init.line !== undefined && hasLine(init.line, "")) {
    if (isOurs(linkAt(`/command/${BOOT_PROGRAM}`))) return;
    throw refusal(
      `when its ${BOOT_PROGRAM} ends, init starts /command/${BOOT_PROGRAM}, which is another package's: ` +
        "package/install --replace puts djbox's there; nothing was changed",
    );
  }
  const file = otherEntry("");
  if (init.line === undefined || file !== init.line.file) return;
  throw refusal(
    `when its ${BOOT_PROGRAM} ends, init starts what ${file} says: have that say ${init.line.text()} ` +
      "instead, and init read it (kill -HUP 1); nothing was changed",
  );
}

/** How long init has to start anew what has ended, in milliseconds. */
const INIT_PATIENCE = 10_000;

/**
 * Has a svscan of `tree` look after `directory`: init's, where that starts it by itself, else one in the background. Returns
 * when it supervises `services`.
 *
 * @param setting what the svscan before it had
 */
export function goOn(
  context: Context,
  tree: ByteString,
  directory: ByteString,
  services: readonly ByteString[],
  setting: Setting,
): void {
  const init = setting.bootPid !== 0 ? runningInit() : undefined;
  if (init?.respawns !== true || !hasEntry(init, "")) {
    scanInBackground(context, tree, directory, setting);
  }
  if (!until(() => services.every(isSupervised), INIT_PATIENCE)) {
    const program = setting.bootPid !== 0 ? BOOT_PROGRAM : `svscan ${directory}`;
    throw refusal(`djbox's svscan does not look after ${directory}: start ${program}`);
  }
}

function scanInBackground(
  { inheritance }: Context,
  tree: ByteString,
  directory: ByteString,
  { bootPid, env, umask: mask, limits, descriptors }: Setting,
): void {
  const commands = `${inUse(tree)}/command`;
  const canBoot = isOurs(linkAt("/command/svscan")) &&
    isSameFile(directory, serviceDirectory());
  const argv = [
    `${commands}/pgrphack`,
    ...bootPid !== 0 && canBoot
      ? [`${commands}/${BOOT_PROGRAM}`]
      : [`${commands}/svscan`, directory],
  ];
  // Ours looks for supervise there, and would start another package's if it came first.
  env.set("PATH", `${commands}:${env.get("PATH") ?? ""}`);
  umask(mask);
  for (const [resource, soft] of limits) unlessRefused(() => raiseHardLimit(resource, soft));
  attempt(
    `run ${argv.join(" ")}`,
    () => spawnProgram(argv, undefined, env, { ...inheritance, limits, descriptors }),
  );
}

/** How the tree is called that is in use, if it is this one: what is started from there can be upgraded. */
function inUse(tree: ByteString): ByteString {
  const admin = folderOf(tree);
  const link = linkAt(`${admin}/${PACKAGE}`);
  return `${admin}/${link}` === tree ? `${admin}/${PACKAGE}` : tree;
}
