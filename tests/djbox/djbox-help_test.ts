// SPDX-License-Identifier: 0BSD
// What is in the pages: tests/man_test.ts.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Box, COMMANDS, type Result, toolTest } from "../harness/harness.ts";

const ONLY = { djboxOnly: "there is no djbox but this" };

function says(box: Box, ...args: string[]): Promise<Result> {
  return box.run(["djbox", ...args]);
}

toolTest("djbox help lists the pages, and shows each", ["djbox"], async (box) => {
  const { code, stdout, stderr } = await says(box, "help");
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /^svok\(8\) +checks whether supervise is running$/m);
  match(stdout, /^servicedir\(5\) +a directory that says how a service is run$/m);
  for (const [, name = "", section = ""] of stdout.matchAll(/^(\S+)\((\d)\) /gm)) {
    const page = await says(box, "help", section, name);
    deepEqual([page.code, page.stderr], [0, ""]);
    const heading = `${name.toUpperCase()}(${section}) `;
    ok(page.stdout.startsWith(heading), `${heading}: ${page.stdout.slice(0, 80)}`);
  }
  // A command's page goes before a format's of the same name.
  match((await says(box, "help", "tai64n")).stdout, /^TAI64N\(8\) /);
  match((await says(box, "help", "svstatus")).stdout, /^SVSTATUS\(5\) /);
  match((await says(box, "help", "install")).stdout, /^DJBOX-INSTALL\(8\) /);
  deepEqual(stdout.match(/^djbox\S*\(1\)|^mconnect\S*\(1\)/gm), [
    "djbox(1)",
    "djbox-help(1)",
    "djbox-upgrade(1)",
    "mconnect(1)",
    "mconnect-io(1)",
  ]);
}, ONLY);

toolTest("djbox help without its pages says how a tool is called", ["djbox"], async (box) => {
  const djbox = await Deno.realPath(`${COMMANDS}/djbox`);
  equal((await box.sh(`cp -rs ${djbox.replace(/djbox$/, "")} copy; rm -r copy/man`)).code, 0);
  await box.sh(`rm copy/djbox; cp ${djbox} copy/djbox`); // it looks for its runtime beside itself
  const help = await box.run([`${box.dir}/copy/djbox`, "help", "svok"]);
  deepEqual(help, { code: 0, stdout: "svok: usage: svok dir\n", stderr: "" });
  const install = await box.run([`${box.dir}/copy/djbox`, "help", "install"]);
  match(install.stdout, /^djbox-install: usage: djbox install /);
  const { code, stdout } = await box.run([`${box.dir}/copy/djbox`, "help"]);
  equal(code, 0);
  match(stdout, /^addcr: usage: addcr\n[^]*\nsvok: usage: svok dir\n/);
}, ONLY);

toolTest("djbox has no page of that name", ["djbox"], async (box) => {
  for (const name of ["svock", "../man8/svok", "constructor", ""]) {
    deepEqual(await says(box, "help", name), {
      code: 100,
      stdout: "",
      stderr: `djbox: there is no page called ${name}; djbox help names them\n`,
    });
  }
  deepEqual(await says(box, "help", "5", "svok"), {
    code: 100,
    stdout: "",
    stderr: "djbox: there is no page called svok in section 5; djbox help names them\n",
  });
  deepEqual(await says(box, "help", "3"), {
    code: 100,
    stdout: "",
    stderr: "djbox: there is no page in section 3; djbox help names them\n",
  });
  for (const args of [["svok", "svc"], ["5", "tcprules", "x"]]) {
    deepEqual(await says(box, "help", ...args), {
      code: 100,
      stdout: "",
      stderr: "djbox-help: usage: djbox help [ [ section ] name ]\n",
    });
  }
}, ONLY);
