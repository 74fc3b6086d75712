// SPDX-License-Identifier: 0BSD
/**
 * Ports for servers that are tried.
 *
 * @module
 */

/** A TCP port of the loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
