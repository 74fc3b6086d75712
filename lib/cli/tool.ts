// SPDX-License-Identifier: 0BSD
/**
 * What a tool is: a function from how it was called to an exit code, or to what is to run next.
 *
 * A tool never ends the process and never asks the runtime for arguments or environment; its state lives in the run. So several
 * tools can run one after the other in a process (chain.ts), and a test can call one.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { readlink } from "../os/file.ts";
import type { Inheritance, Mapping } from "../os/process.ts";
import type { Form } from "../os/start.ts";
import type { Environment } from "./environment.ts";

/** How a tool was called, and what it hands on. */
export interface Context {
  /** The tool's name as it stands in the table: what its messages begin with. */
  readonly name: string;
  /** argv[0], as it was given. */
  readonly argv0: ByteString;
  /** The arguments behind argv[0]. */
  readonly args: readonly ByteString[];
  /** The file name that was executed: a link that leads to the toolbox, as a rule. */
  readonly file: ByteString;
  /** The tool's own environment; who changes it for a program changes a copy. */
  readonly env: Environment;
  /** What programs that the tool starts are to inherit. */
  readonly inheritance: Inheritance;
  /** The memory that ps(1) shows as our arguments; empty for a brief tool. */
  readonly title: Uint8Array<ArrayBuffer>;
  /** The toolbox: which file it is, and what it is made of. */
  readonly toolbox: Toolbox;
}

/** The program that takes the tool's place. */
export interface Next {
  /** argv; argv[0] is looked up in the tool's own PATH unless `file` is given. */
  readonly argv: readonly ByteString[];
  readonly env: Environment;
  /** The program's name where it is not argv[0]. */
  readonly file?: ByteString;
  /** Soft limits (RLIMIT_*) that the program is to have, over those in the context. */
  readonly limits?: ReadonlyMap<number, bigint>;
  /** Descriptors that the program is to have, over what it inherits. */
  readonly descriptors?: readonly Mapping[];
  /**
   * Where the program cannot be run: what stands before the reason; default `NAME: fatal: unable to run P`. ""
   * says nothing at all.
   */
  readonly complaint?: ByteString;
}

/** An exit code, or what is to run next. */
export type Outcome = number | Next;

export interface Tool {
  /** The usage line without the name in front. */
  readonly usage: string;
  /** Whether the tool reads signals from a descriptor (lib/os/signal.ts). */
  readonly readsSignals?: boolean;
  /** Whether the tool ends, or goes on to the next program, at once: nobody is to see its arguments in ps(1). */
  readonly brief?: boolean;
  run(context: Context): Outcome;
}

/** The executable that all tools are in. */
export interface Toolbox {
  /** Its file. */
  readonly file: ByteString;
  readonly form: Form;
  readonly tools: Readonly<Record<string, Tool>>;
  /** Whether `path` is the toolbox itself, under whatever name. */
  isToolbox(path: ByteString): boolean;
}

/** The path of the toolbox: the compiled form knows it as a link in /proc only. */
export function executableOf({ file, form }: Toolbox): ByteString {
  return form === "compiled" ? readlink(file) : file;
}
