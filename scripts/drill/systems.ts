// SPDX-License-Identifier: 0BSD
/**
 * Those that the drill compares: how each is started, told and asked.
 *
 * @module
 */
import { SYSTEM_PATH } from "../trial/installed.ts";

/** A suite of tools that supervises. */
export interface System {
  readonly name: string;
  /** Its commands come first in PATH; undefined: the machine's own. */
  readonly commands?: string;
  /** What looks after the folder of services, its working directory. */
  readonly scanner: readonly string[];
  /** The names of its processes, the scanner's among them. */
  readonly supervisors: readonly string[];
  /** The command that becomes the logger of ./main; undefined: the supervisor itself is the logger. */
  readonly logger?: string;
  /** What its commands call a service; undefined: by its directory. */
  readonly service?: string;
  /** A file that it needs beside the folder of services: its name, and what is in it. */
  readonly configuration?: readonly [name: string, content: string];
  /** Tells how a service is. */
  readonly status: string;
  /** Tells a service what to do: wanted down, wanted up. */
  readonly down: readonly string[];
  readonly up: readonly string[];
  /** Has the scanner of the working directory replaced by a newer version, where there is such a command. */
  readonly upgrade?: readonly string[];
}

const DAEMONTOOLS = {
  scanner: ["svscan"],
  supervisors: ["svscan", "supervise"],
  logger: "multilog s16777215 ./main",
  status: "svstat",
  down: ["svc", "-d"],
  up: ["svc", "-u"],
};

/** It logs into the file that a multilog would use. */
const SUPERVISORD = [
  "supervisord.conf",
  `[supervisord]
logfile=%(here)s/said
pidfile=%(here)s/supervisord.pid
[unix_http_server]
file=%(here)s/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/socket
[program:a]
command=%(here)s/sv/a/run
directory=%(here)s/sv/a
autorestart=true
stdout_logfile=%(here)s/sv/a/log/main/current
stdout_logfile_maxbytes=0
`,
] as const;
const SUPERVISORCTL = `supervisorctl -c ${SUPERVISORD[0]}`;

/** All of them; djbox's commands are in `commands`. */
export function systems(commands: string): readonly System[] {
  const all: readonly System[] = [
    { name: "djbox", commands, ...DAEMONTOOLS, upgrade: ["djbox", "upgrade", "."] },
    { name: "daemontools", ...DAEMONTOOLS },
    {
      name: "runit",
      scanner: ["runsvdir", "."],
      supervisors: ["runsvdir", "runsv"],
      logger: "svlogd ./main",
      status: "sv status",
      down: ["sv", "d"],
      up: ["sv", "u"],
    },
    {
      name: "s6",
      scanner: ["s6-svscan", "."],
      supervisors: ["s6-svscan", "s6-supervise"],
      logger: "s6-log s16777215 ./main",
      status: "s6-svstat",
      down: ["s6-svc", "-d"],
      up: ["s6-svc", "-u"],
    },
    {
      name: "supervisord",
      scanner: ["supervisord", "-ns", "-c", `../${SUPERVISORD[0]}`],
      supervisors: ["supervisord"],
      service: "a",
      configuration: SUPERVISORD,
      status: `${SUPERVISORCTL} status`,
      down: [SUPERVISORCTL, "stop"],
      up: [SUPERVISORCTL, "start"],
    },
  ];
  return all.filter(isInstalled);
}

/** PATH of everything that the system's cells run. */
export function pathOf({ commands }: System): string {
  return commands === undefined ? SYSTEM_PATH : `${commands}:${SYSTEM_PATH}`;
}

/** djbox may be installed where the others are looked for: its commands are links to it. */
function isInstalled(system: System): boolean {
  return pathOf(system).split(":").some((directory) => {
    try {
      const file = Deno.realPathSync(`${directory}/${system.scanner[0]}`);
      return system.commands !== undefined || !file.endsWith("/djbox");
    } catch {
      return false;
    }
  });
}
