// SPDX-License-Identifier: 0BSD
/**
 * Options that are spelled out: what is typed once a year is to be read, too.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, ByteString>;
  readonly operands: readonly ByteString[];
}

/**
 * Parses `--flag`, `--value TEXT` and `--value=TEXT`, and operands among them; undefined where that is wrong usage. A
 * value is never empty.
 */
export function parseOptions(
  args: readonly ByteString[],
  flags: readonly string[],
  values: readonly string[],
): Options | undefined {
  const found = { flags: new Set<string>(), values: new Map<string, ByteString>() };
  const operands: ByteString[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as ByteString;
    const [, name, joined] = /^--([a-z-]+)(?:=([^]*))?$/.exec(arg) ?? [];
    if (name === undefined) {
      if (arg.startsWith("-")) return undefined;
      operands.push(arg);
    } else if (values.includes(name)) {
      const value = joined ?? args[++at];
      if (value === undefined || value === "") return undefined;
      found.values.set(name, value);
    } else if (flags.includes(name) && joined === undefined) found.flags.add(name);
    else return undefined;
  }
  return { ...found, operands };
}
