// SPDX-License-Identifier: 0BSD
/**
 * djbox-uninstall - removes djbox
 *
 * Synopsis: djbox uninstall [ --root DIR ]
 *
 * Stops the services that djbox's svscan looks after, then their loggers, then svscan; removes the entry that had
 * it started at boot, the links to djbox in /command and /usr/local/bin, and all versions in /package/admin. Service
 * directories and logs stay, and so does what belongs to somebody else; it says what is left.
 *
 * Options:
 *   --root DIR   what was installed below DIR; default: the installation that this djbox is part of
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be done, or a service does not stop: all files are still there then, and
 * what it says has been stopped stays stopped (package/run starts it again).
 *
 * @module
 */
import { unlessRefused } from "../../lib/os/errno.ts";
import { rmdir } from "../../lib/os/file.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { unboot } from "../../lib/package/boot.ts";
import { allOrNothing, FILES_KEPT } from "../../lib/package/changes.ts";
import { absoluteRoot, Layout, rootOf, treeOf } from "../../lib/package/layout.ts";
import { removeAllLinks } from "../../lib/package/links.ts";
import { attempt, refusal, say } from "../../lib/package/messages.ts";
import { parseOptions } from "../../lib/package/options.ts";
import { isThere, namesIn, removeAll } from "../../lib/package/placing.ts";
import { stopOurs } from "../../lib/package/running.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE = "usage: djbox uninstall [ --root dir ]";

export const djboxUninstall: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const parsed = parseOptions(context.args, [], ["root"]);
  if (parsed === undefined || parsed.operands.length > 0) throw usageError(context.name, USAGE);
  const asked = parsed.values.get("root");
  const root = asked === undefined ? rootOf(treeOf(context.toolbox)) : absoluteRoot(asked);
  const layout = new Layout(root, config.version);
  if (layout.versions().length === 0) throw refusal(`there is no djbox in ${layout.admin}`);
  const strangers = allOrNothing((changes) => {
    // First what would start it all again.
    for (const path of unboot(context, root, changes)) say(`${path} has svscan started no more`);
    changes.outcome = FILES_KEPT;
    if (stopOurs(layout.admin) !== 0) {
      throw refusal("a service does not end: end it yourself, then do this again");
    }
    return removeAllLinks(layout, namesIn(`${layout.current}/command`), changes);
  });
  for (const version of layout.versions()) {
    attempt(`remove ${layout.admin}/${version}`, () => removeAll(`${layout.admin}/${version}`));
  }
  say(`djbox is no more in ${layout.admin}`);
  for (const path of strangers) say(`${path} is not djbox's and was left`);
  const empty = [layout.command, layout.admin, `${root}/package`, layout.service];
  for (const directory of empty) unlessRefused(() => rmdir(directory));
  for (const name of namesIn(layout.service)) {
    say(`${layout.service}/${name} was left, with what is in it`);
  }
  if (isThere(`${layout.admin}/daemontools`)) {
    say(`${layout.admin}/daemontools is there still: its package/upgrade brings its commands back`);
  }
  return 0;
}
