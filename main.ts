// SPDX-License-Identifier: 0BSD
/**
 * djbox: the dispatch table. One line a tool, sorted; nothing else.
 *
 * @module
 */
import { runToolbox } from "./lib/cli/chain.ts";
import type { Tool } from "./lib/cli/tool.ts";
import { start } from "./lib/os/start.ts";
import { djbox } from "./tools/djbox/djbox.ts";
import { envdir } from "./tools/daemontools/envdir.ts";
import { multilog } from "./tools/daemontools/multilog.ts";
import { svok } from "./tools/daemontools/svok.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  djbox,
  envdir,
  multilog,
  svok,
};

if (import.meta.main) Deno.exit(runToolbox(TOOLS, start()));
