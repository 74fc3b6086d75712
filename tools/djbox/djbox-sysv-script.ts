// SPDX-License-Identifier: 0BSD
/**
 * djbox-sysv-script - prints a System V script that starts and stops a supervised service by run level
 *
 * Synopsis: djbox sysv-script NAME
 *
 * The script (for /etc/init.d/NAME or /etc/rc.d/NAME) knows start, stop, restart and status. It lets the service
 * /service/NAME, and its logger, go up and down, and sees to it that svscan leaves a service alone that is not meant for
 * the run level: by a file `down` in its directory.
 *
 * Exit codes: 0; 100 wrong usage, or a NAME that is no service's.
 *
 * @module
 */
import { EXIT_USAGE, Failure, orFatal, usageError } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: djbox sysv-script name";

export const djboxSysvScript: Tool = { usage: USAGE, run };

function run({ name: tool, args }: Context): Outcome {
  const [name, ...more] = args;
  if (name === undefined || more.length > 0) throw usageError(tool, USAGE);
  // It goes into a shell script as it is.
  if (!/^[A-Za-z0-9_@+][A-Za-z0-9_@+.-]*$/.test(name)) {
    throw new Failure(EXIT_USAGE, `djbox: ${name} is no name of a service for a run level`);
  }
  orFatal(tool, "unable to write output", () => print(scriptFor(name)));
  return 0;
}

function scriptFor(name: string): string {
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${name}
# Required-Start:    $local_fs
# Required-Stop:     $local_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: ${name}, supervised by svscan
### END INIT INFO
#
# Run level script of /service/${name}, made by djbox sysv-script.
# svscan runs in all run levels; the file down keeps it from starting
# the service in those that it is not meant for.

PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin
SERVICE=/service/${name}
LOG=$SERVICE/log

if [ ! -d "$SERVICE" ]; then
  echo "$0: there is no $SERVICE" >&2
  exit 1
fi

# The directories that are supervised: the service, and its logger if it has one.
each() {
  "$@" "$SERVICE"
  if [ -d "$LOG" ]; then "$@" "$LOG"; fi
}

normally_up() { rm -f "$1/down"; }
normally_down() { : >"$1/down"; }

tell() {
  if [ -f "$1/down" ]; then
    echo "Service $1 should be down."
  else
    echo "Service $1 is controlled by svc."
  fi
  svstat "$1"
}

case "$1" in
  start)
    each normally_up
    each svc -u
    ;;
  stop)
    each normally_down
    each svc -d
    ;;
  restart)
    svc -t "$SERVICE"
    ;;
  status)
    each tell
    ;;
  *)
    echo "Usage: $0 {start|stop|restart|status}"
    exit 1
    ;;
esac
exit 0
`;
}
