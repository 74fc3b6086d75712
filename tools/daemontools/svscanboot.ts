// SPDX-License-Identifier: 0BSD
/**
 * svscanboot - starts svscan, and readproctitle for what svscan has to say
 *
 * Synopsis: svscanboot
 *
 * Tells what is left of an earlier svscan to stop (svc -dx), then runs
 * `svscan DIR 2>&1 | readproctitle service errors: ......` with nothing but PATH in the environment, and waits for
 * both. DIR is /service; where nothing is in that, it is /etc/service, which is Debian's, if there is one. A svscan that was
 * killed, or has crashed, is started again a second later.
 *
 * Exit codes: readproctitle's.
 *
 * Differences: the C package has a shell script here, with DIR written into it: D. J. Bernstein's /service,
 * Debian's /etc/service. That starts svscan once.
 *
 * See https://cr.yp.to/daemontools/svscanboot.html
 *
 * @module
 */
import { type ByteString, toBytes } from "../../lib/os/bytes.ts";
import {
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  SIGABRT,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
} from "../../lib/os/constants.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { close, dup2, open, pipe, writeAll } from "../../lib/os/file.ts";
import type { Mapping } from "../../lib/os/process.ts";
import { replaceByNull } from "../../lib/os/standard_descriptors.ts";
import { sleep } from "../../lib/os/poll.ts";
import { exitCodeOf, signalOf, waitFor } from "../../lib/os/wait.ts";
import { Environment } from "../../lib/cli/environment.ts";
import { EXIT_TEMPORARY, orFatal, reasonOf } from "../../lib/cli/messages.ts";
import { spawnProgram } from "../../lib/cli/spawn.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { canBeSeen, serviceDirectory, visibleNames } from "../../lib/supervise/place.ts";

export const svscanboot: Tool = { usage: "usage: svscanboot", run };

const PATH = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";
/** The characters of svscan's latest messages that ps(1) shows. */
const ROOM = 400;
/** What ends svscan without its having left its services to anybody: somebody's kill -9, the lack of memory, a crash. */
const FATAL = [SIGKILL, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP];
/** Before svscan is started again, in milliseconds. */
const PAUSE = 1000;

function run(context: Context): Outcome {
  orFatal(context.name, "unable to open /dev/null", () => {
    replaceByNull([0, 1, 2], context.inheritance.descriptors.map(([ours]) => ours));
    redirect(0, O_RDONLY);
    redirect(1, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(2, O_WRONLY | O_CREAT | O_TRUNC);
  });
  const directory = serviceDirectory();
  stopOldServices(context, directory);
  return scan(context, directory);
}

function redirect(fd: number, flags: number): void {
  const opened = open("/dev/null", flags, 0o666);
  dup2(opened, fd);
  if (opened !== fd) close(opened);
}

/** `svc -dx DIR/* DIR/* /log`: whatever the services' old supervisors are, they are to go. */
function stopOldServices(context: Context, directory: ByteString): void {
  const services = visibleNames(directory).map((name) => `${directory}/${name}`);
  if (services.length === 0) return;
  const loggers = services.map((service) => `${service}/log`).filter(canBeSeen);
  const env = context.env.copy();
  env.set("PATH", PATH);
  const pid = start(context, ["svc", "-dx", ...services, ...loggers], [], env);
  if (pid !== undefined) waitFor(pid);
}

/**
 * Runs svscan and readproctitle with a pipe in between until both have ended; returns the exit code.
 *
 * What a killed svscan has left running has the pipe open, and readproctitle would wait for its end; so svscan is started
 * again, and goes on with that.
 */
function scan(context: Context, directory: ByteString): number {
  const env = new Environment([`PATH=${PATH}`]);
  const { reader, writer } = orFatal(context.name, "unable to create pipe", () => pipe());
  const output: Mapping[] = [[writer, 1], [writer, 2]];
  const startScanner = (): number | undefined =>
    start(context, ["svscan", directory], output, env, writer);
  let scanner = startScanner();
  const title = start(
    context,
    ["readproctitle", "service", "errors:", ".".repeat(ROOM)],
    [[reader, 0]],
    env,
  );
  close(reader);
  while (scanner !== undefined) {
    const ended = waitFor(scanner);
    if (ended === undefined || !FATAL.includes(signalOf(ended))) break;
    sleep(PAUSE);
    scanner = startScanner();
  }
  close(writer);
  const ended = title === undefined ? undefined : waitFor(title);
  if (ended === undefined) return EXIT_TEMPORARY;
  const signal = signalOf(ended);
  return signal === 0 ? exitCodeOf(ended) : 128 + signal;
}

/** Starts a program; where it cannot be run, says so on descriptor `errors` and returns undefined. */
function start(
  { name, inheritance }: Context,
  argv: readonly ByteString[],
  descriptors: readonly Mapping[],
  env: Environment,
  errors = 2,
): number | undefined {
  try {
    return spawnProgram(argv, PATH, env, {
      ...inheritance,
      descriptors: [...inheritance.descriptors, ...descriptors],
    });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    writeAll(errors, toBytes(`${name}: fatal: unable to run ${argv[0]}: ${reasonOf(error)}\n`));
    return undefined;
  }
}
