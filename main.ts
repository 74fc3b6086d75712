// SPDX-License-Identifier: 0BSD
/**
 * djbox: the dispatch table. One line a tool, sorted; nothing else.
 *
 * @module
 */
import { runToolbox } from "./lib/cli/chain.ts";
import type { Tool } from "./lib/cli/tool.ts";
import { exit } from "./lib/os/exit.ts";
import { start } from "./lib/os/start.ts";
import { cdbdump } from "./tools/cdb/cdbdump.ts";
import { cdbget } from "./tools/cdb/cdbget.ts";
import { cdbmake } from "./tools/cdb/cdbmake.ts";
import { cdbstats } from "./tools/cdb/cdbstats.ts";
import { cdbtest } from "./tools/cdb/cdbtest.ts";
import { envdir } from "./tools/daemontools/envdir.ts";
import { envuidgid } from "./tools/daemontools/envuidgid.ts";
import { fghack } from "./tools/daemontools/fghack.ts";
import { multilog } from "./tools/daemontools/multilog.ts";
import { pgrphack } from "./tools/daemontools/pgrphack.ts";
import { readproctitle } from "./tools/daemontools/readproctitle.ts";
import { setlock } from "./tools/daemontools/setlock.ts";
import { setuidgid } from "./tools/daemontools/setuidgid.ts";
import { softlimit } from "./tools/daemontools/softlimit.ts";
import { supervise } from "./tools/daemontools/supervise.ts";
import { svc } from "./tools/daemontools/svc.ts";
import { svok } from "./tools/daemontools/svok.ts";
import { svscan } from "./tools/daemontools/svscan.ts";
import { svscanboot } from "./tools/daemontools/svscanboot.ts";
import { svstat } from "./tools/daemontools/svstat.ts";
import { tai64n } from "./tools/daemontools/tai64n.ts";
import { tai64nfrac } from "./tools/daemontools/tai64nfrac.ts";
import { tai64nlocal } from "./tools/daemontools/tai64nlocal.ts";
import { djboxBoot } from "./tools/djbox/djbox-boot.ts";
import { djboxHelp } from "./tools/djbox/djbox-help.ts";
import { djboxInstall } from "./tools/djbox/djbox-install.ts";
import { djboxSysvScript } from "./tools/djbox/djbox-sysv-script.ts";
import { djboxTakeover } from "./tools/djbox/djbox-takeover.ts";
import { djboxUninstall } from "./tools/djbox/djbox-uninstall.ts";
import { djboxUpgrade } from "./tools/djbox/djbox-upgrade.ts";
import { djbox } from "./tools/djbox/djbox.ts";
import { addcr } from "./tools/ucspi-tcp/addcr.ts";
import { argv0 } from "./tools/ucspi-tcp/argv0.ts";
import { dateAt } from "./tools/ucspi-tcp/date@.ts";
import { delcr } from "./tools/ucspi-tcp/delcr.ts";
import { fingerAt } from "./tools/ucspi-tcp/finger@.ts";
import { fixcrio } from "./tools/ucspi-tcp/fixcrio.ts";
import { httpAt } from "./tools/ucspi-tcp/http@.ts";
import { mconnectIo } from "./tools/ucspi-tcp/mconnect-io.ts";
import { mconnect } from "./tools/ucspi-tcp/mconnect.ts";
import { rblsmtpd } from "./tools/ucspi-tcp/rblsmtpd.ts";
import { recordio } from "./tools/ucspi-tcp/recordio.ts";
import { tcpcat } from "./tools/ucspi-tcp/tcpcat.ts";
import { tcpclient } from "./tools/ucspi-tcp/tcpclient.ts";
import { tcprules } from "./tools/ucspi-tcp/tcprules.ts";
import { tcprulescheck } from "./tools/ucspi-tcp/tcprulescheck.ts";
import { tcpserver } from "./tools/ucspi-tcp/tcpserver.ts";
import { whoAt } from "./tools/ucspi-tcp/who@.ts";

const TOOLS: Readonly<Record<string, Tool>> = {
  addcr,
  argv0,
  cdbdump,
  cdbget,
  cdbmake,
  cdbstats,
  cdbtest,
  "date@": dateAt,
  delcr,
  djbox,
  "djbox-boot": djboxBoot,
  "djbox-help": djboxHelp,
  "djbox-install": djboxInstall,
  "djbox-sysv-script": djboxSysvScript,
  "djbox-takeover": djboxTakeover,
  "djbox-uninstall": djboxUninstall,
  "djbox-upgrade": djboxUpgrade,
  envdir,
  envuidgid,
  fghack,
  "finger@": fingerAt,
  fixcrio,
  "http@": httpAt,
  mconnect,
  "mconnect-io": mconnectIo,
  multilog,
  pgrphack,
  rblsmtpd,
  readproctitle,
  recordio,
  setlock,
  setuidgid,
  softlimit,
  supervise,
  svc,
  svok,
  svscan,
  svscanboot,
  svstat,
  tai64n,
  tai64nfrac,
  tai64nlocal,
  tcpcat,
  tcpclient,
  tcprules,
  tcprulescheck,
  tcpserver,
  "who@": whoAt,
};

if (import.meta.main) exit(runToolbox(TOOLS, start()));
