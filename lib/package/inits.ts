// SPDX-License-Identifier: 0BSD
/**
 * The inits that are known: how each of them is told to have svscan run, and what tells that it is in use. That is asked
 * of what runs, never guessed from files that happen to lie about.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SIGHUP, X_OK } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { access, readlink } from "../os/file.ts";
import { commandName } from "../os/proc.ts";
import { isThere } from "./placing.ts";
import { beforeLastExit } from "./rc_local.ts";

/** What they are to run. */
export const BOOT = "/command/svscanboot";
/** System V's line in /etc/inittab, as daemontools' package/run writes it. */
export const SYSV_LINE = `SV:123456:respawn:${BOOT}`;
/** What tells that a file is ours. */
export const MARK = "# Written by djbox boot; djbox boot --remove takes it away.\n";

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
