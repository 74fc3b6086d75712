// SPDX-License-Identifier: 0BSD
/**
 * djbox-boot - has svscan started when the machine boots
 *
 * Synopsis:
 *   djbox boot [ --root DIR ] [ --init NAME ]   adds an entry for the init in use, and has svscan started now
 *   djbox boot --remove [ --root DIR ]          removes the entry, and stops svscan as --stop does
 *   djbox boot --stop                           stops svscan, its services, then their loggers
 *
 * Knows systemd (a unit svscan.service), OpenRC (a script /etc/init.d/svscan), the inits that read /etc/inittab, and those
 * that run /etc/rc.local. Which one is in use is asked of the running system; where it is none of these, nothing is
 * written, and a message says so.
 *
 * Options:
 *   --root DIR    writes below DIR, for a system that does not run now, so nothing is started or stopped; --init says
 *                 what boots that
 *   --init NAME   systemd, openrc, inittab or rc.local
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be done, or services that were told to stop have not ended.
 *
 * @module
 */
import { umask } from "../../lib/os/file.ts";
import { folderOf } from "../../lib/os/path.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { boot, initCalled, unboot } from "../../lib/package/boot.ts";
import { allOrNothing } from "../../lib/package/changes.ts";
import { absoluteRoot, rootOf, treeOf } from "../../lib/package/layout.ts";
import { say } from "../../lib/package/messages.ts";
import { parseOptions } from "../../lib/cli/long_options.ts";
import { stopOurs } from "../../lib/package/running.ts";

const USAGE =
  "usage: djbox boot [ --root dir ] [ --init name ] | djbox boot --remove [ --root dir ] | djbox boot --stop";

export const djboxBoot: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const parsed = parseOptions(context.args, ["remove", "stop"], ["root", "init"]);
  if (parsed === undefined || parsed.operands.length > 0) throw usageError(context.name, USAGE);
  const { flags, values } = parsed;
  const [removes, stops] = [flags.has("remove"), flags.has("stop")];
  if ((stops && flags.size + values.size > 1) || (removes && values.has("init"))) {
    throw usageError(context.name, USAGE);
  }
  umask(0o022);
  const tree = treeOf(context.toolbox);
  if (stops) return stopOurs(folderOf(tree));
  const asked = values.get("root");
  const root = asked === undefined ? rootOf(tree) : absoluteRoot(asked);
  if (removes) {
    const gone = allOrNothing((changes) => unboot(context, root, changes));
    for (const path of gone) say(`${path} has svscan started at boot no more`);
    if (gone.length === 0) say("there is no entry of djbox's for svscan");
    // Not every init stops what it has no entry for any more.
    return root === "" ? stopOurs("/package/admin") : 0;
  }
  const init = values.get("init");
  const known = init === undefined ? undefined : initCalled(init);
  allOrNothing((changes) => boot(context, root, known, changes))();
  return 0;
}
