// SPDX-License-Identifier: 0BSD
/**
 * Accounts: getpwnam(3), through the C library, so that every source of /etc/nsswitch.conf counts.
 *
 * @module
 */
import type { ByteString } from "./bytes.ts";
import { cString } from "./c_string.ts";
import { libc, pad } from "./libc.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account called `name`, or undefined. */
export function findAccount(name: ByteString): Account | undefined {
  const entry = libc().getpwnam(cString(name), pad);
  if (entry === null) return undefined;
  // struct passwd: pw_name ptr 0, pw_passwd ptr 8, pw_uid u32 16, pw_gid u32 20
  const view = new Deno.UnsafePointerView(entry);
  return { uid: view.getUint32(16), gid: view.getUint32(20) };
}
