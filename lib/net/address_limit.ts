// SPDX-License-Identifier: 0BSD
/**
 * How many clients a server takes from one address at a time.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Address } from "../os/socket.ts";

/** The limit, and what a client beyond it is told. */
export interface AddressLimit {
  /** 0: there is none. */
  readonly most: number;
  readonly text: ByteString;
}

export const NO_ADDRESS_LIMIT: AddressLimit = { most: 0, text: "" };

/** Reads `N` or `N:TEXT`, as tcpsvd -C does; undefined where it is neither. */
export function parseAddressLimit(value: ByteString): AddressLimit | undefined {
  const [, number, text = ""] = /^([0-9]+)(?::([^]*))?$/.exec(value) ?? [];
  return number === undefined ? undefined : { most: Number(number), text };
}

/** How many there are of each address; those of which there is none cost nothing. */
export class AddressCounts {
  readonly #counts = new Map<Address, number>();

  of(address: Address): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: Address): void {
    this.#counts.set(address, this.of(address) + 1);
  }

  /** There is one less; to be called as often as `add`. */
  remove(address: Address): void {
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
