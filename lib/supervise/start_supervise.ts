// SPDX-License-Identifier: 0BSD
/**
 * Having a service directory looked after by the `supervise` that PATH leads to: by a supervisor of this very process where
 * that is this toolbox, and else by the foreign program.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { AT_FDCWD } from "../os/constants.ts";
import { SystemError, unlessRefused } from "../os/errno.ts";
import { realPath } from "../os/file.ts";
import { folderOf } from "../os/path.ts";
import { spawn } from "../os/spawn.ts";
import { complain, Failure, warn } from "../cli/messages.ts";
import { searchPath } from "../cli/path_search.ts";
import type { Context } from "../cli/tool.ts";
import { SUPERVISE } from "./supervise_files.ts";
import { supervise, type Supervisor, type ToSupervise } from "./supervisor.ts";
import type { Surroundings } from "./surroundings.ts";

/** What looks after a service directory: a supervisor of ours, or the pid of a foreign supervise. */
export type Keeper = Supervisor | number | undefined;

/** What is to be looked after. */
export interface Kept extends ToSupervise {
  /** What messages of svscan's call it. */
  readonly shown: ByteString;
}

/** undefined: that cannot be, and why has been said. */
export function startSupervise(context: Context, surroundings: Surroundings, kept: Kept): Keeper {
  let keeper: Keeper;
  const refuse = (cause: SystemError): void =>
    warn(context.name, `unable to start supervise ${kept.shown}`, cause);
  const reason = searchPath(SUPERVISE, context.env.get("PATH"), (file) => {
    const isOurs = isDjbox(context, file);
    try {
      keeper = isOurs ? supervise(kept, surroundings) : spawnForeign(file, surroundings, kept);
    } catch (error) {
      // supervise has said why, as it would in a process of its own; the next scan tries again.
      if (error instanceof Failure) complain(error.text);
      else if (!(error instanceof SystemError)) throw error;
      else if (!isOurs) return error.errno;
      // It is not the file's: no other supervise further on in PATH is to be tried for it.
      else refuse(error);
    }
    return 0;
  });
  if (reason !== 0) refuse(new SystemError(reason, "execve"));
  return keeper;
}

/** Whether it is this toolbox, or, between an installation and `djbox upgrade`, the one of another version beside it. */
function isDjbox({ toolbox }: Context, file: ByteString): boolean {
  if (toolbox.isToolbox(file)) return true;
  const versions = versionsOf(toolbox.file);
  return versions !== undefined && versions === unlessRefused(() => versionsOf(realPath(file)));
}

/** What the folders of all versions begin with, where the folder of `file` is one of a version (lib/package/layout.ts). */
function versionsOf(file: ByteString): ByteString | undefined {
  return /^.*\/djbox-(?=[^/]*$)/.exec(folderOf(file))?.[0];
}

function spawnForeign(
  file: ByteString,
  { environ, inheritance }: Surroundings,
  { directory, at, mappings }: Kept,
): number {
  return spawn(
    {
      ...inheritance,
      path: file,
      argv: [SUPERVISE, directory],
      environ,
      descriptors: [...inheritance.descriptors, ...mappings],
    },
    at === AT_FDCWD ? undefined : at,
  );
}
