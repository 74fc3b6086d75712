// SPDX-License-Identifier: 0BSD
import { Writer } from "../../lib/cdb/writer.ts";
import { compileRules } from "../../lib/net/rule_compiler.ts";
import { O_CREAT, O_RDWR, O_TRUNC } from "../../lib/os/constants.ts";
import { close, open } from "../../lib/os/file.ts";
import { latin1 } from "./harness.ts";

/**
 * Compiles access rules in this process, as tcprules would. Throws RuleError.
 *
 * @param most how many bytes each read gets at most
 */
export function compileInto(file: string, rules: string, most = (): number => Infinity): void {
  const fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0o644);
  let rest = latin1(rules);
  try {
    const cdb = new Writer(fd);
    compileRules((buffer) => {
      const piece = rest.subarray(0, Math.min(buffer.length, most()));
      buffer.set(piece);
      rest = rest.subarray(piece.length);
      return piece.length;
    }, cdb);
    cdb.finish();
  } finally {
    close(fd);
  }
}
