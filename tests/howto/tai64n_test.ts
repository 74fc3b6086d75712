// SPDX-License-Identifier: 0BSD
// Seed 001 (a log read with tai64nlocal), seed 004 5.6.2 (stamps, file names) and listing 5-4 (tai64nfrac).
import { equal, match } from "node:assert/strict";
import { machineTest } from "../harness/machine.ts";

machineTest(
  "004 5.6.2 date | tai64n, and back with tai64nlocal",
  ["tai64n", "tai64nlocal"],
  async (machine) => {
    const [stamped, plain] = (await machine.output("date | tai64n; date -u +%s")).split("\n");
    match(stamped ?? "", /^@40000000[0-9a-f]{16} \w{3} \w{3} .* UTC \d{4}$/);
    const seconds = parseInt(stamped?.slice(9, 17) ?? "", 16) - 10;
    match(String(Number(plain) - seconds), /^[01]$/);
    const local = await machine.output(
      "date | tai64n | tai64nlocal | cut -c1-19; date '+%Y-%m-%d %H:%M:'",
    );
    const [shown, now] = local.split("\n");
    equal(shown?.slice(0, 14), now?.slice(0, 14));
  },
);

/** What the document's listing of a folder holds, as it printed the names. */
const NAMES = [
  ["@400000003df65bf417c1043c.u", "2002-12-10 22:26:02.398525500.u"],
  ["@400000003df65c1a2a28984c.s", "2002-12-10 22:26:40.707303500.s"],
  ["@400000003df65c872a2b72c4.u", "2002-12-10 22:28:29.707490500.u"],
  ["@400000003df65ca130b8119c.s", "2002-12-10 22:28:55.817369500.s"],
  ["@400000003df65ce8045e2bf4.u", "2002-12-10 22:30:06.073280500.u"],
  ["@400000003df65cfd2dfbeb54.s", "2002-12-10 22:30:27.771484500.s"],
  ["@400000003df65d2029279754.u", "2002-12-10 22:31:02.690460500.u"],
  ["@400000003df65d3614d09724.s", "2002-12-10 22:31:24.349214500.s"],
] as const;

machineTest(
  "004 5.6.2 ls | tai64nlocal tells when a file was finished, and the rest is left alone",
  ["tai64nlocal"],
  async (machine) => {
    await machine.output(
      `mkdir log; cd log; touch current lock state ${NAMES.map(([name]) => name).join(" ")}`,
      "/tmp",
    );
    equal(
      await machine.output("export TZ=CET-1; ls | tai64nlocal", "/tmp/log"),
      [...NAMES.map(([, time]) => time), "current", "lock", "state", ""].join("\n"),
    );
    equal(
      await machine.output("export TZ=CET-1; ls @4* | tai64nlocal", "/tmp/log"),
      [...NAMES.map(([, time]) => time), ""].join("\n"),
    );
  },
);

/** Seed 001's log; its times, which the document shows, are those of another day. */
const LOG = `@40000000417f9a050820e8e4 tcpserver: status: 0/3
@40000000417f9a050821043c tcpserver: status: 1/3
@40000000417f9a0508210c0c tcpserver: pid 2230 from 192.168.1.33
@40000000417f9a05082113dc tcpserver: ok 2230 0:192.168.1.44:23 :192.168.1.33::2600
@40000000417f9eae33a92e7c tcpserver: status: 0/3
`;

machineTest("001 tail current | tai64nlocal", ["tai64nlocal"], async (machine) => {
  await machine.edit("/var/log/current", LOG);
  equal(
    await machine.output("export TZ=JST-9; tail /var/log/current |tai64nlocal"),
    `2004-10-27 21:52:11.136374500 tcpserver: status: 0/3
2004-10-27 21:52:11.136381500 tcpserver: status: 1/3
2004-10-27 21:52:11.136383500 tcpserver: pid 2230 from 192.168.1.33
2004-10-27 21:52:11.136385500 tcpserver: ok 2230 0:192.168.1.44:23 :192.168.1.33::2600
2004-10-27 22:12:04.866725500 tcpserver: status: 0/3
`,
  );
});

machineTest(
  "004 5.3.1 tai64nfrac: seconds and fractions, for qmailanalog",
  ["tai64nfrac"],
  async (machine) => {
    await machine.edit("/var/log/current", `${LOG}no stamp @4000\n`);
    equal(
      await machine.output("tai64nfrac </var/log/current"),
      `1098881531.136374500  tcpserver: status: 0/3
1098881531.136381500  tcpserver: status: 1/3
1098881531.136383500  tcpserver: pid 2230 from 192.168.1.33
1098881531.136385500  tcpserver: ok 2230 0:192.168.1.44:23 :192.168.1.33::2600
1098882724.866725500  tcpserver: status: 0/3
no stamp @4000
`,
    );
  },
  { djboxOnly: "it is in no C package" },
);
