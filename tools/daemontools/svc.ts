// SPDX-License-Identifier: 0BSD
/**
 * svc - controls supervised services
 *
 * Synopsis: svc OPTS DIR ...
 *
 * Sends each letter of OPTS once, in their order, to the supervise of each service directory:
 *   -u  up: start it, and again whenever it ends       -d  down: TERM, then CONT; do not start it again
 *   -o  once: start it, do not start it again          -x  exit: supervise ends as soon as the service is down
 *   -p  pause: STOP          -c  continue: CONT        -h  HUP       -a  ALRM
 *   -i  INT                  -t  TERM                  -k  KILL
 *
 * Exit codes: 0, also where a directory could not be controlled (a warning says so); 100 wrong usage.
 *
 * See https://cr.yp.to/daemontools/svc.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { toBytes } from "../../lib/os/bytes.ts";
import { SIGPIPE } from "../../lib/os/constants.ts";
import { openDirectory } from "../../lib/os/directory.ts";
import { ENXIO, SystemError } from "../../lib/os/errno.ts";
import { close, writeAll } from "../../lib/os/file.ts";
import { setDisposition } from "../../lib/os/signal.ts";
import { getopt } from "../../lib/cli/getopt.ts";
import { warn } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { openControl } from "../../lib/supervise/client.ts";

const LETTERS = "udopchaitkx";
const USAGE = "options: u up, d down, o once, x exit, p pause, c continue, " +
  "h hup, a alarm, i interrupt, t term, k kill";

export const svc: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  setDisposition(SIGPIPE, "ignore");
  const { options, operands } = getopt(context, LETTERS, USAGE, { line: `svc ${USAGE}` });
  const letters = new Set(options.map(({ letter }) => letter));
  const commands = toBytes([...letters].join(""));
  for (const directory of operands) control(context.name, directory, commands);
  return 0;
}

function control(tool: string, directory: ByteString, commands: Uint8Array<ArrayBuffer>): void {
  const step = <T>(what: ByteString, action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno === ENXIO) warn(tool, `${what}: supervise not running`);
      else warn(tool, what, error);
      return undefined;
    }
  };
  const dir = step(`unable to chdir to ${directory}`, () => openDirectory(directory));
  if (dir === undefined) return;
  const fifo = step(`unable to control ${directory}`, () => openControl(dir));
  close(dir);
  if (fifo === undefined) return;
  step(`error writing commands to ${directory}`, () => writeAll(fifo, commands));
  close(fifo);
}
