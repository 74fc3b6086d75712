// SPDX-License-Identifier: 0BSD

// What tcpserver shows of it is tested in tests/ucspi-tcp/tcpserver_test.ts.

import { deepEqual, equal } from "node:assert/strict";
import { fromBytes } from "../os/bytes.ts";
import { RLIMIT_AS, RLIMIT_NOFILE } from "../os/constants.ts";
import { EACCES, EBADF, ENOENT } from "../os/errno.ts";
import { close, dup, pipe, readToEnd } from "../os/file.ts";
import type { Inheritance } from "../os/process.ts";
import { waitFor } from "../os/wait.ts";
import { Environment } from "../cli/environment.ts";
import { type Mishap, ProgramStarter } from "./served_program.ts";
import { EnvironLayouts } from "./ucspi.ts";

const PLAIN: Inheritance = { mask: 0n, softFiles: undefined, limits: new Map(), descriptors: [] };

const NO_DESCRIPTOR = 999;

interface Outcome {
  readonly status: number | undefined;
  readonly output: string;
  readonly mishap: Mishap | undefined;
}

/** Runs a program with a pipe for a connection; it is told so before its process is there, or then. */
function run(
  argv: string[],
  path: string | undefined,
  inheritance = PLAIN,
  banner = "",
  before = false,
): Outcome {
  const { reader, writer } = pipe();
  const starter = new ProgramStarter({
    argv,
    path,
    inheritance,
    listener: -1,
    banner,
    killOptions: true,
    noDelay: true,
  });
  const child = starter.next();
  const tell = (): void => {
    child.run(new EnvironLayouts(new Environment(["A=1"])).after([["B", "2"]]), ["B=2"]);
  };
  if (before) tell();
  child.start(writer);
  close(writer);
  if (!before) tell();
  const output = fromBytes(readToEnd(reader));
  close(reader);
  return { status: waitFor(child.pid)?.status, output, mishap: child.mishap };
}

Deno.test("a served program has its limits, and they are not ours", () => {
  const limits = new Map([[RLIMIT_AS, 100_000n * 1024n], [RLIMIT_NOFILE, 77n]]);
  const { output, status } = run(
    ["sh", "-c", "ulimit -v; ulimit -n; echo $A$B"],
    "/bin",
    { ...PLAIN, softFiles: 99n, limits },
  );
  deepEqual([status, output], [0, "100000\n77\n12\n"]);
});

Deno.test("a served program may be known before its process is there", () => {
  const { output, status } = run(["sh", "-c", "echo $A$B"], "/bin", PLAIN, "hello\n", true);
  deepEqual([status, output], [0, "hello\n12\n"]);
});

Deno.test("a served program has the descriptors that come along", () => {
  const { reader, writer } = pipe();
  const ours = dup(writer, 50);
  const { status } = run(["sh", "-c", "echo lock >&9"], "/bin", {
    ...PLAIN,
    descriptors: [[ours, 9]],
  });
  close(writer);
  close(ours);
  deepEqual([status, fromBytes(readToEnd(reader))], [0, "lock\n"]);
  close(reader);
});

Deno.test("a program that cannot be run is a mishap, with the error that a search reports", () => {
  const tell = (program: string, path?: string): [number | undefined, Mishap | undefined] => {
    const { status, mishap } = run([program], path);
    return [status, mishap];
  };
  const fails = (program: string, path: string | undefined, errno: number): void =>
    deepEqual(tell(program, path), [111 << 8, { text: `unable to run ${program}`, errno }]);
  fails("none", "/bin:/usr/bin", ENOENT);
  fails("none", undefined, ENOENT);
  fails("etc", ":/:/bin", EACCES);
  fails("./none", undefined, ENOENT);
  fails("", undefined, EACCES);
  deepEqual(tell("true", "/none:/bin"), [0, undefined]);
  deepEqual(tell("false", "/none:/bin:/usr/bin"), [1 << 8, undefined]);
});

Deno.test("a program is not run without a descriptor that it was to have", () => {
  const { status, output, mishap } = run(["echo", "hi"], "/bin", {
    ...PLAIN,
    descriptors: [[NO_DESCRIPTOR, 9]],
  });
  deepEqual([status, output, mishap], [111 << 8, "", {
    text: "unable to set up descriptors",
    errno: EBADF,
  }]);
});

Deno.test("the banner comes first", () => {
  equal(run(["echo", "hi"], "/bin", PLAIN, "hello ").output, "hello hi\n");
});
