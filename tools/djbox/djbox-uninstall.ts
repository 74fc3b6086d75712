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
 * what it says has been stopped stays stopped (package/run starts it again). Only a version that cannot be removed may be
 * there in part, with the links to it gone: what removes the rest is /package/admin/djbox-VERSION/djbox uninstall, also
 * where it was killed; or, where it has come so far that this does not run any more, rm -r /package/admin/djbox-VERSION.
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { rmdir } from "../../lib/os/directory.ts";
import { unlessRefused } from "../../lib/os/errno.ts";
import { readlink } from "../../lib/os/file.ts";
import { isSameFile } from "../../lib/os/stat.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { unboot } from "../../lib/package/boot.ts";
import { allOrNothing, FILES_KEPT } from "../../lib/package/changes.ts";
import { absoluteRoot, Layout, rootOf, treeOf } from "../../lib/package/layout.ts";
import { removeAllLinks } from "../../lib/package/links.ts";
import { lock } from "../../lib/package/lock.ts";
import { attempt, orTell, refusal, say } from "../../lib/package/messages.ts";
import { parseOptions } from "../../lib/cli/long_options.ts";
import { isThere, namesIn } from "../../lib/package/placing.ts";
import { stopOurs } from "../../lib/package/running.ts";
import { removeTree } from "../../lib/package/tree.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE = "usage: djbox uninstall [ --root dir ]";

export const djboxUninstall: Tool = { usage: USAGE, run };

function run(context: Context): Outcome {
  const parsed = parseOptions(context.args, [], ["root"]);
  if (parsed === undefined || parsed.operands.length > 0) throw usageError(context.name, USAGE);
  const asked = parsed.values.get("root");
  const tree = treeOf(context.toolbox);
  const root = asked === undefined ? rootOf(tree) : absoluteRoot(asked);
  const layout = new Layout(root, config.version);
  const { entries, strangers } = allOrNothing((changes) => {
    if (layout.versions().length === 0) throw refusal(`there is no djbox in ${layout.admin}`);
    lock(layout.admin);
    // First what would start it all again.
    const entries = unboot(context, root, changes);
    changes.outcome = FILES_KEPT;
    if (stopOurs(layout.admin) !== 0) {
      throw refusal("a service does not end: end it yourself, then do this again");
    }
    const commands = namesIn(`${layout.current}/command`);
    return { entries, strangers: removeAllLinks(layout, commands, changes) };
  });
  // Not before: until here they may have been put back.
  for (const path of entries) say(`${path} has svscan started no more`);
  const program = readlink("/proc/self/exe");
  const again = (): ByteString =>
    isThere(program) ? `${tree}/djbox uninstall --root ${root || "/"}` : `rm -r ${tree}`;
  orTell(() => `${again()} removes the rest`, () => {
    for (const home of homesOf(layout, tree)) attempt(`remove ${home}`, () => removeTree(home));
  });
  say(`djbox is no more in ${layout.admin}`);
  for (const path of strangers) say(`${path} is not djbox's and was left`);
  // The one that is locked, and that above it, last: once they are gone somebody may install, and the others are his.
  const empty = [layout.command, layout.service, layout.admin, `${root}/package`];
  for (const directory of empty) unlessRefused(() => rmdir(directory));
  for (const name of namesIn(layout.service)) {
    say(`${layout.service}/${name} was left, with what is in it`);
  }
  if (isThere(`${layout.admin}/daemontools`)) {
    say(`${layout.admin}/daemontools is there still: its package/upgrade brings its commands back`);
  }
  return 0;
}

/** The trees of all versions; `own`, which this process runs in, comes last, so that it can be called again. */
function homesOf(layout: Layout, own: ByteString): ByteString[] {
  const homes = layout.versions().map((version) => `${layout.admin}/${version}`);
  const isOwn = (home: ByteString): boolean => isSameFile(home, own);
  return [...homes.filter((home) => !isOwn(home)), ...homes.filter(isOwn)];
}
