// SPDX-License-Identifier: 0BSD
/**
 * What starts svscan when the machine boots: an entry for the init that is in use. Which one that is, is asked of what
 * runs, never guessed from files that happen to lie about.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { SIGHUP, X_OK } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { access, readFile, readlink } from "../os/file.ts";
import { commandName } from "../os/proc.ts";
import { folderOf } from "../cli/tool.ts";
import { type Changes, targetOf } from "./changes.ts";
import { isOurs } from "./links.ts";
import { attempt, refusal } from "./messages.ts";
import { isThere, namesIn, resolveBelow } from "./placing.ts";
import { beforeLastExit } from "./rc_local.ts";

const BOOT = "/command/svscanboot";
/** System V's line in /etc/inittab, as daemontools' package/run writes it. */
const SYSV_LINE = `SV:123456:respawn:${BOOT}`;
/** What tells that a file is ours. */
const MARK = "# Written by djbox boot; djbox boot --remove takes it away.\n";

const UNIT = `${MARK}
[Unit]
Description=svscan, which looks after the services in /service
Documentation=man:svscan(8)

[Service]
ExecStart=${BOOT}
# Services first, then their loggers, so that no line is lost.
ExecStop=/command/djbox boot --stop
Restart=always

[Install]
WantedBy=multi-user.target
`;

const OPENRC_SCRIPT = `#!/sbin/openrc-run
${MARK}
description="svscan, which looks after the services in /service"
supervisor=supervise-daemon
command=${BOOT}

depend() {
	after localmount
	use net
}

stop_pre() {
	# Services first, then their loggers, so that no line is lost.
	/command/djbox boot --stop
}
`;

type Command = readonly ByteString[];

/** An init, and what svscan's entry is for it. */
export interface Init {
  readonly name: string;
  isRunning(): boolean;
  /** Files of our own: path, content, permissions. */
  readonly files: readonly (readonly [ByteString, ByteString, number])[];
  /** Links of our own: path, target. */
  readonly links: readonly (readonly [ByteString, ByteString])[];
  readonly line?: SharedLine;
  /** Whether it starts what its entry speaks of anew whenever that has ended, without being told to. */
  readonly respawns?: true;
  /** What makes init start, and stop, what its entry speaks of. */
  readonly start: readonly Command[];
  /** Whether `start` is svscanboot itself, which does not end. */
  readonly startGoesOn?: true;
  readonly stop: readonly Command[];
  /** What is to be run when the entry has gone. */
  readonly forget: readonly Command[];
  /** What tells process 1 that its file has changed. */
  readonly signal?: number;
}

/** What is added to a file that is everybody's. */
export interface SharedLine {
  readonly file: ByteString;
  text(): ByteString;
  /** What comes before the line where there is no such file yet, and the permissions of the file then. */
  readonly fresh: readonly [ByteString, number];
  /** Where in the file's text the line goes. */
  place(text: ByteString): number;
}

const UNITS = "/etc/systemd/system";
const RELOAD: Command = ["systemctl", "daemon-reload"];

export const INITS: readonly Init[] = [
  {
    name: "systemd",
    // sd_booted(3)
    isRunning: () => isThere("/run/systemd/system"),
    files: [[`${UNITS}/svscan.service`, UNIT, 0o644]],
    // As systemctl enable makes it.
    links: [[`${UNITS}/multi-user.target.wants/svscan.service`, "../svscan.service"]],
    start: [RELOAD, ["systemctl", "start", "svscan.service"]],
    stop: [["systemctl", "stop", "svscan.service"]],
    forget: [RELOAD],
  },
  {
    name: "openrc",
    isRunning: () => isThere("/run/openrc/softlevel"),
    files: [["/etc/init.d/svscan", OPENRC_SCRIPT, 0o755]],
    // As rc-update add makes it.
    links: [["/etc/runlevels/default/svscan", "/etc/init.d/svscan"]],
    start: [["rc-service", "svscan", "start"]],
    stop: [["rc-service", "svscan", "stop"]],
    forget: [],
  },
  {
    name: "inittab",
    isRunning: () => isInit() && isThere("/etc/inittab"),
    files: [],
    links: [],
    line: {
      file: "/etc/inittab",
      // The first field is a terminal in busybox's.
      text: () => isBusybox() ? `::respawn:${BOOT}` : SYSV_LINE,
      fresh: ["", 0o644],
      place: (text) => text.length,
    },
    respawns: true,
    start: [],
    stop: [],
    forget: [],
    signal: SIGHUP,
  },
  {
    name: "rc.local",
    isRunning: () => isInit() && !isThere("/etc/inittab") && access("/etc/rc.local", X_OK) === 0,
    files: [],
    links: [],
    line: {
      file: "/etc/rc.local",
      text: () => `${BOOT} &`,
      fresh: ["#!/bin/sh\n", 0o755],
      place: beforeLastExit,
    },
    start: [["/command/pgrphack", BOOT]],
    startGoesOn: true,
    stop: [],
    forget: [],
  },
];

/** Whether process 1 is a plain init, System V's or BSD's or busybox's. */
function isInit(): boolean {
  return commandName(1) === "init" && !isThere("/run/systemd/system") &&
    !isThere("/run/openrc/softlevel");
}

function isBusybox(): boolean {
  return unlessRefused(() => readlink("/proc/1/exe"))?.endsWith("/busybox") === true;
}

/** The init that has booted this machine; undefined: none that we know. */
export function runningInit(): Init | undefined {
  return INITS.find((init) => init.isRunning());
}

function textOf(path: ByteString): ByteString {
  return attempt(`read ${path}`, () => isThere(path) ? fromBytes(readFile(path)) : "");
}

/** Lines that start svscan: of a script or a table; of a unit, whose other lines may speak of it, too. */
const STARTS_SVSCAN = /^[^#\n]*\bsvscan(boot)?\b/m;
const UNIT_STARTS_SVSCAN = /^Exec\w*=[^\n]*\bsvscan(boot)?\b/m;

/** What starts svscan at boot already, and is not ours: a file. undefined: nothing. */
export function otherEntry(root: ByteString): ByteString | undefined {
  const filesIn = (folder: ByteString): ByteString[] => {
    const names = unlessRefused(() => namesIn(resolveBelow(root, folder))) ?? [];
    return names.map((name) => `${folder}/${name}`);
  };
  const units = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"]
    .flatMap(filesIn).filter((path) => path.endsWith(".wants")).flatMap(filesIn);
  const isOther = (starts: RegExp) => (path: ByteString): boolean => {
    const text = unlessRefused(() => fromBytes(readFile(resolveBelow(root, path)))) ?? "";
    return starts.test(text) && !text.includes(MARK) && !hasOurLine(text, root);
  };
  const other = ["/etc/inittab", "/etc/rc.local"].find(isOther(STARTS_SVSCAN)) ??
    units.find(isOther(UNIT_STARTS_SVSCAN));
  return other === undefined ? undefined : root + other;
}

/** Whether a line is there as `writeEntry` writes it, and what it starts is no other package's. */
function hasOurLine(text: ByteString, root: ByteString): boolean {
  return !startsAnother(root) &&
    text.split("\n").some((line) =>
      INITS.some((init) => init.line?.text() === line) || line === SYSV_LINE
    );
}

/** Whether what the lines start is there, and another package's: then so are the lines. */
function startsAnother(root: ByteString): boolean {
  return isThere(root + BOOT) && !isOurs(targetOf(root + BOOT));
}

/**
 * Writes the entry for `init` below `root`, as far as it is not there already. Returns what was written.
 *
 * @throws Failure where somebody else's file is in its place
 */
export function writeEntry(init: Init, root: ByteString, changes: Changes): ByteString[] {
  const written: ByteString[] = [];
  for (const [path, content, mode] of init.files) {
    if (isThere(root + path)) {
      const there = targetOf(root + path) === undefined ? textOf(root + path) : "";
      if (there === content) continue;
      // systemctl(1) mask puts a link there.
      if (!there.includes(MARK)) throw refusal(`${root + path} is not djbox's: move it away`);
    }
    changes.directory(folderOf(root + path));
    changes.file(toBytes(content), root + path, mode);
    written.push(root + path);
  }
  for (const [path, target] of init.links) {
    if (targetOf(root + path) === target) continue;
    changes.directory(folderOf(root + path));
    changes.link(target, root + path);
    written.push(root + path);
  }
  if (init.line === undefined) return written;
  const path = fileOf(init.line, root);
  const text = init.line.text();
  const [fresh, mode] = init.line.fresh;
  const old = isThere(path) ? textOf(path) : fresh;
  if (old.split("\n").includes(text)) return written;
  // Whoever adds something with echo(1) is not to add it to our line.
  const whole = old === "" || old.endsWith("\n") ? old : old + "\n";
  const at = init.line.place(whole);
  changes.directory(folderOf(path));
  changes.shared(toBytes(`${whole.slice(0, at)}${text}\n${whole.slice(at)}`), path, mode);
  return [...written, path];
}

/** Where the file of a line is: what is replaced is the file, not a link to it. */
function fileOf({ file }: SharedLine, root: ByteString): ByteString {
  return attempt(`read ${root}${file}`, () => resolveBelow(root, file));
}

/** Whether there is an entry of ours for `init` below `root`. */
export function hasEntry({ files, line }: Init, root: ByteString): boolean {
  return files.some(([path]) => textOf(root + path).includes(MARK)) ||
    (line !== undefined && !startsAnother(root) && hasLine(line, root));
}

/** Whether the line is there, whosever it is. */
export function hasLine(line: SharedLine, root: ByteString): boolean {
  return textOf(fileOf(line, root)).split("\n").includes(line.text());
}

/** Removes the entry for `init` below `root`, where it is ours. Returns what was removed or changed. */
export function removeEntry(init: Init, root: ByteString, changes: Changes): ByteString[] {
  if (!hasEntry(init, root)) return [];
  const own = [...init.files, ...init.links].map(([path]) => root + path).filter(isThere);
  for (const path of own) changes.remove(path);
  if (init.line === undefined) return own;
  const path = fileOf(init.line, root);
  const left = textOf(path).split("\n").filter((line) => line !== init.line?.text()).join("\n");
  changes.shared(toBytes(left), path, init.line.fresh[1]);
  return [...own, path];
}
