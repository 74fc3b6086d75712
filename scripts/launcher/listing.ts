// SPDX-License-Identifier: 0BSD
/**
 * Listings of machine code: how they are read, and how their bytes are put together.
 *
 * How to read the listings: `;` starts a comment. Every other line is a label, or one instruction:
 * its bytes (x86-64) or its word (aarch64), then its text as the GNU assembler takes it, in Intel's
 * syntax for x86-64. Where the text ends in a label, the distance to it is left out: `..` stands
 * for each byte of it (x86-64), or its bits are zero in the word (aarch64).
 *
 * @module
 */

/** What differs between architectures. */
export interface Machine {
  /** e_machine of the ELF header, elf(5). */
  readonly number: number;
  /** The largest page size that the kernel may be built with. */
  readonly page: number;
  readonly listing: string;
  /** The first lines of a source for the GNU assembler. */
  readonly prologue: string;
  /** Bytes of one instruction; `distance` leads from its start to the label that its text names. */
  readonly encode: (hex: string, distance: number | undefined) => number[];
}

/** One line of a listing. */
export type Line = { readonly label: string } | { readonly hex: string; readonly text: string };

export function parse(listing: string): Line[] {
  const lines: Line[] = [];
  for (const line of listing.split("\n")) {
    const code = line.replace(/;.*/, "").trim();
    if (code === "") continue;
    const label = code.match(/^(\w+):$/)?.[1];
    const [, hex, text] = code.match(/^([0-9a-f.]{2}(?: ?[0-9a-f.]{2})*) {2,}(.+)$/) ?? [];
    if (label !== undefined) lines.push({ label });
    else if (hex !== undefined && text !== undefined) lines.push({ hex, text });
    else throw new SyntaxError(`not a line of a listing: ${line}`);
  }
  return lines;
}

/** Bytes that follow the code, and the label that it refers to them by. */
export type Data = readonly [label: string, bytes: Uint8Array];

/** Code and data, every distance filled in. Its first byte is the entry point. */
export function assemble(machine: Machine, data: readonly Data[]): Uint8Array<ArrayBuffer> {
  const labels = new Map<string, number>();
  const define = (label: string, at: number) => {
    if (labels.has(label)) throw new SyntaxError(`label defined twice: ${label}`);
    labels.set(label, at);
  };

  let size = 0;
  const instructions: { at: number; hex: string; text: string }[] = [];
  for (const line of parse(machine.listing)) {
    if ("label" in line) {
      define(line.label, size);
    } else {
      instructions.push({ at: size, ...line });
      size += line.hex.replaceAll(" ", "").length / 2;
    }
  }
  const placed = data.map(([label, bytes]) => {
    define(label, size);
    size += bytes.length;
    return { at: size - bytes.length, bytes };
  });

  const image = new Uint8Array(size);
  for (const { at, hex, text } of instructions) {
    const target = labels.get(text.match(/(\w+)\]?$/)?.[1] ?? "");
    try {
      image.set(machine.encode(hex, target === undefined ? undefined : target - at), at);
    } catch (cause) {
      throw new SyntaxError(`unable to encode: ${text}`, { cause });
    }
  }
  for (const { at, bytes } of placed) image.set(bytes, at);
  return image;
}
