// SPDX-License-Identifier: 0BSD
/**
 * tcpserver - accepts incoming TCP connections and runs a program for each
 *
 * Synopsis: tcpserver [OPTIONS] HOST PORT PROGRAM [ARG ...]
 *
 * PROGRAM runs with the connection as its descriptors 0 and 1, and with the variables PROTO, TCPLOCALIP, TCPLOCALPORT,
 * TCPLOCALHOST, TCPREMOTEIP, TCPREMOTEPORT, TCPREMOTEHOST and TCPREMOTEINFO set. HOST 0 is every local
 * address; PORT is a number or a name, 0 any free one. SIGTERM ends tcpserver; programs that run go on.
 *
 * IPv6 is asked for by an IPv6 address for HOST (:: is every local one, IPv4's too), or by -4, -6 or -I. All is as in
 * ucspi-tcp-ipv6 then: PROTO is TCP6 for IPv6 clients, each TCP variable has a twin TCP6LOCALIP and so on, and
 * HOST 0 is ::.
 *
 * Options:
 *   -c N      at most N programs at a time (40)
 *   -x FILE   follow the access rules that tcprules compiled into FILE, as they are when the client comes
 *   -X        with -x: let everybody in while FILE does not exist
 *   -B TEXT   write TEXT to the client at once
 *   -g GID    switch group to GID, and to no other group, when the port is bound
 *   -u UID    switch user to UID
 *   -U        the same with $UID and $GID
 *   -1        print the local port on standard output
 *   -b N      let the kernel keep about N connections that wait (20)
 *   -o, -O    leave IP options of clients alone, or kill them (-O)
 *   -d, -D    let the system delay small packets, or not (-d)
 *   -q, -Q, -v   no messages at all, errors and warnings, everything (-Q)
 *   -p, -P    remove the client's name if none of its addresses is the client's, or don't (-P)
 *   -h, -H    look the client's name up, or don't (-h)
 *   -l NAME   take NAME for the local host name
 *   -r, -R    ask the client's IDENT server for TCPREMOTEINFO, or don't (-r)
 *   -t N      wait at most N seconds for that (26)
 *   -C N[:TEXT]  at most N programs at a time for clients of the same address; one more is told TEXT and hung up on
 *   -4        use IPv4 only
 *   -6        show IPv4 addresses in the form of IPv6, with PROTO TCP6
 *   -I NAME   the interface that a link-local IPv6 address is on
 *
 * Exit codes: 0 after SIGTERM; 100 wrong usage; 111 the port could not be opened, or another error of the system.
 *
 * Differences from the C tool: one process looks after all connections; those that are still being looked up
 * when tcpserver ends, end with it.
 *
 * See https://cr.yp.to/ucspi-tcp/tcpserver.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import { SIGCHLD, SIGPIPE, SIGTERM } from "../../lib/os/constants.ts";
import { unlessRefused } from "../../lib/os/errno.ts";
import { Loop } from "../../lib/os/loop.ts";
import { becomeGroup, setuid } from "../../lib/os/process.ts";
import { setDisposition, SignalDescriptor } from "../../lib/os/signal.ts";
import {
  type Address,
  bindReused,
  listen,
  localEnd,
  socket,
  takeBothKinds,
} from "../../lib/os/socket.ts";
import { fillStandardDescriptors, replaceByNull } from "../../lib/os/standard_descriptors.ts";
import type { Environment } from "../../lib/cli/environment.ts";
import { leadingNumber, leadingUint32 } from "../../lib/cli/number.ts";
import { Failure, orFatal } from "../../lib/cli/messages.ts";
import { print } from "../../lib/cli/output.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { ANY_ADDRESS, ANY_IPV6_ADDRESS, isIpv6 } from "../../lib/net/address.ts";
import { NO_ADDRESS_LIMIT, parseAddressLimit } from "../../lib/net/address_limit.ts";
import { addressForm, type Ipv6Options, scopeOption } from "../../lib/net/ipv6_options.ts";
import { addressOperand, hostPortProgram } from "../../lib/net/operands.ts";
import { Resolver } from "../../lib/net/resolver.ts";
import { type ServerPolicy, TcpServer } from "../../lib/net/tcp_server.ts";
import { readTcpOptions, TCP_DEFAULTS, type TcpSettings } from "../../lib/net/tcp_options.ts";
import { muted } from "../../lib/net/verbosity.ts";

const USAGE = "usage: tcpserver [ -1UXpPhHrRoOdDqQv ] [ -c limit ] [ -x rules.cdb ] " +
  "[ -B banner ] [ -g gid ] [ -u uid ] [ -b backlog ] [ -l localname ] [ -t timeout ] " +
  "host port program";

/** ucspi-tcp-0.88's, behind them those of ucspi-tcp-ipv6, and tcpsvd's -C. */
const LETTERS = "dDvqQhHrR1UXx:t:u:g:l:b:B:c:pPoO46I:C:";

export const tcpserver: Tool = { usage: USAGE, readsSignals: true, run };

/** What the options say. */
interface Settings extends ServerPolicy, TcpSettings {
  readonly printPort: boolean;
  readonly backlog: number;
  /** 0: no switch. */
  readonly uid: number;
  readonly gid: number;
}

const DEFAULTS: Settings = {
  ...TCP_DEFAULTS,
  limit: 40,
  addressLimit: NO_ADDRESS_LIMIT,
  banner: "",
  killOptions: true,
  paranoid: false,
  rules: undefined,
  allowWithoutRules: false,
  printPort: false,
  backlog: 20,
  uid: 0,
  gid: 0,
};

/** What a letter of its own says; undefined: its value is wrong. */
const OPTIONS: Readonly<
  Record<string, (value: ByteString, env: Environment) => Partial<Settings> | undefined>
> = {
  b: (value) => ({ backlog: leadingUint32(value) | 0 }),
  c: (value) => ({ limit: leadingNumber(value) }),
  C: (value) => {
    const addressLimit = parseAddressLimit(value);
    return addressLimit && { addressLimit };
  },
  X: () => ({ allowWithoutRules: true }),
  x: (value) => ({ rules: value }),
  B: (value) => ({ banner: value }),
  P: () => ({ paranoid: false }),
  p: () => ({ paranoid: true }),
  O: () => ({ killOptions: true }),
  o: () => ({ killOptions: false }),
  U: (_, env) => ({ ...numberIn(env, "UID", "uid"), ...numberIn(env, "GID", "gid") }),
  u: (value) => ({ uid: leadingUint32(value) }),
  g: (value) => ({ gid: leadingUint32(value) }),
  1: () => ({ printPort: true }),
};

function numberIn(env: Environment, name: ByteString, setting: "uid" | "gid"): Partial<Settings> {
  const text = env.get(name);
  return text === undefined ? {} : { [setting]: leadingUint32(text) };
}

function run(context: Context): Outcome {
  const { name, env } = context;
  const { settings, operands } = readTcpOptions(
    context,
    LETTERS,
    USAGE,
    DEFAULTS,
    ({ letter, value }) => OPTIONS[letter]?.(value, env),
  );
  return muted(settings.verbosity, () => {
    const { host, port, program } = hostPortProgram(name, operands, USAGE);
    fillStandardDescriptors();
    const signals = takeSignals();
    const resolver = new Resolver(new Loop(), env);
    resolver.loop.poller.add(signals.fd, () => endAtOnce(signals));
    const listener = openListener(name, resolver, host, port, settings);
    switchUser(name, settings);
    if (settings.printPort) printPort(listener);
    replaceByNull([0, 1], context.inheritance.descriptors.map(([ours]) => ours));
    resolver.loop.poller.remove(signals.fd);
    const { askIdent, identPatience, ipv6, ...policy } = settings;
    new TcpServer({
      ...policy,
      form: addressForm(ipv6, host),
      name,
      resolver,
      program,
      env,
      inheritance: context.inheritance,
      listener,
      signals,
      identSeconds: askIdent ? identPatience : undefined,
    }).serve();
    return 0;
  });
}

/** How they were set when we were started counts for none of the three. */
function takeSignals(): SignalDescriptor {
  // A log that nobody reads any more must not be our end, nor may children vanish unseen.
  setDisposition(SIGPIPE, "ignore");
  setDisposition(SIGCHLD, "default");
  setDisposition(SIGTERM, "default");
  return new SignalDescriptor([SIGCHLD, SIGTERM]);
}

/** SIGTERM before there is anybody to be served. */
function endAtOnce(signals: SignalDescriptor): void {
  signals.each(({ signal }) => {
    if (signal === SIGTERM) throw new Failure(0, "");
  });
}

function openListener(
  name: string,
  resolver: Resolver,
  host: ByteString,
  port: number,
  { backlog, ipv6 }: Settings,
): number {
  const address = listeningAddress(name, resolver, host, ipv6);
  const kind = ipv6.ipv4Only ? ANY_ADDRESS : address;
  const fd = orFatal(name, "unable to create socket", () => socket("stream", kind));
  orFatal(name, "unable to bind", () => {
    if (isIpv6(kind)) takeBothKinds(fd);
    bindReused(fd, { address, port, scope: scopeOption(ipv6) });
  });
  orFatal(name, "unable to listen", () => listen(fd, backlog));
  return fd;
}

function listeningAddress(
  name: string,
  resolver: Resolver,
  host: ByteString,
  ipv6: Ipv6Options,
): Address {
  const withIpv6 = addressForm(ipv6, host) !== "ucspi-tcp" && !ipv6.ipv4Only;
  if (host === "" || host === "0") return withIpv6 ? ANY_IPV6_ADDRESS : ANY_ADDRESS;
  const [address] = addressOperand(name, resolver, host, withIpv6);
  return ipv6.ipv4Only && address === ANY_IPV6_ADDRESS ? ANY_ADDRESS : address;
}

function switchUser(name: string, { gid, uid }: Settings): void {
  if (gid !== 0) orFatal(name, "unable to set gid", () => becomeGroup(gid));
  if (uid !== 0) orFatal(name, "unable to set uid", () => setuid(uid));
}

/** Nobody may be reading; that is no reason not to serve. */
function printPort(listener: number): void {
  unlessRefused(() => print(`${localEnd(listener).port}\n`));
}
