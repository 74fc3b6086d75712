// SPDX-License-Identifier: 0BSD
/**
 * tcpclient - connects to a TCP server and runs a program
 *
 * Synopsis: tcpclient [OPTIONS] HOST PORT PROGRAM [ARG ...]
 *
 * PROGRAM takes tcpclient's place with the connection as its descriptors 6 (to read from) and 7 (to write to), and with
 * the variables PROTO, TCPLOCALIP, TCPLOCALPORT, TCPLOCALHOST, TCPREMOTEIP, TCPREMOTEPORT, TCPREMOTEHOST and
 * TCPREMOTEINFO set. HOST 0 is 127.0.0.1.
 *
 * IPv6 is asked for by an IPv6 address, or by -4, -6 or -I. All is as in ucspi-tcp-ipv6 then: PROTO is TCP6 for IPv6,
 * the IPv6 addresses of a name are tried before its IPv4 ones, and HOST 0 is ::1.
 *
 * Options:
 *   -i IP     connect from the local address IP
 *   -p PORT   connect from the local port PORT
 *   -T X+Y    give each of several addresses X seconds, then each again Y seconds (2+58); X alone: X+0
 *   -d, -D    let the system delay small packets, or not (-d)
 *   -q, -Q, -v   no messages at all, errors, everything (-Q)
 *   -h, -H    look the server's name up, or don't (-h)
 *   -l NAME   take NAME for the local host name
 *   -r, -R    ask the server's IDENT server for TCPREMOTEINFO, or don't (-r)
 *   -t N      wait at most N seconds for that (26)
 *   -4        use IPv4 only
 *   -6        show IPv4 addresses in the form of IPv6, with PROTO TCP6
 *   -I NAME   the interface that a link-local IPv6 address is on
 *
 * Exit codes: 100 wrong usage; 111 no connection, or PROGRAM cannot be run; else PROGRAM's own.
 *
 * See https://cr.yp.to/ucspi-tcp/tcpclient.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { leadingUint32 } from "../../lib/cli/number.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { hostPortProgram } from "../../lib/net/operands.ts";
import {
  CLIENT_DEFAULTS,
  type ClientSettings,
  connectTcp,
  parseLocalIp,
  programOn,
} from "../../lib/net/tcp_client.ts";
import { readTcpOptions } from "../../lib/net/tcp_options.ts";
import { muted, SILENT } from "../../lib/net/verbosity.ts";

const USAGE = "usage: tcpclient [ -hHrRdDqQv ] [ -i localip ] [ -p localport ] " +
  "[ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] host port program";

/** ucspi-tcp-0.88's, and behind them those of ucspi-tcp-ipv6. */
const LETTERS = "dDvqQhHrRi:p:t:T:l:46I:";

export const tcpclient: Tool = { usage: USAGE, run };

/** What a letter of its own says; undefined: its value is wrong. */
const OPTIONS: Readonly<
  Record<string, (value: ByteString) => Partial<ClientSettings> | undefined>
> = {
  i: (value) => parseLocalIp(value) === undefined ? undefined : { localIp: value },
  p: (value) => ({ localPort: leadingUint32(value) & 0xffff }),
  T: (value) => {
    const [, first = "", second = ""] = /^([0-9]*)[+]?([0-9]*)/.exec(value) ?? [];
    return { patience: [leadingUint32(first), leadingUint32(second)] };
  },
};

function run(context: Context): Outcome {
  const { name, env } = context;
  const { settings, operands } = readTcpOptions(
    context,
    LETTERS,
    USAGE,
    CLIENT_DEFAULTS,
    ({ letter, value }) => OPTIONS[letter]?.(value),
  );
  return muted(settings.verbosity, () => {
    const { program, ...destination } = hostPortProgram(name, operands, USAGE);
    const next = programOn(connectTcp(name, env, destination, settings), program);
    return settings.verbosity === SILENT ? { ...next, complaint: "" } : next;
  });
}
