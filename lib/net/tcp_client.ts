// SPDX-License-Identifier: 0BSD
/**
 * A connection to a TCP server, as tcpclient(1) makes it: for tcpclient itself, and for the tools that are shell scripts
 * around it in the C package.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { IPPROTO_TCP, SIGPIPE, TCP_NODELAY } from "../os/constants.ts";
import { ETIMEDOUT, SystemError, unlessRefused } from "../os/errno.ts";
import { dup } from "../os/file.ts";
import { Loop } from "../os/loop.ts";
import { setDisposition } from "../os/signal.ts";
import { type Address, type Endpoint, localEnd, remoteEnd, setOption } from "../os/socket.ts";
import { fillStandardDescriptors } from "../os/standard_descriptors.ts";
import type { Environment } from "../cli/environment.ts";
import { complain, EXIT_TEMPORARY, Failure, fatal, orFatal, reasonOf } from "../cli/messages.ts";
import type { Next } from "../cli/tool.ts";
import {
  ANY_ADDRESS,
  ANY_IPV6_ADDRESS,
  formatAddress,
  isIpv6,
  parseIpv6,
  scanAddress,
} from "./address.ts";
import { dial } from "./dial.ts";
import { askIdentNow } from "./ident.ts";
import { addressForm, scopeOption } from "./ipv6_options.ts";
import { addressOperand } from "./operands.ts";
import { Resolver } from "./resolver.ts";
import { IOPAUSE_GRACE } from "./task.ts";
import { TCP_DEFAULTS, type TcpSettings } from "./tcp_options.ts";
import {
  type AddressForm,
  type Change,
  changed,
  type Connection,
  protocolOf,
  shownAddress,
} from "./ucspi.ts";
import { EVERYTHING, SILENT } from "./verbosity.ts";

/** How a connection is to be made: what tcpclient's options say. */
export interface ClientSettings extends TcpSettings {
  /** -i, as it was written (`parseLocalIp`); undefined: the system's choice. */
  readonly localIp: ByteString | undefined;
  readonly localPort: number;
  /** Seconds for each of several addresses, in the first round and in the second. */
  readonly patience: readonly [number, number];
}

/** tcpclient's, without an option. */
export const CLIENT_DEFAULTS: ClientSettings = {
  ...TCP_DEFAULTS,
  localIp: undefined,
  localPort: 0,
  patience: [2, 58],
};

/** A connection, and the environment with the variables that tell of it. */
export interface TcpConnection {
  readonly socket: number;
  readonly env: Environment;
}

/** The address that `text` is, IPv4 or IPv6; undefined where it is none. */
export function parseLocalIp(text: ByteString): Address | undefined {
  return parseIpv6(text) ?? scanAddress(text)?.address;
}

/** A descriptor from here on is neither 6 nor 7. */
const FIRST_FREE = 8;

/**
 * Connects to `host`, a name or an address; `""` and `0` are this machine. SIGPIPE is ignored from then on: that nobody
 * reads a message is no reason not to connect.
 *
 * @param tool the name that messages begin with
 * @throws Failure with tcpclient's message
 */
export function connectTcp(
  tool: string,
  env: Environment,
  { host, port }: { readonly host: ByteString; readonly port: number },
  settings: ClientSettings,
): TcpConnection {
  setDisposition(SIGPIPE, "ignore");
  fillStandardDescriptors();
  const { ipv6 } = settings;
  const resolver = new Resolver(new Loop(), env);
  const form = addressForm(ipv6, host, settings.localIp ?? "");
  const withIpv6 = form !== "ucspi-tcp" && !ipv6.ipv4Only;
  const itself = withIpv6 ? "::1" : "127.0.0.1";
  const named = host === "" || host === "0" ? itself : host;
  const addresses = addressOperand(tool, resolver, named, withIpv6);
  const fd = connectToOne(tool, addresses, port, settings);
  // A connection without it is one, too.
  if (settings.noDelay) unlessRefused(() => setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  const local = orFatal(tool, "unable to get local address", () => localEnd(fd));
  const remote = orFatal(tool, "unable to get remote address", () => remoteEnd(fd));
  const changes = describe(tool, resolver, { local, remote }, settings, form);
  return { socket: dup(fd, FIRST_FREE), env: changed(env, changes) };
}

/** `program` with the connection as its descriptors 6 and 7. */
export function programOn(
  { socket, env }: TcpConnection,
  program: readonly ByteString[],
): Next {
  // A program that ignores SIGPIPE does so by its own decision.
  setDisposition(SIGPIPE, "default");
  return { argv: program, env, descriptors: [[socket, 6], [socket, 7]] };
}

/**
 * Tries the addresses in turn, and once more those that have not answered: the connection's descriptor. A failure is
 * reported for each; there is no other message then.
 */
function connectToOne(
  tool: string,
  addresses: readonly Address[],
  port: number,
  settings: ClientSettings,
): number {
  const { patience, verbosity, ipv6 } = settings;
  const reachable = reachableFrom(settings.localIp, addresses);
  const [first, second] = reachable.length === 1 ? [patience[0] + patience[1], 0] : patience;
  const scope = scopeOption(ipv6);
  let left = reachable;
  for (const [round, seconds] of [first, second].entries()) {
    const again: Address[] = [];
    for (const address of left) {
      try {
        const remote = { address, port, scope };
        const from = localEndpoint(settings, address, scope);
        const kind = ipv6.ipv4Only ? ANY_ADDRESS : address;
        return dial(from, remote, seconds * 1000 + IOPAUSE_GRACE, kind);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (error.call === "socket") throw fatal(tool, "unable to create socket", error);
        if (error.call === "bind") throw fatal(tool, "unable to bind socket", error);
        if (error.errno === ETIMEDOUT && round === 0 && second > 0) again.push(address);
        else if (verbosity > SILENT) {
          const where = `${formatAddress(address)} port ${port}`;
          complain(`${tool}: unable to connect to ${where}: ${reasonOf(error)}`);
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
  { localIp, localPort: port, ipv6 }: ClientSettings,
  address: Address,
  scope: number,
): Endpoint {
  const any = isIpv6(address) && !ipv6.ipv4Only ? ANY_IPV6_ADDRESS : ANY_ADDRESS;
  const local = parseLocalIp(localIp ?? "") ?? any;
  // `::` is any address of ours, for an IPv4 connection too.
  return { address: local === ANY_IPV6_ADDRESS ? any : local, port, scope };
}

/** The variables, in the C tool's order. A host without a name has an empty one here. */
function describe(
  tool: string,
  resolver: Resolver,
  { local, remote }: Connection,
  { localHost, lookUpRemoteHost, askIdent, identPatience, verbosity }: ClientSettings,
  form: AddressForm,
): Change[] {
  const localName = localHost ?? nameOf(resolver, local.address);
  if (verbosity === EVERYTHING) {
    complain(`${tool}: connected to ${shownAddress(remote.address, form)} port ${remote.port}`);
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
  return unlessRefused(() => resolver.now((done) => resolver.nameOf(address, done)));
}
