// SPDX-License-Identifier: 0BSD
/**
 * The folder of the manual, as man(1) knows it: `man8/svc.8` in it is the page svc of section 8.
 *
 * @module
 */
import { type ByteString, fromBytes } from "../os/bytes.ts";
import { readDirectory } from "../os/directory.ts";
import { ENOENT, unlessErrno } from "../os/errno.ts";
import { readFile } from "../os/file.ts";

/** The sections there are, in the order in which man(1) looks through them. */
const SECTIONS = ["1", "8", "5"];

/** A page that is there. */
export interface Entry {
  readonly name: ByteString;
  readonly section: string;
  readonly file: ByteString;
}

/** The pages in `folder`, sorted in each section; none where there is no such folder. */
export function pagesIn(folder: ByteString): Entry[] {
  return SECTIONS.flatMap((section) => {
    const directory = `${folder}/man${section}`;
    const files = unlessErrno([ENOENT], () => readDirectory(directory)) ?? [];
    return files.filter((file) => file.endsWith(`.${section}`))
      .map((file) => file.slice(0, -2)).sort()
      .map((name) => ({ name, section, file: `${directory}/${name}.${section}` }));
  });
}

/** The source of a page. */
export function readPage({ file }: Entry): ByteString {
  return fromBytes(readFile(file));
}
