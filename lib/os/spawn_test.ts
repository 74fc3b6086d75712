// SPDX-License-Identifier: 0BSD
// What a program inherits is tested through the tools, too: tests/rts, tests/daemontools.
import { equal } from "node:assert/strict";
import { fromBytes } from "./bytes.ts";
import { close, dup, isOpen, openDirectory, pipe, readToEnd } from "./file.ts";
import { waitFor } from "./process.ts";
import { SpawnPlan } from "./spawn.ts";

const SCRIPT = 'pwd; for fd in 3 200 300 400; do [ ! -e "/proc/$$/fd/$fd" ] || echo "$fd"; done';

Deno.test("a program that is started often has its further descriptor and what is inherited, and we have all of ours", () => {
  const inherited = dup(0, 200, true);
  const { reader, writer } = pipe();
  const start = new SpawnPlan({
    path: "/bin/sh",
    argv: ["sh", "-c", SCRIPT],
    environ: [],
    mask: 0n,
    softFiles: undefined,
    limits: new Map(),
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
    environ: [],
    mask: 0n,
    softFiles: undefined,
    limits: new Map(),
    descriptors: [[writer, 1]],
  }, { often: true });
  for (let i = 0; i < 2; i++) equal(waitFor(start.start().pid)?.status, 0);
  close(writer);
  equal(fromBytes(readToEnd(reader)), "said\n".repeat(2));
  close(reader);
});
