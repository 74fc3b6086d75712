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
import { envuidgid } from "./tools/daemontools/envuidgid.ts";
import { fghack } from "./tools/daemontools/fghack.ts";
import { pgrphack } from "./tools/daemontools/pgrphack.ts";
import { readproctitle } from "./tools/daemontools/readproctitle.ts";
import { setlock } from "./tools/daemontools/setlock.ts";
import { setuidgid } from "./tools/daemontools/setuidgid.ts";
import { softlimit } from "./tools/daemontools/softlimit.ts";
import { svok } from "./tools/daemontools/svok.ts";
import { svscanboot } from "./tools/daemontools/svscanboot.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  djbox,
  envdir,
  envuidgid,
  fghack,
  pgrphack,
  readproctitle,
  setlock,
  setuidgid,
  softlimit,
  svok,
  svscanboot,
};

// Not on top of this module's own frame: to make an Error, the engine parses every function on the stack again.
queueMicrotask(() => Deno.exit(runToolbox(TOOLS, start())));
