// SPDX-License-Identifier: 0BSD
// A log that nobody reads: a logger that was stopped, or has a full disk.
import { equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import { Fifo } from "../harness/fifo.ts";
import { Client, talk } from "../harness/network.ts";
import { compileInto } from "../harness/rules.ts";
import { end, QUIET, serve } from "../harness/tcpserver.ts";

const TOOLS = ["tcpserver"];
const PIPE_SIZE = 65_536;
/** Has its messages go where nothing is read. */
const INTO_FIFO = 'exec "$@" 2>fifo';

toolTest("tcpserver ends of TERM while its log stands still", TOOLS, async (box) => {
  const fifo = new Fifo(box);
  try {
    await fifo.write("x".repeat(PIPE_SIZE));
    await end(await serve(box, [...QUIET, "true"], { shell: INTO_FIFO }));
  } finally {
    fifo.close();
  }
});

toolTest("tcpserver serves others while nobody reads a warning", TOOLS, async (box) => {
  const fifo = new Fifo(box);
  const warning = "tcpserver: warning: dropping connection, unable to read rules.cdb: " +
    "file does not exist\n";
  try {
    await fifo.write("x".repeat(PIPE_SIZE));
    const args = ["-RHl0", "-xrules.cdb", "127.0.0.1", "0", "echo", "hello"];
    const server = await serve(box, args, { shell: INTO_FIFO });
    const dropped = new Client("127.0.0.1", server.port);
    // C's has a process that waits to say it.
    const children = `/proc/${server.pid}/task/${server.pid}/children`;
    if (box.ours) await dropped.closed;
    else await box.until("it is dropped", () => Deno.readTextFileSync(children) !== "");
    compileInto(`${box.dir}/rules.cdb`, ":allow\n");
    equal(await talk("127.0.0.1", server.port), "hello\n");
    Deno.removeSync(`${box.dir}/rules.cdb`);
    await box.sh(`head -c ${PIPE_SIZE} <fifo >/dev/null`);
    equal(await talk("127.0.0.1", server.port), "");
    const said = await box.sh("head -n 2 <fifo");
    equal(
      said.stdout,
      (box.ours ? "tcpserver: warning: messages dropped: 1\n" : warning) + warning,
    );
    await end(server);
    dropped.end();
  } finally {
    fifo.close();
  }
});
