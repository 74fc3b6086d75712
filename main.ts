// SPDX-License-Identifier: 0BSD
/**
 * djbox: the dispatch table. One line a tool, sorted; nothing else.
 *
 * @module
 */
import { runToolbox } from "./lib/cli/chain.ts";
import type { Tool } from "./lib/cli/tool.ts";
import { start } from "./lib/os/start.ts";
import { cdbdump } from "./tools/cdb/cdbdump.ts";
import { cdbget } from "./tools/cdb/cdbget.ts";
import { cdbmake } from "./tools/cdb/cdbmake.ts";
import { cdbstats } from "./tools/cdb/cdbstats.ts";
import { cdbtest } from "./tools/cdb/cdbtest.ts";
import { djbox } from "./tools/djbox/djbox.ts";
import { envdir } from "./tools/daemontools/envdir.ts";
import { svok } from "./tools/daemontools/svok.ts";
import { rblsmtpd } from "./tools/ucspi-tcp/rblsmtpd.ts";
import { tcpclient } from "./tools/ucspi-tcp/tcpclient.ts";
import { tcprules } from "./tools/ucspi-tcp/tcprules.ts";
import { tcprulescheck } from "./tools/ucspi-tcp/tcprulescheck.ts";
import { tcpserver } from "./tools/ucspi-tcp/tcpserver.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  cdbdump,
  cdbget,
  cdbmake,
  cdbstats,
  cdbtest,
  djbox,
  envdir,
  rblsmtpd,
  svok,
  tcpclient,
  tcprules,
  tcprulescheck,
  tcpserver,
};

if (import.meta.main) Deno.exit(runToolbox(TOOLS, start()));
