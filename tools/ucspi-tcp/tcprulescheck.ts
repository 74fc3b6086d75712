// SPDX-License-Identifier: 0BSD
/**
 * tcprulescheck - tries out rules for tcpserver
 *
 * Synopsis: tcprulescheck RULES.CDB
 *
 * Says what tcpserver -x RULES.CDB would do with a connection from $TCPREMOTEIP (0.0.0.0 if it is not set),
 * $TCPREMOTEHOST and $TCPREMOTEINFO (unknown if they are not set).
 *
 * Exit codes: 0 whatever the rules say; 100 wrong usage; 111 RULES.CDB cannot be read or is damaged, or the
 * answer cannot be written.
 *
 * Differences from the C tool: a damaged RULES.CDB, one that is still being written in place too, is a "protocol
 * error", where C may find no rule in it; and it says so where its answer cannot be written.
 *
 * See https://cr.yp.to/ucspi-tcp/tcprulescheck.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { orFatal, usageError } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { type Rule, RuleFile } from "../../lib/net/rules.ts";

const USAGE = "usage: tcprulescheck rules.cdb";

export const tcprulescheck: Tool = { usage: USAGE, run };

function run({ name, args: [file], env }: Context): Outcome {
  if (file === undefined) throw usageError(name, USAGE);
  const client = {
    ip: env.get("TCPREMOTEIP") ?? "0.0.0.0",
    host: env.get("TCPREMOTEHOST"),
    info: env.get("TCPREMOTEINFO"),
  };
  const rule = orFatal(name, `unable to read ${file}`, () => new RuleFile(file).find(client));
  orFatal(name, "unable to write output", () => print(describe(rule)));
  return 0;
}

/** What the rule does, a line each; nothing counts behind a denial. */
function describe(rule: Rule | undefined): ByteString {
  const lines = [rule === undefined ? "default:" : `rule ${rule.key}:`];
  for (const instruction of rule?.instructions ?? []) {
    if (instruction === "D") return [...lines, "deny connection\n"].join("\n");
    lines.push(`set environment variable ${instruction.slice(1)}`);
  }
  return [...lines, "allow connection\n"].join("\n");
}
