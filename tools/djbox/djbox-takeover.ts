// SPDX-License-Identifier: 0BSD
/**
 * djbox-takeover - takes running services over from the svscan of another package
 *
 * Synopsis: djbox takeover [ DIR ]
 *
 * Ends the svscan and the supervises that look after DIR, and has djbox's svscan go on with their services: those and
 * their loggers are not stopped, and no line is lost. DIR need not be given where only one other svscan runs.
 *
 * Under systemd the services live and die with the unit that started svscan: there they have to be stopped with it. Where
 * init starts svscanboot anew when it ends, that must be djbox's.
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be done: everything goes on as it was, where the message says so, and
 * else, when the other svscan has been ended already, what to start.
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { SIGKILL } from "../../lib/os/constants.ts";
import { folderOf } from "../../lib/os/path.ts";
import { kill } from "../../lib/os/process.ts";
import { stat } from "../../lib/os/stat.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { treeOf } from "../../lib/package/layout.ts";
import { lock } from "../../lib/package/lock.ts";
import { attempt, refusal, say } from "../../lib/package/messages.ts";
import { isThere } from "../../lib/package/placing.ts";
import {
  concealedScanner,
  findScanners,
  type FoundScanner,
  isOwn,
  looksAfter,
} from "../../lib/package/running.ts";
import { checkInit, goOn, settingOf } from "../../lib/package/successor.ts";
import { endAndKeep } from "../../lib/package/takeover.ts";

const USAGE = "usage: djbox takeover [ dir ]";

export const djboxTakeover: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const [directory, ...more] = context.args;
  if (more.length > 0 || directory?.startsWith("-")) throw usageError(context.name, USAGE);
  const tree = treeOf(context.toolbox);
  const admin = folderOf(tree);
  lock(admin);
  const scanner = choose(`${admin}/djbox-`, directory);
  if (isThere("/run/systemd/system")) {
    throw refusal(
      `svscan (pid ${scanner.pid}) is a part of a systemd unit, and so are its services: ` +
        "stop that, then djbox boot starts them with djbox's",
    );
  }
  const setting = settingOf(scanner);
  checkInit(setting);
  const kept = endAndKeep(context, scanner);
  say(`svscan (pid ${scanner.pid}, ${scanner.file}) has ended; ${kept.length} supervised go on`);
  // Not before the supervises have ended: what comes in its place tells those to stop their services.
  if (setting.bootPid !== 0) kill(setting.bootPid, SIGKILL);
  goOn(context, tree, scanner.directory, kept, setting);
  say(`djbox's svscan looks after ${scanner.directory} now`);
  return 0;
}

/** The svscan that is meant: not one whose executable begins with `ours`. */
function choose(ours: ByteString, directory: ByteString | undefined): FoundScanner {
  const others = findScanners().filter(({ file }) => !file.startsWith(ours));
  if (directory !== undefined) attempt(`stat ${directory}`, () => stat(directory));
  const meant = directory === undefined
    ? others
    : others.filter((found) => looksAfter(found, directory));
  const own = meant.filter(isOwn);
  const [scanner, ...more] = own;
  if (scanner === undefined) {
    const [strangers] = meant;
    if (strangers !== undefined) {
      throw refusal(`svscan (pid ${strangers.pid}) is another user's: only he may do that`);
    }
    const concealed = concealedScanner();
    if (concealed !== undefined) {
      throw refusal(`svscan (pid ${concealed}) is another user's: only root may do that`);
    }
    throw refusal(`there is no other svscan${directory === undefined ? "" : ` in ${directory}`}`);
  }
  if (more.length === 0) return scanner;
  throw refusal(`which one is meant? ${own.map((found) => found.directory).join(", ")}`);
}
