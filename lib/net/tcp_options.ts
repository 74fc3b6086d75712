// SPDX-License-Identifier: 0BSD
/**
 * The options that tcpserver(1) and tcpclient(1) have in common, and how they are read.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { getopt, type Option } from "../cli/getopt.ts";
import { usageError } from "../cli/messages.ts";
import { leadingUint32 } from "../cli/number.ts";
import type { Context } from "../cli/tool.ts";
import { IPV6_OPTIONS, type Ipv6Options, NO_IPV6_OPTIONS } from "./ipv6_options.ts";
import { EVERYTHING, SILENT, WARNINGS } from "./verbosity.ts";

/** How much is said, and what is asked about the other side of a connection. */
export interface TcpSettings {
  readonly noDelay: boolean;
  readonly verbosity: number;
  readonly lookUpRemoteHost: boolean;
  /** Our own name; undefined: that of our address. */
  readonly localHost: ByteString | undefined;
  readonly askIdent: boolean;
  /** Seconds. */
  readonly identPatience: number;
  readonly ipv6: Ipv6Options;
}

/** Without an option. */
export const TCP_DEFAULTS: TcpSettings = {
  noDelay: false,
  verbosity: WARNINGS,
  lookUpRemoteHost: true,
  localHost: undefined,
  askIdent: true,
  identPatience: 26,
  ipv6: NO_IPV6_OPTIONS,
};

/** What each of them says. */
const OPTIONS: Readonly<Record<string, (value: ByteString) => Partial<TcpSettings>>> = {
  d: () => ({ noDelay: false }),
  D: () => ({ noDelay: true }),
  q: () => ({ verbosity: SILENT }),
  Q: () => ({ verbosity: WARNINGS }),
  v: () => ({ verbosity: EVERYTHING }),
  h: () => ({ lookUpRemoteHost: true }),
  H: () => ({ lookUpRemoteHost: false }),
  l: (value) => ({ localHost: value }),
  r: () => ({ askIdent: true }),
  R: () => ({ askIdent: false }),
  t: (value) => ({ identPatience: leadingUint32(value) }),
};

/**
 * Reads the options of a tool that has these beside its own; of contrary ones the last counts.
 *
 * @param letters all of them, for getopt
 * @param own what an option of the tool's own says; undefined: its value is wrong
 * @throws Failure 100 for the first one that is wrong
 */
export function readTcpOptions<Settings extends TcpSettings>(
  context: Context,
  letters: string,
  usage: string,
  defaults: Settings,
  own: (option: Option) => Partial<Settings> | undefined,
): { readonly settings: Settings; readonly operands: readonly ByteString[] } {
  let settings = defaults;
  const take = (option: Option): void => {
    const { letter, value } = option;
    const ipv6 = IPV6_OPTIONS[letter]?.(value, settings.ipv6);
    const said = ipv6 === undefined ? OPTIONS[letter]?.(value) ?? own(option) : { ipv6 };
    if (said === undefined) throw usageError(context.name, usage);
    settings = { ...settings, ...said };
  };
  const { operands } = getopt(context, letters, usage, { take });
  return { settings, operands };
}
