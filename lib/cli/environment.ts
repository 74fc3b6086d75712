// SPDX-License-Identifier: 0BSD
/**
 * The environment of the program that comes next: `NAME=value` byte strings in the kernel's order. It can hold
 * what a shell would not let through: names that are no identifiers, entries without `=`, duplicates.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";

export class Environment {
  readonly #entries: ByteString[];

  constructor(entries: readonly ByteString[]) {
    this.#entries = [...entries];
  }

  /** The first entry called `name`, as getenv(3) finds it; undefined: there is none. */
  get(name: ByteString): ByteString | undefined {
    return this.#entries.find((entry) => entry.startsWith(name + "="))?.slice(name.length + 1);
  }

  /** Sets `name`. As in the C tools (pathexec_env.c) the entry moves to the end. */
  set(name: ByteString, value: ByteString): void {
    this.unset(name);
    this.#entries.push(`${name}=${value}`);
  }

  /**
   * Removes the first entry called `name`; the last one takes its place, as in the C tools. A name that holds `=`
   * (envdir's file names may) is cut there for the search, as in C.
   */
  unset(name: ByteString): void {
    const prefix = name.split("=", 1)[0] + "=";
    const at = this.#entries.findIndex((entry) => entry.startsWith(prefix));
    if (at < 0) return;
    const last = this.#entries.pop() as ByteString;
    if (at < this.#entries.length) this.#entries[at] = last;
  }

  /** The entries, for execve(2). */
  entries(): readonly ByteString[] {
    return this.#entries;
  }

  copy(): Environment {
    return new Environment(this.#entries);
  }
}
