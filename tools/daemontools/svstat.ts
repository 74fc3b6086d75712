// SPDX-License-Identifier: 0BSD
/**
 * svstat - prints the status of supervised services
 *
 * Synopsis: svstat DIR ...
 *
 * A line each, on standard output: up with the pid, or down, for how many seconds, and what is normal or wanted where
 * that is something else. What could not be found out is said on the same line.
 *
 * Exit codes: 0, whatever it had to say; 111 it cannot be written.
 *
 * Differences: C's svstat exits 0 then, too.
 *
 * See https://cr.yp.to/daemontools/svstat.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { now } from "../../lib/os/clock.ts";
import { O_NONBLOCK, O_RDONLY } from "../../lib/os/constants.ts";
import { openDirectory } from "../../lib/os/directory.ts";
import { ENXIO, SystemError } from "../../lib/os/errno.ts";
import { close, open, read } from "../../lib/os/file.ts";
import { statIfThere } from "../../lib/os/stat.ts";
import { reasonOf } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { checkSupervised } from "../../lib/supervise/client.ts";
import { decodeStatus, type Status, STATUS_SIZE } from "../../lib/supervise/status_file.ts";

export const svstat: Tool = { usage: "usage: svstat dir ...", run };

function run(context: Context): Outcome {
  for (const directory of context.args) print(`${directory}: ${tell(directory)}\n`);
  return 0;
}

/** Ends the looking with what is to be said instead of a status. */
class Unknown extends Error {
  constructor(readonly text: ByteString) {
    super(text);
  }
}

function tell(directory: ByteString): ByteString {
  try {
    const dir = must("unable to chdir", () => openDirectory(directory));
    try {
      const normallyUp = must("unable to stat down", () => statIfThere("down", dir)) === undefined;
      mustBeSupervised(dir);
      return describe(readStatus(dir), normallyUp);
    } finally {
      close(dir);
    }
  } catch (error) {
    if (error instanceof Unknown) return error.text;
    throw error;
  }
}

function must<T>(what: ByteString, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new Unknown(`${what}: ${reasonOf(error)}`);
  }
}

function mustBeSupervised(dir: number): void {
  try {
    checkSupervised(dir);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === ENXIO) throw new Unknown("supervise not running");
    throw new Unknown(`unable to open supervise/ok: ${reasonOf(error)}`);
  }
}

function readStatus(dir: number): Status {
  const fd = must(
    "unable to open supervise/status",
    () => open("supervise/status", O_RDONLY | O_NONBLOCK, 0, dir),
  );
  const bytes = new Uint8Array(STATUS_SIZE);
  try {
    const length = must("unable to read supervise/status", () => read(fd, bytes));
    const status = decodeStatus(bytes.subarray(0, length));
    if (status === undefined) throw new Unknown("unable to read supervise/status: bad format");
    return status;
  } finally {
    close(fd);
  }
}

function describe(status: Status, normallyUp: boolean): ByteString {
  const up = status.pid !== 0;
  const seconds = BigInt(Math.max(0, now().seconds - status.since.seconds));
  const parts = [`${up ? `up (pid ${status.pid})` : "down"} ${seconds} seconds`];
  if (up && !normallyUp) parts.push("normally down");
  if (!up && normallyUp) parts.push("normally up");
  if (up && status.paused) parts.push("paused");
  if (!up && status.want === "u") parts.push("want up");
  if (up && status.want === "d") parts.push("want down");
  return parts.join(", ");
}
