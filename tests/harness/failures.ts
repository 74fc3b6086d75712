// SPDX-License-Identifier: 0BSD
/**
 * What a tool says where it can't go on.
 *
 * @module
 */
import { deepEqual } from "node:assert/strict";
import type { Box } from "./harness.ts";

/** Has each script end with 111 and `TOOL: fatal: unable to COMPLAINT`. */
export async function expectFailures(
  box: Box,
  tool: string,
  failures: readonly (readonly [script: string, complaint: string])[],
): Promise<void> {
  for (const [script, complaint] of failures) {
    const { code, stderr } = await box.sh(script);
    deepEqual([code, stderr], [111, `${tool}: fatal: unable to ${complaint}\n`], script);
  }
}
