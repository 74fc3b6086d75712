// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";

/** Fails where two transcripts differ, and shows the lines around the first difference: all of it would be cut short. */
export function sameTranscript(ours: string[], theirs: string[], whose = ""): void {
  const at = ours.findIndex((line, i) => line !== theirs[i]);
  const around = (lines: string[]): string[] =>
    at < 0 ? [] : lines.slice(Math.max(0, at - 5), at + 5);
  deepEqual([whose, ...around(ours)], [whose, ...around(theirs)]);
  deepEqual(ours, theirs);
}
