// SPDX-License-Identifier: 0BSD
/**
 * Names of ports: getservbyname(3), through the C library, so that every source of /etc/nsswitch.conf counts.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { cString } from "./c_string.ts";
import { libc, pad } from "./libc.ts";

/** The TCP port of the service called `name`, or undefined. */
export function findTcpService(name: ByteString): number | undefined {
  const entry = libc().getservbyname(cString(name), cString("tcp"), pad);
  if (entry === null) return undefined;
  // struct servent: s_name ptr 0, s_aliases ptr 8, s_port i32 16 in network order
  const port = new Deno.UnsafePointerView(entry).getUint16(16);
  return ((port & 0xff) << 8) | (port >> 8);
}
