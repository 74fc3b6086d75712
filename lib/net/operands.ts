// SPDX-License-Identifier: 0BSD
/**
 * The operands `host port` of the UCSPI tools.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import type { Address } from "../os/socket.ts";
import { fatal, orFatal } from "../cli/messages.ts";
import { findPort } from "./address.ts";
import type { Resolver } from "./resolver.ts";

/** The port that `text` means. */
export function portOperand(tool: string, text: ByteString): number {
  const port = findPort(text);
  if (port === undefined) throw fatal(tool, `unable to figure out port number for ${text}`);
  return port;
}

/** The addresses that `host` means, at least one. */
export function addressOperand(
  tool: string,
  resolver: Resolver,
  host: ByteString,
): readonly [Address, ...Address[]] {
  const [first, ...others] = orFatal(
    tool,
    `temporarily unable to figure out IP address for ${host}`,
    () => resolver.addressesNow(host),
  );
  if (first === undefined) throw fatal(tool, `no IP address for ${host}`);
  return [first, ...others];
}
