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

/** The architectures, as `Deno.build.arch` names them. */
export type Arch = "x86_64" | "aarch64";

/** What differs between them. */
export interface Machine {
  /** e_machine of the ELF header, elf(5). */
  readonly number: number;
  /** The largest page size that the kernel may be built with. */
  readonly page: number;
  /** The first lines of a source for the GNU assembler. */
  readonly prologue: string;
  /** Bytes of one instruction; `distance` leads from its start to the label that its text names. */
  readonly encode: (hex: string, distance: number | undefined) => number[];
}

/** One line of a listing. */
export type Line = { readonly label: string } | { readonly hex: string; readonly text: string };

function parse(listing: string): Line[] {
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
export function assemble(
  arch: Arch,
  listing: string,
  data: readonly Data[] = [],
): Uint8Array<ArrayBuffer> {
  const labels = new Map<string, number>();
  const define = (label: string, at: number) => {
    if (labels.has(label)) throw new SyntaxError(`label defined twice: ${label}`);
    labels.set(label, at);
  };

  let size = 0;
  const instructions: { at: number; hex: string; text: string }[] = [];
  for (const line of parse(listing)) {
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
      image.set(MACHINES[arch].encode(hex, target === undefined ? undefined : target - at), at);
    } catch (cause) {
      throw new SyntaxError(`unable to encode: ${text}`, { cause });
    }
  }
  for (const { at, bytes } of placed) image.set(bytes, at);
  return image;
}

/** Code and data as a source for the GNU assembler, so that a test can have the bytes made from the text a second time. */
export function source(arch: Arch, listing: string, data: readonly Data[] = []): string {
  const code = parse(listing).map((line) =>
    "label" in line ? `${line.label}:\n` : `${line.text}\n`
  );
  const bytes = data.map(([label, bytes]) =>
    `${label}:\n` + Array.from(bytes, (byte) => `.byte ${byte}\n`).join("")
  );
  return [MACHINES[arch].prologue, ".text\n", ...code, ...bytes].join("");
}

/** x86-64: the distance is counted from the instruction's end and ends it, in 1 byte or in 4. */
function encodeX86(hex: string, distance: number | undefined): number[] {
  const bytes = hex.split(" ");
  const known = bytes.filter((byte) => byte !== "..").map((byte) => parseInt(byte, 16));
  const missing = bytes.length - known.length;
  if (distance === undefined) {
    if (missing !== 0) throw new SyntaxError("a distance, but no label");
    return known;
  }
  if (missing !== 1 && missing !== 4) throw new SyntaxError("a label, but no place for a distance");
  const value = distance - bytes.length;
  if (missing === 1 && (value < -128 || value > 127)) throw new RangeError("label too far away");
  return [...known, ...Array.from({ length: missing }, (_, i) => (value >> (8 * i)) & 0xff)];
}

/** aarch64's instructions that hold a distance: how to tell one, and what to add to its word. */
const DISTANCES: ReadonlyArray<{
  readonly mask: number;
  readonly value: number;
  readonly field: (distance: number) => number;
}> = [
  // b, bl: in words, bits 0 to 25
  { mask: 0x7c000000, value: 0x14000000, field: (distance) => (distance >> 2) & 0x3ffffff },
  // b.cond, then cbz and cbnz: in words, bits 5 to 23
  { mask: 0xff000010, value: 0x54000000, field: (distance) => ((distance >> 2) & 0x7ffff) << 5 },
  { mask: 0x7e000000, value: 0x34000000, field: (distance) => ((distance >> 2) & 0x7ffff) << 5 },
  // tbz, tbnz: in words, bits 5 to 18
  { mask: 0x7e000000, value: 0x36000000, field: (distance) => ((distance >> 2) & 0x3fff) << 5 },
  // adr: in bytes, the low two in bits 29 and 30, the others in bits 5 to 23
  {
    mask: 0x9f000000,
    value: 0x10000000,
    field: (distance) => ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5),
  },
];

/** aarch64: the distance is counted from the instruction's start; no field here is too short. */
function encodeAarch64(hex: string, distance: number | undefined): number[] {
  let word = parseInt(hex, 16);
  const kind = DISTANCES.find(({ mask, value }) => ((word & mask) >>> 0) === value);
  if (kind === undefined) {
    if (distance !== undefined) throw new SyntaxError("a label, but no place for a distance");
  } else {
    if (distance === undefined) throw new SyntaxError("a distance, but no label");
    word |= kind.field(distance);
  }
  return [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff);
}

export const MACHINES: Readonly<Record<Arch, Machine>> = {
  x86_64: {
    number: 62, // EM_X86_64
    page: 0x1000,
    prologue: ".intel_syntax noprefix\n",
    encode: encodeX86,
  },
  aarch64: {
    number: 183, // EM_AARCH64
    page: 0x10000,
    prologue: "",
    encode: encodeAarch64,
  },
};
