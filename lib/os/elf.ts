// SPDX-License-Identifier: 0BSD
/**
 * A static executable file, elf(5): headers in front of code and data that nothing writes to.
 *
 * @module
 */
import { type Arch, type Machine, MACHINES } from "./listing.ts";

/** Where an executable is mapped that cannot lie anywhere: the customary address, and a multiple of any page. */
export const BASE = 0x400000;

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;

/** Where code and data begin in the file; the first instruction is the entry point. */
export const CODE_OFFSET = HEADER_SIZE + 2 * PROGRAM_HEADER_SIZE;

/** An executable file for `arch`, of an image that begins with its entry point. */
export function executable(arch: Arch, image: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(CODE_OFFSET + image.length);
  file.set(elfHeaders(MACHINES[arch], file.length));
  file.set(image, CODE_OFFSET);
  return file;
}

/** The ELF header and two program headers, elf(5), of a file of `size` bytes. */
function elfHeaders({ number, page }: Machine, size: number): Uint8Array<ArrayBuffer> {
  const headers = new Uint8Array(CODE_OFFSET);
  const view = new DataView(headers.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  headers.set(new TextEncoder().encode("\x7fELF"));
  headers[4] = 2; // ELFCLASS64
  headers[5] = 1; // ELFDATA2LSB
  headers[6] = 1; // EV_CURRENT
  u16(16, 2); // e_type: ET_EXEC
  u16(18, number); // e_machine
  u32(20, 1); // e_version: EV_CURRENT
  u64(24, BASE + CODE_OFFSET); // e_entry
  u64(32, HEADER_SIZE); // e_phoff
  u16(52, HEADER_SIZE); // e_ehsize
  u16(54, PROGRAM_HEADER_SIZE); // e_phentsize
  u16(56, 2); // e_phnum
  u16(58, 64); // e_shentsize: there are no sections, but readers expect the size

  // The whole file, for reading and executing; it has nothing to write to but the stack.
  const load = HEADER_SIZE;
  u32(load, 1); // p_type: PT_LOAD
  u32(load + 4, 5); // p_flags: PF_R | PF_X
  u64(load + 16, BASE); // p_vaddr
  u64(load + 24, BASE); // p_paddr
  u64(load + 32, size); // p_filesz
  u64(load + 40, size); // p_memsz
  u64(load + 48, page); // p_align

  // Without this header the kernel would make the stack executable.
  const stack = HEADER_SIZE + PROGRAM_HEADER_SIZE;
  u32(stack, 0x6474e551); // p_type: PT_GNU_STACK
  u32(stack + 4, 6); // p_flags: PF_R | PF_W
  u64(stack + 48, 16); // p_align
  return headers;
}
