// SPDX-License-Identifier: 0BSD
/**
 * Names in the working directory and the files that they led to, for whoever looks again and again whether they still
 * do.
 *
 * All of it stands in two rows, of bytes and of numbers: a look at a thousand names that finds nothing new touches a
 * dozen pages of memory, where objects for them would lie in hundreds. After some seconds of rest each page that is
 * touched costs more than the system call that it is for.
 *
 * @module
 */
import { IDENTITY_WORDS, leadsTo, type Stat } from "./stat.ts";

/** NAME_MAX, and the NUL. */
const LONGEST = 256;

/** A name, as a C string, and the file that it led to. */
export interface KnownFile {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly found: Stat;
}

/** Names and files. */
export class KnownFiles {
  readonly #count: number;
  /** Room for the name that is looked at, then all names, one behind the other; and where each begins. */
  readonly #names: Uint8Array<ArrayBuffer>;
  readonly #begins: Uint32Array<ArrayBuffer>;
  readonly #identities: Uint32Array<ArrayBuffer>;

  constructor(files: readonly KnownFile[]) {
    this.#count = files.length;
    this.#names = new Uint8Array(files.reduce((sum, { path }) => sum + path.length, LONGEST));
    this.#begins = new Uint32Array(files.length + 1);
    this.#identities = new Uint32Array(files.length * IDENTITY_WORDS);
    let at = LONGEST;
    files.forEach(({ path, found }, i) => {
      this.#names.set(path, at);
      this.#begins[i] = at;
      at += path.length;
      found.putIdentity(this.#identities, i * IDENTITY_WORDS);
    });
    this.#begins[files.length] = at;
  }

  /** Whether all of them still lead to the same files, of the same types. */
  leadThere(): boolean {
    for (let i = 0; i < this.#count; i++) {
      // To where the kernel is to find it: an array that begins where the name does would be an object for each.
      this.#names.copyWithin(0, this.#begins[i] as number, this.#begins[i + 1]);
      if (!leadsTo(this.#names, this.#identities, i * IDENTITY_WORDS)) return false;
    }
    return true;
  }
}
