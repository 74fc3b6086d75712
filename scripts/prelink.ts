// SPDX-License-Identifier: 0BSD
/**
 * Prelinking: gives an executable that may lie anywhere in memory (a PIE) its place there once and for all.
 *
 * The runtime has 160,000 words that hold addresses: tables of functions, for the most part. Where it lies is decided
 * anew at each start, and then ld.so(8) writes those words: a sixth of the time that a small tool takes, and 2.7 MB of
 * memory, in each process anew. When the place is known the words stand in the file, and the kernel maps them, the same
 * pages for all processes and only those that somebody looks at.
 *
 * What changes is what the linker would have written had it known the place: the addresses in the headers, the dynamic
 * section, the dynamic symbols and the relocations, elf(5). There are none in the code.
 *
 * The price: where the runtime's own code lies is no longer random. Libraries, stack, heaps and what V8 compiles lie at
 * random places as before.
 *
 * @module
 */
import { BASE } from "../lib/os/elf.ts";

/** Why an executable cannot be prelinked. */
export class NotPrelinkable extends Error {}

/* The System V ABI, and its supplements for the two machines. */

const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;
const SHT_DYNSYM = 11;
const SHF_ALLOC = 2;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
const STT_TLS = 6;
const DF_1_PIE = 0x08000000n;

/** Entries of the dynamic section. */
const DT_PLTRELSZ = 2;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DT_JMPREL = 23;
const DT_RELACOUNT = 0x6ffffff9;
const DT_FLAGS_1 = 0x6ffffffb;
/**
 * Those that hold an address. DT_: PLTGOT, HASH, STRTAB, SYMTAB, RELA, INIT, FINI, JMPREL, INIT_ARRAY, FINI_ARRAY,
 * PREINIT_ARRAY, GNU_HASH, VERSYM, VERDEF, VERNEED.
 */
const WITH_ADDRESS = new Set([
  ...[3, 4, 5, 6, DT_RELA, 12, 13, DT_JMPREL, 25, 26, 32],
  ...[0x6ffffef5, 0x6ffffff0, 0x6ffffffc, 0x6ffffffe],
]);
/**
 * Those that do not. DT_: NULL, NEEDED, PLTRELSZ, RELASZ, RELAENT, STRSZ, SYMENT, SONAME, RPATH, PLTREL, DEBUG, BIND_NOW,
 * INIT_ARRAYSZ, FINI_ARRAYSZ, RUNPATH, FLAGS, PREINIT_ARRAYSZ, RELACOUNT, FLAGS_1, VERDEFNUM, VERNEEDNUM;
 * AARCH64_BTI_PLT, AARCH64_PAC_PLT, AARCH64_VARIANT_PCS.
 */
const WITHOUT_ADDRESS = new Set([
  ...[0, 1, DT_PLTRELSZ, DT_RELASZ, 9, 10, 11, 14, 15, 20, 21, 24, 27, 28, 29, 30, 33],
  ...[DT_RELACOUNT, DT_FLAGS_1, 0x6ffffffd, 0x6fffffff],
  ...[0x70000001, 0x70000003, 0x70000005],
]);

/** Relocations by machine (e_machine). */
interface Relocations {
  /** The word is to be an address in the file itself: R_*_RELATIVE. */
  readonly relative: number;
  /** It depends on a symbol, or on a place in a thread's memory: ld.so(8) has to do it, as before. */
  readonly others: readonly number[];
}

const MACHINES: ReadonlyMap<number, Relocations> = new Map([
  // EM_X86_64. R_X86_64_: 64, COPY, GLOB_DAT, JUMP_SLOT, DTPMOD64, DTPOFF64, TPOFF64
  [62, { relative: 8, others: [1, 5, 6, 7, 16, 17, 18] }],
  // EM_AARCH64. R_AARCH64_: ABS64, COPY, GLOB_DAT, JUMP_SLOT, TLS_DTPMOD, TLS_DTPREL, TLS_TPREL, TLSDESC
  [183, { relative: 1027, others: [257, 1024, 1025, 1026, 1028, 1029, 1030, 1031] }],
]);

/**
 * An executable with its place in memory decided: where programs that are no PIE lie.
 *
 * @param file the content of an executable file, 64 bits, little-endian
 * @returns the content of another one, of the same size
 * @throws NotPrelinkable where it is no PIE, or has something that is not known here
 */
export function prelinked(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(file);
  try {
    new Prelinker(copy).run();
  } catch (error) {
    if (error instanceof RangeError) throw new NotPrelinkable("it is cut short or damaged");
    throw error;
  }
  return copy;
}

/* Offsets of the fields that matter, and sizes. */
const EHDR = { type: 16, machine: 18, entry: 24, phoff: 32, shoff: 40, phnum: 56, shnum: 60 };
const PHDR = { size: 56, type: 0, offset: 8, vaddr: 16, paddr: 24, filesz: 32 };
const SHDR = { size: 64, type: 4, flags: 8, addr: 16, offset: 24, bytes: 32 };
const SYM = { size: 24, info: 4, shndx: 6, value: 8 };
const RELA = { size: 24, offset: 0, type: 8, addend: 16 };
const DYN = { size: 16, tag: 0, value: 8 };

/** An executable's bytes while it gets its place. */
class Prelinker {
  readonly #file: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #loads: { address: number; offset: number; size: number }[] = [];
  /** Where the value stands that the dynamic section has under a tag. */
  readonly #dynamic = new Map<number, number>();

  constructor(file: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    this.#view = new DataView(file.buffer);
  }

  run(): void {
    const machine = this.#expectPie();
    this.#moveSegments();
    this.#moveRelocations(machine);
    // Those above are found by the addresses that the file had.
    this.#moveSections();
    this.#moveDynamic();
    this.#view.setUint16(EHDR.type, ET_EXEC, true);
    this.#move(EHDR.entry);
  }

  #expectPie(): Relocations {
    // ELFCLASS64, ELFDATA2LSB, EV_CURRENT
    const isElf = ["\x7f", "E", "L", "F", "\x02", "\x01", "\x01"]
      .every((char, i) => this.#file[i] === char.charCodeAt(0));
    if (!isElf) throw new NotPrelinkable("it is no executable of 64 bits, little-endian");
    const type = this.#view.getUint16(EHDR.type, true);
    if (type !== ET_DYN) throw new NotPrelinkable("its place in memory is decided already");
    const number = this.#view.getUint16(EHDR.machine, true);
    const machine = MACHINES.get(number);
    if (machine === undefined) throw new NotPrelinkable(`machine ${number} is not known`);
    return machine;
  }

  #number(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  #set(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** What stands at `at` is an address. */
  #move(at: number): void {
    this.#set(at, this.#number(at) + BASE);
  }

  /** Where in the file that is which will be at `address` (of the file as it was). */
  #offsetOf(address: number): number {
    const load = this.#loads.find((load) =>
      address >= load.address && address < load.address + load.size
    );
    if (load === undefined) throw new RangeError();
    return load.offset + address - load.address;
  }

  #moveSegments(): void {
    const first = this.#number(EHDR.phoff);
    const count = this.#view.getUint16(EHDR.phnum, true);
    let interpreted = false;
    for (let at = first; at < first + count * PHDR.size; at += PHDR.size) {
      const type = this.#view.getUint32(at + PHDR.type, true);
      const address = this.#number(at + PHDR.vaddr);
      const offset = this.#number(at + PHDR.offset);
      const size = this.#number(at + PHDR.filesz);
      if (type === PT_LOAD) this.#loads.push({ address, offset, size });
      if (type === PT_DYNAMIC) this.#readDynamic(offset, size);
      interpreted ||= type === PT_INTERP;
      // The one that only says what the stack may do has no place.
      if (type === PT_GNU_STACK) continue;
      this.#move(at + PHDR.vaddr);
      this.#move(at + PHDR.paddr);
    }
    if (!interpreted || !this.#dynamic.has(DT_RELACOUNT)) {
      throw new NotPrelinkable("it has no relocations of the usual kind, or no ld.so(8)");
    }
  }

  #readDynamic(offset: number, size: number): void {
    for (let at = offset; at < offset + size; at += DYN.size) {
      const tag = this.#number(at + DYN.tag);
      if (!WITH_ADDRESS.has(tag) && !WITHOUT_ADDRESS.has(tag)) {
        throw new NotPrelinkable(`entry ${tag} of its dynamic section is not known`);
      }
      this.#dynamic.set(tag, at + DYN.value);
    }
  }

  /** The value that the dynamic section has under `tag`. */
  #valueOf(tag: number): number {
    const at = this.#dynamic.get(tag);
    return at === undefined ? 0 : this.#number(at);
  }

  /** Does the work of those that are first in their table, and takes them off it; the others stay. */
  #moveRelocations({ relative, others }: Relocations): void {
    const first = this.#offsetOf(this.#valueOf(DT_RELA));
    const done = this.#valueOf(DT_RELACOUNT) * RELA.size;
    for (let at = first; at < first + done; at += RELA.size) {
      if (this.#view.getUint32(at + RELA.type, true) !== relative) throw new RangeError();
      const word = this.#offsetOf(this.#number(at + RELA.offset));
      this.#set(word, this.#number(at + RELA.addend) + BASE);
    }
    const left = this.#valueOf(DT_RELASZ) - done;
    if (left < 0) throw new RangeError();
    this.#moveOthers(first + done, left, others);
    const calls = this.#valueOf(DT_PLTRELSZ);
    if (calls > 0) this.#moveOthers(this.#offsetOf(this.#valueOf(DT_JMPREL)), calls, others);
    this.#setDynamic(DT_RELA, this.#valueOf(DT_RELA) + done);
    this.#setDynamic(DT_RELASZ, left);
    this.#setDynamic(DT_RELACOUNT, 0);
  }

  #moveOthers(first: number, size: number, others: readonly number[]): void {
    for (let at = first; at < first + size; at += RELA.size) {
      const type = this.#view.getUint32(at + RELA.type, true);
      if (!others.includes(type)) throw new NotPrelinkable(`relocation ${type} is not known`);
      this.#move(at + RELA.offset);
    }
  }

  #setDynamic(tag: number, value: number): void {
    const at = this.#dynamic.get(tag);
    if (at !== undefined) this.#set(at, value);
  }

  #moveSections(): void {
    const first = this.#number(EHDR.shoff);
    const count = this.#view.getUint16(EHDR.shnum, true);
    let symbols = false;
    for (let at = first; at < first + count * SHDR.size; at += SHDR.size) {
      if (this.#view.getUint32(at + SHDR.type, true) === SHT_DYNSYM) {
        symbols = true;
        this.#moveSymbols(this.#number(at + SHDR.offset), this.#number(at + SHDR.bytes));
      }
      if (this.#number(at + SHDR.flags) & SHF_ALLOC) this.#move(at + SHDR.addr);
    }
    // Nothing else says how many symbols there are.
    if (!symbols) throw new NotPrelinkable("it has no section of symbols");
  }

  #moveSymbols(first: number, size: number): void {
    for (let at = first; at < first + size; at += SYM.size) {
      const section = this.#view.getUint16(at + SYM.shndx, true);
      const type = this.#view.getUint8(at + SYM.info) & 15;
      if (section === SHN_UNDEF || section === SHN_ABS || type === STT_TLS) continue;
      this.#move(at + SYM.value);
    }
  }

  #moveDynamic(): void {
    for (const [tag, at] of this.#dynamic) {
      if (WITH_ADDRESS.has(tag)) this.#move(at);
    }
    const flags = this.#dynamic.get(DT_FLAGS_1);
    if (flags === undefined) return;
    this.#view.setBigUint64(flags, this.#view.getBigUint64(flags, true) & ~DF_1_PIE, true);
  }
}
