// SPDX-License-Identifier: 0BSD
/**
 * Options in D. J. Bernstein's manner (subgetopt.c, sgetopt.c): letters may be joined, an argument may be joined
 * to its letter or follow it, options stop at the first operand, and an argument that begins with `--`
 * (whatever comes behind it) is swallowed and stops them too. A lone `-` is an operand.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { baseName } from "../os/path.ts";
import { EXIT_USAGE, Failure } from "./messages.ts";
import type { Context } from "./tool.ts";

/** One option as it was given; `value` is "" for a letter that takes none. */
export interface Option {
  readonly letter: string;
  readonly value: ByteString;
}

export interface Parsed {
  /** In the order given, repeated ones too. */
  readonly options: readonly Option[];
  readonly operands: readonly ByteString[];
}

/** What most tools do without. */
export interface Manner {
  /** Is given each option before the next one is looked at: where it throws, that is what is reported. */
  readonly take?: (option: Option) => void;
  /** The whole usage line, for a tool whose line begins differently. */
  readonly line?: string;
}

/**
 * Parses the arguments that a tool was called with.
 *
 * @param letters the letters that there are; one with a colon behind it takes an argument
 * @param usage what is printed, behind the tool's name, under the complaint about a wrong option
 * @throws Failure 100 for an unknown letter or a missing argument
 */
export function getopt(
  { name, argv0, args }: Pick<Context, "name" | "argv0" | "args">,
  letters: string,
  usage: string,
  { take, line = `${name}: ${usage}` }: Manner = {},
): Parsed {
  // As subgetopt.c has it: the usage line has the tool's own name, the complaint the one that it was called by.
  const called = baseName(argv0);
  const options: Option[] = [];
  const add = (option: Option): void => {
    options.push(option);
    take?.(option);
  };
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] as ByteString;
    if (!arg.startsWith("-") || arg === "-") break;
    if (arg.startsWith("--")) {
      at++;
      break;
    }
    for (let i = 1; i < arg.length; i++) {
      const letter = arg.charAt(i);
      const known = letter === ":" ? -1 : letters.indexOf(letter);
      if (known < 0) throw problem(called, "illegal option", letter, line);
      if (letters.charAt(known + 1) !== ":") {
        add({ letter, value: "" });
        continue;
      }
      const joined = arg.slice(i + 1);
      const value = joined !== "" ? joined : args[++at];
      if (value === undefined) throw problem(called, "option requires an argument", letter, line);
      add({ letter, value });
      break;
    }
  }
  return { options, operands: args.slice(at) };
}

function problem(name: string, text: string, letter: string, line: string): Failure {
  return new Failure(EXIT_USAGE, `${name}: ${text} -- ${letter}\n${line}`);
}
