// SPDX-License-Identifier: 0BSD
/**
 * A tcpserver under test, and what it has logged.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import type { Box, Started } from "./harness.ts";

/** A tcpserver that prints its port; its messages are in `err`. */
export interface Server extends Started {
  readonly port: number;
}

/** Starts a tcpserver, by way of a shell command if there is one, and waits until it listens. */
export async function serve(
  box: Box,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly shell?: string } = {},
): Promise<Server> {
  const command = ["tcpserver", "-1", ...args];
  const started = options.shell === undefined
    ? box.start(command, options)
    : box.start(["/bin/sh", "-c", options.shell, "sh", ...command], options);
  await box.until("the port is printed", () => box.read("out").includes("\n"));
  return { ...started, port: Number(box.read("out")) };
}

/** Waits until the log shows so many ended connections, and none open. */
export async function idle(box: Box, ended: number): Promise<void> {
  await box.until(`${ended} connections have ended`, () => {
    const lines = box.read("err").trimEnd().split("\n");
    return lines.filter((line) => line.includes(" end ")).length >= ended &&
      (lines.at(-1) ?? "").includes(" status: 0/");
  });
}

/** The log with pids and ports hidden. */
export function log(box: Box): string[] {
  return box.read("err").trimEnd().split("\n").map((line) => {
    const shown = line.replace(/\b(pid|ok|deny|end) \d+/, "$1 N");
    if (!/ (ok|deny) /.test(shown)) return shown;
    return shown.replace(/:\d+$/, ":R").replace(/:\d+ /, ":L ");
  });
}

/** Waits until the log has a text. */
export function has(box: Box, text: string): Promise<void> {
  return box.until(`the log has ${text}`, () => box.read("err").includes(text));
}

/** Ends it with SIGTERM. */
export async function end(server: Server): Promise<void> {
  server.kill("SIGTERM");
  equal(await server.ended, 0);
}

/** No look-ups, everything logged, a free port. */
export const QUIET = ["-v", "-RHl0", "127.0.0.1", "0"];
