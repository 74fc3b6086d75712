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
import { IPPROTO_TCP, SIGPIPE, TCP_NODELAY } from "../../lib/os/constants.ts";
import { ETIMEDOUT, SystemError } from "../../lib/os/errno.ts";
import { dup, fillStandardDescriptors } from "../../lib/os/file.ts";
import { Loop } from "../../lib/os/loop.ts";
import { setDisposition } from "../../lib/os/signal.ts";
import { type Address, type Endpoint, localEnd, setOption } from "../../lib/os/socket.ts";
import { getopt, leadingNumber } from "../../lib/cli/getopt.ts";
import {
  complain,
  EXIT_TEMPORARY,
  Failure,
  fatal,
  reasonOf,
  usageError,
} from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import {
  ANY_ADDRESS,
  ANY_IPV6_ADDRESS,
  formatAddress,
  isIpv6,
  parseIpv6,
  scanAddress,
} from "../../lib/net/address.ts";
import { dial } from "../../lib/net/dial.ts";
import { askIdentNow } from "../../lib/net/ident.ts";
import {
  addressForm,
  addressOperand,
  hostPortProgram,
  IPV6_OPTIONS,
  type Ipv6Options,
  NO_IPV6_OPTIONS,
  scopeOption,
} from "../../lib/net/operands.ts";
import { Resolver } from "../../lib/net/resolver.ts";
import {
  type AddressForm,
  type Change,
  changed,
  protocolOf,
  shownAddress,
} from "../../lib/net/ucspi.ts";
import { EVERYTHING, muted, SILENT, WARNINGS } from "../../lib/net/verbosity.ts";

const USAGE = "usage: tcpclient [ -hHrRdDqQv ] [ -i localip ] [ -p localport ] " +
  "[ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] host port program";

/** ucspi-tcp-0.88's, and behind them those of ucspi-tcp-ipv6. */
const LETTERS = "dDvqQhHrRi:p:t:T:l:46I:";

export const tcpclient: Tool = { usage: USAGE, run };

/** What the options say. */
interface Settings {
  /** -i, as it was written; undefined: the system's choice. */
  readonly localIp: ByteString | undefined;
  readonly localPort: number;
  /** Seconds for each of several addresses, in the first round and in the second. */
  readonly patience: readonly [number, number];
  readonly noDelay: boolean;
  readonly verbosity: number;
  readonly lookUpRemoteHost: boolean;
  readonly localHost: ByteString | undefined;
  readonly askIdent: boolean;
  readonly identPatience: number;
  readonly ipv6: Ipv6Options;
}

const DEFAULTS: Settings = {
  localIp: undefined,
  localPort: 0,
  patience: [2, 58],
  noDelay: false,
  verbosity: WARNINGS,
  lookUpRemoteHost: true,
  localHost: undefined,
  askIdent: true,
  identPatience: 26,
  ipv6: NO_IPV6_OPTIONS,
};

/** What a letter says; of contrary ones the last counts. undefined: its value is wrong. */
const OPTIONS: Readonly<
  Record<string, (value: ByteString) => Partial<Settings> | undefined>
> = {
  i: (value) => parseLocalIp(value) === undefined ? undefined : { localIp: value },
  p: (value) => ({ localPort: leadingNumber(value) & 0xffff }),
  T: (value) => {
    const [, first = "", second = ""] = /^([0-9]*)[+]?([0-9]*)/.exec(value) ?? [];
    return { patience: [Number(first), Number(second)] };
  },
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
  t: (value) => ({ identPatience: leadingNumber(value) }),
};

function parseLocalIp(text: ByteString): Address | undefined {
  return parseIpv6(text) ?? scanAddress(text)?.address;
}

function run(context: Context): Outcome {
  const { name, env } = context;
  let settings = DEFAULTS;
  const { operands } = getopt(name, LETTERS, context.args, USAGE, ({ letter, value }) => {
    const ipv6 = IPV6_OPTIONS[letter]?.(value, settings.ipv6);
    const said = ipv6 === undefined ? OPTIONS[letter]?.(value) : { ipv6 };
    if (said === undefined) throw usageError(name, USAGE);
    settings = { ...settings, ...said };
  });
  return muted(settings.verbosity, () => {
    const { host, port, program } = hostPortProgram(name, operands, USAGE);
    fillStandardDescriptors();
    const resolver = new Resolver(new Loop(), env);
    const form = addressForm(settings.ipv6, host, settings.localIp ?? "");
    const withIpv6 = form !== "ucspi-tcp" && !settings.ipv6.ipv4Only;
    const itself = withIpv6 ? "::1" : "127.0.0.1";
    const addresses = addressOperand(
      name,
      resolver,
      host === "" || host === "0" ? itself : host,
      withIpv6,
    );
    const { fd, remote } = connectToOne(name, addresses, port, settings);
    if (settings.noDelay) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const changes = describe(name, resolver, { local: localEnd(fd), remote }, settings, form);
    // A program that ignores SIGPIPE does so by its own decision.
    setDisposition(SIGPIPE, "default");
    const socket = dup(fd, FIRST_FREE);
    return {
      argv: program,
      env: changed(env, changes),
      descriptors: [[socket, 6], [socket, 7]],
      ...(settings.verbosity === SILENT ? { complaint: "" } : {}),
    };
  });
}

/** A descriptor from here on is neither 6 nor 7. */
const FIRST_FREE = 8;

/**
 * Tries the addresses in turn, and once more those that have not answered. A failure is reported for each;
 * there is no other message then.
 */
function connectToOne(
  name: string,
  addresses: readonly Address[],
  port: number,
  settings: Settings,
): { readonly fd: number; readonly remote: Endpoint } {
  const { patience, verbosity, ipv6 } = settings;
  const reachable = reachableFrom(settings.localIp, addresses);
  const [first, second] = reachable.length === 1 ? [patience[0] + patience[1], 0] : patience;
  const scope = scopeOption(ipv6);
  let left = reachable;
  for (const seconds of [first, second]) {
    const again: Address[] = [];
    for (const address of left) {
      try {
        const remote = { address, port, scope };
        const from = localEndpoint(settings, address, scope);
        const kind = ipv6.ipv4Only ? ANY_ADDRESS : address;
        // iopause.c waits 20 milliseconds longer than it is told to.
        return { fd: dial(from, remote, seconds * 1000 + 20, kind), remote };
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (error.call === "socket") throw fatal(name, "unable to create socket", error);
        if (error.call === "bind") throw fatal(name, "unable to bind socket", error);
        if (error.errno === ETIMEDOUT && seconds === first && second > 0) again.push(address);
        else if (verbosity > SILENT) {
          const where = `${formatAddress(address)} port ${port}`;
          complain(`${name}: unable to connect to ${where}: ${reasonOf(error)}`);
        }
      }
    }
    left = again;
  }
  throw new Failure(EXIT_TEMPORARY, "");
}

/** The addresses of the same kind as the local one, if there are any; no other can be reached from it. */
function reachableFrom(
  localIp: ByteString | undefined,
  addresses: readonly Address[],
): readonly Address[] {
  const local = parseLocalIp(localIp ?? "");
  if (local === undefined) return addresses;
  const alike = addresses.filter((address) => isIpv6(address) === isIpv6(local));
  return alike.length > 0 ? alike : addresses;
}

/** Our side of a connection to `address`. */
function localEndpoint(
  { localIp, localPort: port, ipv6 }: Settings,
  address: Address,
  scope: number,
): Endpoint {
  const any = isIpv6(address) && !ipv6.ipv4Only ? ANY_IPV6_ADDRESS : ANY_ADDRESS;
  return { address: parseLocalIp(localIp ?? "") ?? any, port, scope };
}

/** The variables, in the C tool's order. A host without a name has an empty one here. */
function describe(
  name: string,
  resolver: Resolver,
  { local, remote }: { readonly local: Endpoint; readonly remote: Endpoint },
  { localHost, lookUpRemoteHost, askIdent, identPatience, verbosity }: Settings,
  form: AddressForm,
): Change[] {
  const localName = localHost ?? nameOf(resolver, local.address);
  if (verbosity === EVERYTHING) {
    complain(`${name}: connected to ${formatAddress(remote.address)} port ${remote.port}`);
  }
  const remoteName = lookUpRemoteHost ? nameOf(resolver, remote.address) : undefined;
  const info = askIdent ? askIdentNow(resolver.loop, { local, remote }, identPatience) : undefined;
  return [
    ["PROTO", protocolOf(remote.address, form)],
    ["TCPLOCALPORT", String(local.port)],
    ["TCPLOCALIP", shownAddress(local.address, form)],
    ["TCPLOCALHOST", localName],
    ["TCPREMOTEPORT", String(remote.port)],
    ["TCPREMOTEIP", shownAddress(remote.address, form)],
    ["TCPREMOTEHOST", remoteName],
    ["TCPREMOTEINFO", info],
  ];
}

function nameOf(resolver: Resolver, address: Address): ByteString | undefined {
  try {
    return resolver.now((done) => resolver.nameOf(address, done));
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}
