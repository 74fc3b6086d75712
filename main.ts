// SPDX-License-Identifier: 0BSD
/**
 * djbox: the dispatch table. One line a tool, sorted; nothing else.
 *
 * @module
 */
import { runToolbox } from "./lib/cli/chain.ts";
import type { Tool } from "./lib/cli/tool.ts";
import { start } from "./lib/os/start.ts";
import { addcr } from "./tools/ucspi-tcp/addcr.ts";
import { argv0 } from "./tools/ucspi-tcp/argv0.ts";
import { dateAt } from "./tools/ucspi-tcp/date@.ts";
import { delcr } from "./tools/ucspi-tcp/delcr.ts";
import { djbox } from "./tools/djbox/djbox.ts";
import { envdir } from "./tools/daemontools/envdir.ts";
import { fingerAt } from "./tools/ucspi-tcp/finger@.ts";
import { fixcrio } from "./tools/ucspi-tcp/fixcrio.ts";
import { httpAt } from "./tools/ucspi-tcp/http@.ts";
import { mconnectIo } from "./tools/ucspi-tcp/mconnect-io.ts";
import { mconnect } from "./tools/ucspi-tcp/mconnect.ts";
import { multilog } from "./tools/daemontools/multilog.ts";
import { recordio } from "./tools/ucspi-tcp/recordio.ts";
import { svok } from "./tools/daemontools/svok.ts";
import { tai64n } from "./tools/daemontools/tai64n.ts";
import { tai64nfrac } from "./tools/daemontools/tai64nfrac.ts";
import { tai64nlocal } from "./tools/daemontools/tai64nlocal.ts";
import { tcpcat } from "./tools/ucspi-tcp/tcpcat.ts";
import { whoAt } from "./tools/ucspi-tcp/who@.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  addcr,
  argv0,
  "date@": dateAt,
  delcr,
  djbox,
  envdir,
  "finger@": fingerAt,
  fixcrio,
  "http@": httpAt,
  mconnect,
  "mconnect-io": mconnectIo,
  multilog,
  recordio,
  svok,
  tai64n,
  tai64nfrac,
  tai64nlocal,
  tcpcat,
  "who@": whoAt,
};

if (import.meta.main) Deno.exit(runToolbox(TOOLS, start()));
