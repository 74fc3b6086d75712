// SPDX-License-Identifier: 0BSD

// Not tested here: the calls that only a server makes (sockets); see tests/ucspi-tcp/tcpserver_test.ts. The
// code for the other machine is compared with what the assembler makes; `deno task arm64` runs it.

import { assembled, hasAssembler } from "../../tests/harness/assembler.ts";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { EACCES, EAGAIN, ENOENT, SystemError } from "./errno.ts";
import { type Call, CODE, Fork, timespec } from "./fork.ts";
import { close, pipe, readToEnd, setNonblocking } from "./file.ts";
import { cString, stringArray } from "./c_string.ts";
import { type Arch, assemble, source } from "./listing.ts";
import { kill } from "./process.ts";
import { waitFor, waitIfEnded } from "./wait.ts";

const argv = stringArray(["sh", "-c", 'echo "$A"; exit 7']);
const environ = stringArray(["A=a variable"]);

function exec(path: string, passedOver: number[] = []): Call {
  return { name: "execve", args: [cString(path), argv.array, environ.array], passedOver };
}

/** Runs the list to its end: the wait status. */
function run(fork: Fork): number | undefined {
  fork.shut();
  const pid = fork.start();
  fork.open();
  return waitFor(pid)?.status;
}

for (const [arch, listing] of Object.entries(CODE) as [Arch, string][]) {
  Deno.test({
    name: `the ${arch} code is what the assembler makes of its text`,
    ignore: !hasAssembler(arch),
    fn: async () =>
      deepEqual(assemble(arch, listing), await assembled(arch, source(arch, listing))),
  });
}

Deno.test("a child makes its calls and becomes a program", () => {
  const { reader, writer } = pipe();
  const fork = new Fork([
    { name: "dup3", args: [writer, 1, 0] },
    { name: "gate" },
    exec("/bin/sh"),
    { name: "exit_group", args: [111] },
  ]);
  equal(run(fork), 7 << 8);
  close(writer);
  equal(new TextDecoder().decode(readToEnd(reader)), "a variable\n");
  close(reader);
  equal(fork.made(2), false);
});

Deno.test("a child that takes its time is waited for only so long, and goes on alone", () => {
  const fork = new Fork([
    { name: "getpid" },
    { name: "gate" },
    { name: "exit_group", args: [5] },
  ]);
  fork.shut();
  const pid = fork.startAndWaitFor(timespec(20), 0);
  deepEqual([fork.made(0), fork.isInside], [true, true]);
  fork.open();
  equal(waitFor(pid)?.status, 5 << 8);
  equal(fork.isInside, false);
  // Or it is gone when this returns.
  fork.shut();
  fork.open();
  const next = fork.startAndWaitFor(timespec(900), 0);
  equal(fork.isInside, false);
  equal(waitFor(next)?.status, 5 << 8);
});

Deno.test("a child is there, and waits, until its gate is opened", () => {
  const { reader, writer } = pipe();
  setNonblocking(reader, true);
  const fork = new Fork([
    { name: "gate" },
    { name: "write", args: [writer, cString("x"), 1] },
    { name: "exit_group", args: [0] },
  ]);
  const pid = fork.start();
  equal(waitIfEnded(pid), undefined);
  throws(
    () => readToEnd(reader),
    (error) => error instanceof SystemError && error.errno === EAGAIN,
  );
  fork.set(2, 0, 3);
  fork.open();
  deepEqual(waitFor(pid), { pid, status: 3 << 8 });
  close(writer);
  equal(readToEnd(reader).length, 1);
  close(reader);
});

Deno.test("a child does not wait before a gate that is open, and the next one does", () => {
  const fork = new Fork([{ name: "gate" }, { name: "exit_group", args: [5] }]);
  fork.open();
  const pid = fork.start();
  deepEqual(waitFor(pid), { pid, status: 5 << 8 });
  fork.shut();
  const next = fork.start();
  equal(waitIfEnded(next), undefined);
  fork.open();
  deepEqual(waitFor(next), { pid: next, status: 5 << 8 });
});

Deno.test("after an error that is passed over the next call comes, after another the last", () => {
  const last: Call = { name: "exit_group", args: [111] };
  const passed = new Fork([{ name: "gate" }, exec("/none", [ENOENT]), exec("/bin/sh"), last]);
  equal(run(passed), 7 << 8);
  equal(passed.errorOf(1), ENOENT);
  const stopped = new Fork([{ name: "gate" }, exec("/", [ENOENT]), exec("/bin/sh"), last]);
  equal(run(stopped), 111 << 8);
  deepEqual([stopped.errorOf(1), stopped.made(2), stopped.errorOf(2)], [EACCES, false, 0]);
});

Deno.test("a list is used again and again", () => {
  const fork = new Fork([{ name: "gate" }, { name: "exit_group", args: [0] }]);
  for (let i = 0; i < 200; i++) {
    fork.set(1, 0, i);
    equal(run(fork), i << 8);
  }
});

Deno.test("a child can be killed while it waits", () => {
  const fork = new Fork([{ name: "gate" }, { name: "exit_group", args: [0] }]);
  const pid = fork.start();
  ok(kill(pid, 9));
  deepEqual(waitFor(pid), { pid, status: 9 });
  equal(run(fork), 0);
});

Deno.test("many children wait at the same time", () => {
  const forks = Array.from(
    { length: 50 },
    () => new Fork([{ name: "gate" }, { name: "exit_group", args: [0] }]),
  );
  const pids = forks.map((fork) => fork.start());
  forks.forEach((fork, i) => {
    fork.set(1, 0, i);
    fork.open();
  });
  deepEqual(pids.map((pid) => waitFor(pid)?.status), pids.map((_, i) => i << 8));
});

Deno.test("no handler of ours runs in a child: it begins with all signals blocked, and we have ours as before", () => {
  const blocked = (pid: number | "self"): bigint =>
    BigInt("0x" + /^SigBlk:\t(.*)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]);
  const before = blocked("self");
  const fork = new Fork([{ name: "gate" }, { name: "exit_group", args: [5] }]);
  fork.shut();
  const pid = fork.start();
  const faults = (1n << 10n) | (1n << 6n); // SIGSEGV, SIGBUS
  deepEqual([blocked(pid) & faults, blocked("self")], [faults, before]);
  fork.open();
  equal(waitFor(pid)?.status, 5 << 8);
});
