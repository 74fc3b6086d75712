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
 * Exit codes: 0; 111 there is no upgrade.
 *
 * @module
 */
import { orFatal, usageError } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { serviceDirectory } from "../../lib/supervise/place.ts";
import { upgrade } from "../../lib/supervise/upgrade_command.ts";

const USAGE = "usage: djbox upgrade [ dir ]";

export const djboxUpgrade: Tool = { usage: USAGE, run };

function run({ name, args }: Context): Outcome {
  const [directory, ...more] = args;
  if (more.length > 0 || directory?.startsWith("-")) throw usageError(name, USAGE);
  for (const pid of upgrade(directory ?? serviceDirectory())) {
    orFatal(
      "djbox",
      "unable to write output",
      () => print(`svscan (pid ${pid}) has started over\n`),
    );
  }
  return 0;
}
