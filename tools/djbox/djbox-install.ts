// SPDX-License-Identifier: 0BSD
/**
 * djbox-install - installs djbox, or switches to another version of it
 *
 * Synopsis: djbox install [ --root DIR ] [ --replace | --beside ] [ --no-boot ] [ compile | upgrade | run ]
 *
 * Installs the release that it is part of, the slashpackage way. The steps, each of which can be repeated:
 *   compile   puts the release into /package/admin/djbox-VERSION, where it is not there already
 *   upgrade   makes that the version in use: the link /package/admin/djbox, and those in /command, /usr/local/bin
 *   run       makes /service, and has svscan started now and whenever the machine boots (djbox-boot)
 * Without a step it does all of them; package/compile, package/upgrade, package/run and package/install in the
 * release call it. To go back, call package/upgrade of the version before.
 *
 * Options:
 *   --root DIR   installs below DIR; default: the directory whose package/admin the release lies in, else /
 *   --replace    where another package has commands of the same names in /command, puts djbox's in their place
 *   --beside     leaves those as they are, and installs the others
 *   --no-boot    does not touch what is started at boot
 *
 * Exit codes: 0; 100 wrong usage; 111 it cannot be installed: everything is as it was before, unless it says otherwise.
 *
 * Files: /package/admin/djbox-VERSION, /package/admin/djbox, /command, /usr/local/bin, /service
 *
 * See https://cr.yp.to/slashpackage.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { umask } from "../../lib/os/file.ts";
import { usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { boot } from "../../lib/package/boot.ts";
import { allOrNothing, type Changes, targetOf } from "../../lib/package/changes.ts";
import { absoluteRoot, Layout, rootOf, treeOf } from "../../lib/package/layout.ts";
import { checkWay, type Policy, useVersion } from "../../lib/package/links.ts";
import { lock } from "../../lib/package/lock.ts";
import { refusal, say } from "../../lib/package/messages.ts";
import { parseOptions } from "../../lib/cli/long_options.ts";
import { isThere } from "../../lib/package/placing.ts";
import { scannersOf } from "../../lib/package/running.ts";
import { compile } from "../../lib/package/tree.ts";
import config from "../../deno.json" with { type: "json" };

const USAGE = "usage: djbox install [ --root dir ] [ --replace | --beside ] [ --no-boot ] " +
  "[ compile | upgrade | run ]";
const STEPS = ["compile", "upgrade", "run"];

export const djboxInstall: Tool = { usage: USAGE, run };

interface Wanted {
  readonly root: ByteString | undefined;
  readonly policy: Policy;
  readonly boots: boolean;
  readonly steps: readonly string[];
}

function run(context: Context): Outcome {
  const { root, policy, boots, steps } = parse(context);
  // Everybody may run what is installed, whatever the caller's umask.
  umask(0o022);
  const tree = treeOf(context.toolbox);
  const layout = new Layout(root ?? rootOf(tree), config.version);
  const commands = Object.keys(context.toolbox.tools);
  const { before, last } = allOrNothing((changes) => {
    changes.directory(layout.admin);
    lock(layout.admin);
    const before = targetOf(layout.current);
    // Before the files of the version are replaced, which cannot be taken back.
    if (steps.includes("upgrade")) checkWay(layout, commands, policy);
    if (steps.includes("compile")) compile(tree, layout, commands, changes);
    if (steps.includes("upgrade")) useVersion(layout, commands, policy, changes);
    const runs = steps.includes("run");
    return { before, last: runs ? prepareToRun(context, layout, boots, changes) : () => {} };
  });
  if (steps.includes("compile")) say(`djbox ${layout.version} is in ${layout.home}`);
  if (steps.includes("upgrade")) tellUpgrade(layout, before);
  last();
  return 0;
}

function parse({ name, args }: Context): Wanted {
  const parsed = parseOptions(args, ["replace", "beside", "no-boot"], ["root"]);
  const [step, ...more] = parsed?.operands ?? [];
  const policies = (["replace", "beside"] as const).filter((flag) => parsed?.flags.has(flag));
  if (
    parsed === undefined || more.length > 0 || policies.length > 1 ||
    (step !== undefined && !STEPS.includes(step))
  ) throw usageError(name, USAGE);
  const root = parsed.values.get("root");
  return {
    root: root === undefined ? undefined : absoluteRoot(root),
    policy: policies[0] ?? "refuse",
    boots: !parsed.flags.has("no-boot"),
    steps: step === undefined ? STEPS : [step],
  };
}

function prepareToRun(
  context: Context,
  { root, current, service }: Layout,
  boots: boolean,
  changes: Changes,
): () => void {
  if (!isThere(current)) throw refusal(`there is no ${current}; package/upgrade puts it there`);
  changes.directory(service);
  return boots ? boot(context, root, undefined, changes) : () => {};
}

function tellUpgrade(layout: Layout, before: ByteString | undefined): void {
  const { admin, command, version } = layout;
  say(
    `djbox ${version} is in use: its commands are in ${command} and ${layout.root}/usr/local/bin`,
  );
  if (before !== undefined && before !== `djbox-${version}`) {
    say(`${admin}/${before} stays; its package/upgrade is the way back`);
  }
  for (const { pid, file } of scannersOf(admin)) {
    // proc(5): so it is called when another one has been put in its place.
    if (file.includes(`/djbox-${version}/`) && !file.endsWith(" (deleted)")) continue;
    say(`svscan (pid ${pid}) goes on as it was started; djbox upgrade switches it to ${version}`);
  }
}
