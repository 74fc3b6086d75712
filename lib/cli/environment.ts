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
    this.#put(`${name}=${value}`);
  }

  /** Removes the first entry called `name`; the last one takes its place, as in the C tools. */
  unset(name: ByteString): void {
    // A name may hold `=` (envdir's file names do): then pathexec_env.c has NAME for the variable up to there.
    if (name.includes("=")) this.#put(name);
    else this.#remove(name);
  }

  /** Sets the variable that `entry` (NAME=VALUE) is about. */
  #put(entry: ByteString): void {
    this.#remove(entry.slice(0, entry.indexOf("=")));
    this.#entries.push(entry);
  }

  #remove(name: ByteString): void {
    const prefix = name + "=";
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
