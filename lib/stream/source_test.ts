// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, throws } from "node:assert/strict";
import { F_GETPIPE_SZ, F_SETPIPE_SZ, O_RDONLY } from "../os/constants.ts";
import { EISDIR, SystemError } from "../os/errno.ts";
import { close, open, pipe, writeAll } from "../os/file.ts";
import { libc, pad } from "../os/libc.ts";
import { READ_SIZE } from "./layout.ts";
import { Source } from "./source.ts";

const PIPE_SIZE = 65536;

function sizeOf(fd: number): number {
  return libc().fcntl(fd, F_GETPIPE_SZ, 0, pad);
}

/** What is read from a pipe of `size` bytes with so much in it, one write behind the other; how large the pipe is then. */
function readThrough(
  size: number,
  writes: readonly number[],
): { got: number[]; size: number } {
  const { reader, writer } = pipe();
  libc().fcntl(reader, F_SETPIPE_SZ, size, pad);
  const source = new Source(reader);
  const buffer = new Uint8Array(READ_SIZE);
  const got = writes.map((length) => {
    writeAll(writer, new Uint8Array(length));
    return source.read(buffer);
  });
  const after = sizeOf(reader);
  close(writer);
  got.push(source.read(buffer));
  close(reader);
  return { got, size: after };
}

Deno.test("a pipe that is never found full stays as it is", () => {
  const expected = { got: [1, PIPE_SIZE - 1, 0], size: PIPE_SIZE };
  deepEqual(readThrough(PIPE_SIZE, [1, PIPE_SIZE - 1]), expected);
});

Deno.test("a pipe that is found full holds a read from then on", () => {
  const expected = { got: [PIPE_SIZE, READ_SIZE, 0], size: READ_SIZE };
  deepEqual(readThrough(PIPE_SIZE, [PIPE_SIZE, READ_SIZE]), expected);
});

Deno.test("a pipe that somebody has made larger does not shrink", () => {
  const expected = { got: [READ_SIZE, 0], size: 2 * READ_SIZE };
  deepEqual(readThrough(2 * READ_SIZE, [READ_SIZE]), expected);
});

Deno.test("what is no pipe is read as it is", () => {
  const path = Deno.makeTempFileSync({ prefix: "djbox-source." });
  try {
    Deno.writeFileSync(path, new Uint8Array(READ_SIZE + 7));
    const fd = open(path, O_RDONLY);
    const source = new Source(fd);
    const buffer = new Uint8Array(READ_SIZE);
    deepEqual([1, 2, 3].map(() => source.read(buffer)), [READ_SIZE, 7, 0]);
    close(fd);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("what cannot be read is an error, or an end", () => {
  const fd = open("/", O_RDONLY);
  const source = new Source(fd);
  const isDirectory = (error: unknown): boolean =>
    error instanceof SystemError && error.errno === EISDIR;
  throws(() => source.read(new Uint8Array(1)), isDirectory);
  equal(source.readOrEnd(new Uint8Array(1)), 0);
  close(fd);
});
