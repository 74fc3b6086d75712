// SPDX-License-Identifier: 0BSD
// What the owner of a service directory can do to supervise in it while it is being made anew. What is seen from
// outside is in tests/daemontools/svscan_abuse_test.ts.
import { deepEqual, equal, throws } from "node:assert/strict";
import { AT_FDCWD } from "../os/constants.ts";
import { Failure } from "../cli/messages.ts";
import { ServiceDirectory } from "./service_directory.ts";

function withDirectory(body: (directory: ServiceDirectory, path: string) => void): void {
  const path = Deno.makeTempDirSync({ prefix: "djbox-test." });
  try {
    const { directory } = ServiceDirectory.open(path, AT_FDCWD);
    directory.markSupervised();
    body(directory, path);
    directory.close();
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** What may stand in the place of supervise, and why nothing can be made there. */
const IN_PLACE: readonly (readonly [string, (path: string) => void, RegExp])[] = [
  ["a file", (path) => Deno.writeTextFileSync(path, ""), /: not a directory$/],
  ["a link to itself", (path) => Deno.symlinkSync("supervise", path), /: symbolic link loop$/],
];

for (const [what, put, reason] of IN_PLACE) {
  Deno.test(`supervise that has become ${what} is not made anew, and what is open stays`, () =>
    withDirectory((directory, path) => {
      Deno.removeSync(`${path}/supervise`, { recursive: true });
      put(`${path}/supervise`);
      const before = directory.descriptors;
      throws(
        () => directory.remake(),
        (error: unknown) => error instanceof Failure && reason.test(error.text.trimEnd()),
      );
      deepEqual(directory.descriptors, before);
      Deno.removeSync(`${path}/supervise`);
      directory.remake();
      directory.markSupervised();
      equal(directory.isDisturbed, false);
    }));
}
