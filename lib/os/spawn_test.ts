// SPDX-License-Identifier: 0BSD
// What a program inherits is tested through the tools, too: tests/rts, tests/daemontools.
import { equal, throws } from "node:assert/strict";
import { fromBytes } from "./bytes.ts";
import { RLIMIT_NOFILE } from "./constants.ts";
import { openDirectory } from "./directory.ts";
import { EBADF, SystemError } from "./errno.ts";
import { close, dup, isOpen, pipe, readToEnd, setCloseOnExec } from "./file.ts";
import type { Mapping } from "./process.ts";
import { getLimit } from "./rlimit.ts";
import { spawn, SpawnPlan } from "./spawn.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = 'pwd; for fd in 3 200 300 400; do [ ! -e "/proc/$$/fd/$fd" ] || echo "$fd"; done';

const NO_DESCRIPTOR = 999;
const PLAIN = { environ: [], mask: 0n, softFiles: undefined, limits: new Map() };

Deno.test("a program that is started often has its further descriptor and what is inherited, and we have all of ours", () => {
  const inherited = dup(0, 200);
  setCloseOnExec(inherited, false);
  const { reader, writer } = pipe();
  const start = new SpawnPlan({
    path: "/bin/sh",
    argv: ["sh", "-c", SCRIPT],
    ...PLAIN,
    descriptors: [],
  }, { moves: true, often: true });
  const root = openDirectory("/");
  const own = dup(root, 400);
  const far = dup(writer, 300);
  for (const ours of [far, writer]) {
    const { pid, errno } = start.start(root, [ours, 1]);
    equal(errno, 0);
    equal(waitFor(pid)?.status, 0);
  }
  for (const fd of [inherited, root, own, far, writer]) {
    equal(isOpen(fd), true);
    close(fd);
  }
  // The end comes: nothing holds the pipe for a next start.
  equal(fromBytes(readToEnd(reader)), "/\n200\n".repeat(2));
  close(reader);
});

Deno.test("no further descriptor is none", () => {
  const { reader, writer } = pipe();
  const start = new SpawnPlan({
    path: "/bin/echo",
    argv: ["echo", "said"],
    ...PLAIN,
    descriptors: [[writer, 1]],
  }, { often: true });
  for (let i = 0; i < 2; i++) equal(waitFor(start.start().pid)?.status, 0);
  close(writer);
  equal(fromBytes(readToEnd(reader)), "said\n".repeat(2));
  close(reader);
});

Deno.test("a program is not run without a descriptor that it was to have", () => {
  const { reader, writer } = pipe();
  const program = {
    path: "/bin/echo",
    argv: ["echo", "said"],
    ...PLAIN,
    descriptors: [[writer, 1]] as const,
  };
  const missing: Mapping = [NO_DESCRIPTOR, 0];
  throws(
    () => spawn({ ...program, descriptors: [...program.descriptors, missing] }),
    new SystemError(EBADF, "execve"),
  );
  close(writer);
  equal(fromBytes(readToEnd(reader)), "");
  close(reader);
});

Deno.test("a program has the limits of open files that it was to have, but none above ours", () => {
  const { reader, writer } = pipe();
  for (const [softFiles, hardFiles] of [[50n, 60n], [80n, 60n], [50n, 1n << 40n]] as const) {
    const pid = spawn({
      path: "/bin/sh",
      argv: ["sh", "-c", "ulimit -Sn; ulimit -Hn"],
      ...PLAIN,
      softFiles,
      hardFiles,
      descriptors: [[writer, 1]],
    });
    equal(waitFor(pid)?.status, 0);
  }
  close(writer);
  const { hard } = getLimit(RLIMIT_NOFILE);
  equal(fromBytes(readToEnd(reader)), `50\n60\n60\n60\n50\n${hard}\n`);
  close(reader);
});
