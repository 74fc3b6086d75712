// SPDX-License-Identifier: 0BSD
/**
 * setuidgid - runs a program under an account's uid and gid
 *
 * Synopsis: setuidgid ACCOUNT CHILD [ARG ...]
 *
 * All supplementary groups are dropped. The environment stays as it is.
 *
 * Exit codes: 100 wrong usage; 111 no such account, or no permission to become it, or CHILD cannot be run; else
 * CHILD's own.
 *
 * See https://cr.yp.to/daemontools/setuidgid.html
 *
 * @module
 */
import { findAccount } from "../../lib/os/passwd.ts";
import { becomeGroup, setuid } from "../../lib/os/process.ts";
import { fatal, orFatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: setuidgid account child";

export const setuidgid: Tool = { usage: USAGE, brief: true, run };

function run({ name, args, env }: Context): Outcome {
  const [account, ...child] = args;
  if (account === undefined || child.length === 0) throw usageError(name, USAGE);
  const found = findAccount(account);
  if (found === undefined) throw fatal(name, `unknown account ${account}`);
  orFatal(name, "unable to setgid", () => becomeGroup(found.gid));
  orFatal(name, "unable to setuid", () => setuid(found.uid));
  return { argv: child, env };
}
