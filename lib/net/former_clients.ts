// SPDX-License-Identifier: 0BSD
/**
 * The clients of a server that was here before: whoever was let in stays when the server goes, and counts when another one
 * comes to the same port.
 *
 * @module
 */
import { openConnections } from "../os/connections.ts";
import { type Address, type Endpoint, unmapped } from "../os/socket.ts";
import { isIpv6 } from "./address.ts";
import type { AddressCounts } from "./address_limit.ts";

export class FormerClients {
  readonly #port: number;
  /** Their addresses, as accept(2) has given them to the other server, by the inode of the connection. */
  readonly #clients = new Map<number, Address>();

  /**
   * To be made before the first client is accepted.
   *
   * @param at where the server listens
   * @param addresses are told of them
   */
  constructor(at: Endpoint, private readonly addresses: AddressCounts) {
    this.#port = at.port;
    const here = unmapped(at.address);
    const anywhere = /^\0*$/.test(here);
    for (const { local, remote, inode } of openConnections(at.port)) {
      const there = unmapped(local.address);
      // One of IPv6 is no client of a server for IPv4 alone: another server may listen at the same port.
      if (anywhere ? isIpv6(there) && !isIpv6(here) : there !== here) continue;
      const address = unmapped(remote.address);
      this.#clients.set(inode, address);
      addresses.add(address);
    }
  }

  /** How many there still were at the last look. */
  get count(): number {
    return this.#clients.size;
  }

  /** Looks which of them have gone. */
  look(): void {
    if (this.count === 0) return;
    const open = new Set(openConnections(this.#port).map(({ inode }) => inode));
    for (const [inode, address] of this.#clients) {
      if (open.has(inode)) continue;
      this.#clients.delete(inode);
      this.addresses.remove(address);
    }
  }
}
