// SPDX-License-Identifier: 0BSD
/**
 * WebAssembly at work: memories, and modules (assemble.ts) whose functions work in one.
 *
 * @module
 */

const PAGE = 65536;

/** The most pages that there can be: 4 GB. */
const MOST_PAGES = 65536;

/**
 * A memory of at least `size` bytes that never grows.
 *
 * @throws RangeError where that is more than there can be
 */
export function memoryOf(size: number): WebAssembly.Memory {
  const pages = Math.ceil(size / PAGE);
  if (pages > MOST_PAGES) throw new RangeError("out of memory");
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/** The functions that the module `code` exports, at work in `memory`. */
export function instantiate(
  memory: WebAssembly.Memory,
  code: Uint8Array<ArrayBuffer>,
): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports;
}
