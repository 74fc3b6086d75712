// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { E2BIG, EACCES, EISDIR, ENOENT, EPERM } from "../os/errno.ts";
import { searchPath } from "./path_search.ts";

/** Searches where the files fail as `errors` says, others with ENOENT: what is reported, and what was tried. */
function search(
  program: string,
  path: string | undefined,
  errors: Readonly<Record<string, number>> = {},
): [number, string[]] {
  const tried: string[] = [];
  const result = searchPath(program, path, (file) => {
    tried.push(file);
    return errors[file] ?? ENOENT;
  });
  return [result, tried];
}

Deno.test("a program is looked for in each directory of PATH, one with a slash in its name nowhere", () => {
  deepEqual(search("p", "/a:/b"), [ENOENT, ["/a/p", "/b/p"]]);
  deepEqual(search("p", "/a:/b:/c", { "/b/p": 0 }), [0, ["/a/p", "/b/p"]]);
  deepEqual(search("./p", "/a"), [ENOENT, ["./p"]]);
  deepEqual(search("x/", "/a", { "x/": 0 }), [0, ["x/"]]);
});

Deno.test("an empty directory is the working one, and without PATH there are two", () => {
  deepEqual(search("p", ":/a:"), [ENOENT, ["./p", "/a/p", "./p"]]);
  deepEqual(search("p", ""), [ENOENT, ["./p"]]);
  deepEqual(search("p", undefined), [ENOENT, ["/bin/p", "/usr/bin/p"]]);
});

Deno.test("what was there and could not be run is reported, and what no other file would mend ends the search", () => {
  for (const error of [EACCES, EPERM, EISDIR]) {
    deepEqual(search("p", "/a:/b", { "/a/p": error }), [error, ["/a/p", "/b/p"]]);
  }
  equal(search("p", "/a:/b", { "/a/p": EACCES, "/b/p": EPERM })[0], EPERM);
  deepEqual(search("p", "/a:/b", { "/a/p": E2BIG }), [E2BIG, ["/a/p"]]);
});
