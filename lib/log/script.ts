// SPDX-License-Identifier: 0BSD
/**
 * multilog's script: its arguments as actions. Arguments that are no action are ignored, as in the C tool.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { leadingNumber } from "../cli/number.ts";

const DEFAULT_SIZE = 99_999;
const MIN_SIZE = 4096;
const MAX_SIZE = 16_777_215;
const DEFAULT_NUMBER = 10;
const MIN_NUMBER = 2;

/** What the actions s, n and ! in front of a directory have set for it. */
interface Settings {
  /** The most bytes that a file may have. */
  readonly size: number;
  /** How many files there may be. */
  readonly number: number;
  /** The command that finished files are fed through; undefined: none. */
  readonly command: ByteString | undefined;
}

/** What is done with a line; in the order of the script. */
export type Action =
  | { readonly kind: "select" | "deselect"; readonly pattern: ByteString }
  | { readonly kind: "alert" }
  | { readonly kind: "status"; readonly file: ByteString }
  | { readonly kind: "log"; readonly directory: ByteString } & Settings;

export interface Script {
  /** Whether lines get a stamp first. */
  readonly stamped: boolean;
  readonly actions: readonly Action[];
}

/** Reads the arguments. */
export function parseScript(args: readonly ByteString[]): Script {
  const actions: Action[] = [];
  let settings: Settings = { size: DEFAULT_SIZE, number: DEFAULT_NUMBER, command: undefined };
  for (const arg of args) {
    const rest = arg.slice(1);
    switch (arg.charAt(0)) {
      case "+":
        actions.push({ kind: "select", pattern: rest });
        break;
      case "-":
        actions.push({ kind: "deselect", pattern: rest });
        break;
      case "e":
        actions.push({ kind: "alert" });
        break;
      case "=":
        actions.push({ kind: "status", file: rest });
        break;
      case "s":
        settings = {
          ...settings,
          size: Math.min(Math.max(leadingNumber(rest), MIN_SIZE), MAX_SIZE),
        };
        break;
      case "n":
        settings = { ...settings, number: Math.max(leadingNumber(rest), MIN_NUMBER) };
        break;
      case "!":
        settings = { ...settings, command: rest };
        break;
      case ".":
      case "/":
        actions.push({ kind: "log", directory: arg, ...settings });
        break;
    }
  }
  return { stamped: args[0]?.startsWith("t") ?? false, actions };
}
