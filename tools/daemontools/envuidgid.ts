// SPDX-License-Identifier: 0BSD
/**
 * envuidgid - runs a program with an account's uid and gid in environment variables
 *
 * Synopsis: envuidgid ACCOUNT CHILD [ARG ...]
 *
 * Sets UID and GID, in decimal, and changes no id: CHILD may do so when it no longer needs its permissions.
 *
 * Exit codes: 100 wrong usage; 111 no such account, or CHILD cannot be run; else CHILD's own.
 *
 * See https://cr.yp.to/daemontools/envuidgid.html
 *
 * @module
 */
import { findAccount } from "../../lib/os/passwd.ts";
import { fatal, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: envuidgid account child";

export const envuidgid: Tool = { usage: USAGE, brief: true, run };

function run(context: Context): Outcome {
  const { name, args } = context;
  const [account, ...child] = args;
  if (account === undefined || child.length === 0) throw usageError(name, USAGE);
  const found = findAccount(account);
  if (found === undefined) throw fatal(name, `unknown account ${account}`);
  const env = context.env.copy();
  env.set("GID", String(found.gid));
  env.set("UID", String(found.uid));
  return { argv: child, env };
}
