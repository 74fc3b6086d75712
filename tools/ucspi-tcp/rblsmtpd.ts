// SPDX-License-Identifier: 0BSD
/**
 * rblsmtpd - refuses mail from hosts that are listed in the domain name system, and else runs a program
 *
 * Synopsis: rblsmtpd [-bBcC] [-t SECONDS] [-r BASE] [-a BASE] PROGRAM [ARG ...]
 *
 * $RBLSMTPD decides if it is set: empty, PROGRAM runs; `-TEXT`, mail is refused for good (553 TEXT); `TEXT`, it is
 * refused for now (451 TEXT). Else the lists are asked for $TCPREMOTEIP in the order given, and the first that knows
 * it decides; of an IPv6 address the hexadecimal digits are asked for (RFC 5782). A host that is refused is talked to in just enough SMTP to tell it so.
 *
 * Options; -b and -c count for the lists that follow:
 *   -r BASE      a list of those to be refused, by TXT records
 *   -a BASE      a list of those to be let in, by A records
 *   -b, -B       refuse listed hosts for good, or for now (-B)
 *   -c, -C       refuse while a list cannot be asked, or let in (-C)
 *   -t SECONDS   be done with a host after so many seconds (60); 0: say why and hang up
 *
 * Exit codes: 0 the host was refused; 100 wrong usage; 111 PROGRAM cannot be run; else PROGRAM's own.
 *
 * See https://cr.yp.to/ucspi-tcp/rblsmtpd.html
 *
 * @module
 */
import { type ByteString, toBytes } from "../../lib/os/bytes.ts";
import { monotonic } from "../../lib/os/clock.ts";
import { PIPE_BUF } from "../../lib/os/constants.ts";
import { SystemError, unlessRefused } from "../../lib/os/errno.ts";
import { readOrEnd, writeAll } from "../../lib/os/file.ts";
import { Loop } from "../../lib/os/loop.ts";
import { awaitReady, POLLIN, POLLOUT } from "../../lib/os/poll.ts";
import { getpid } from "../../lib/os/process.ts";
import type { Address } from "../../lib/os/socket.ts";
import { fillStandardDescriptors } from "../../lib/os/standard_descriptors.ts";
import { getopt } from "../../lib/cli/getopt.ts";
import { leadingNumber } from "../../lib/cli/number.ts";
import { complain, usageError } from "../../lib/cli/messages.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { formatAddress, isIpv6, parseIpv6 } from "../../lib/net/address.ts";
import { reverseDigits } from "../../lib/net/dns_packet.ts";
import type { Task } from "../../lib/net/task.ts";
import { type Done, Resolver } from "../../lib/net/resolver.ts";

// C's words, -R and all, which is none of its options.
const USAGE = "usage: rblsmtpd [ -b ] [ -R ] [ -t timeout ] [ -r base ] [ -a base ] " +
  "smtpd [ arg ... ]";

export const rblsmtpd: Tool = { usage: USAGE, run };

/** What is decided about the client. */
type Decision =
  | { readonly refuse: false }
  | { readonly refuse: true; readonly forGood: boolean; readonly text: ByteString };

const LET_IN: Decision = { refuse: false };
const MAX_TEXT = 200;

function run(context: Context): Outcome {
  const { name, env } = context;
  const { options, operands } = getopt(context, "bBcCt:r:a:", USAGE);
  fillStandardDescriptors();
  const ip = env.get("TCPREMOTEIP") ?? "";
  const lists = new Lists(new Resolver(new Loop(), env), ip, decisionOf(env.get("RBLSMTPD")));
  let seconds = 60;
  for (const { letter, value } of options) {
    if (letter === "t") seconds = leadingNumber(value);
    else lists.option(letter, value);
  }
  if (operands.length === 0) throw usageError(name, USAGE);
  const { decision } = lists;
  if (decision === undefined || !decision.refuse) return { argv: operands, env };
  const code = decision.forGood && !lists.inDoubt ? 553 : 451;
  const message = `${code} ${decision.text.slice(0, MAX_TEXT)}`.replace(/[^ -~]/g, "?");
  complain(`${name}: ${ip} pid ${getpid()}: ${message}`);
  if (seconds === 0) say(message + "\r\n");
  else refuse(message + "\r\n", seconds * 1000);
  return 0;
}

function decisionOf(variable: ByteString | undefined): Decision | undefined {
  if (variable === undefined) return undefined;
  if (variable === "") return LET_IN;
  const forGood = variable.startsWith("-");
  return { refuse: true, forGood, text: forGood ? variable.slice(1) : variable };
}

function reversed(ip: ByteString): ByteString {
  const address = ip.includes(":") ? parseIpv6(ip) : undefined;
  if (address !== undefined && isIpv6(address)) return reverseDigits(address);
  // The empty part before a dot in the first place is no part: C's loop, from the end, is over there.
  const dotted = address === undefined ? ip.replace(/^\./, "") : formatAddress(address);
  return dotted.split(".").toReversed().join(".");
}

/** The lists, asked one after the other until one decides. */
class Lists {
  /** A list that could not be asked might have let the host in: nothing is for good then. */
  inDoubt = false;
  readonly #resolver: Resolver;
  /** The address turned round, with a dot at the end. */
  readonly #prefix: ByteString;
  #forGood = false;
  #closed = false;

  constructor(resolver: Resolver, ip: ByteString, public decision: Decision | undefined) {
    this.#resolver = resolver;
    this.#prefix = ip === "" ? "" : reversed(ip) + ".";
  }

  option(letter: string, value: ByteString): void {
    if (letter === "b" || letter === "B") this.#forGood = letter === "b";
    else if (letter === "c" || letter === "C") this.#closed = letter === "c";
    else if (this.decision === undefined) {
      this.decision = letter === "r"
        ? this.#askWhetherRefused(value)
        : this.#askWhetherLetIn(value);
    }
  }

  #askWhetherRefused(base: ByteString): Decision | undefined {
    const text = this.#ask<ByteString>((done) => this.#resolver.textOf(this.#prefix + base, done));
    if (text === undefined) {
      return this.#closed
        ? { refuse: true, forGood: false, text: "temporary RBL lookup error" }
        : undefined;
    }
    return text === "" ? undefined : { refuse: true, forGood: this.#forGood, text };
  }

  #askWhetherLetIn(base: ByteString): Decision | undefined {
    const addresses = this.#ask<readonly Address[]>((done) =>
      this.#resolver.addressesOf(this.#prefix + base, done)
    );
    if (addresses === undefined) return this.#closed ? undefined : LET_IN;
    return addresses.length > 0 ? LET_IN : undefined;
  }

  /** undefined: it could not be found out. */
  #ask<T>(lookUp: (done: Done<T>) => Task): T | undefined {
    try {
      return this.#resolver.now(lookUp);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.inDoubt = true;
      return undefined;
    }
  }
}

const GREETING = "220 rblsmtpd.local\r\n";
const WELL = "250 rblsmtpd.local\r\n";
const FAREWELL = "221 rblsmtpd.local\r\n";
const ANSWERS: ReadonlyMap<ByteString, ByteString> = new Map([
  ["quit", FAREWELL],
  ["helo", WELL],
  ["ehlo", WELL],
  ["mail", WELL],
  ["rset", WELL],
  ["noop", WELL],
]);
/** So much of a line is kept: no verb is longer. */
const MAX_LINE = 8;

/** Talks to the host until it quits, hangs up, or its time is over. */
function refuse(message: ByteString, milliseconds: number): void {
  const due = monotonic() + milliseconds;
  const buffer = new Uint8Array(PIPE_BUF);
  let line = "";
  let answers = GREETING;
  for (let leaving = false;;) {
    for (; answers !== ""; answers = answers.slice(PIPE_BUF)) {
      if (!awaitReady(1, POLLOUT, due)) return;
      say(answers.slice(0, PIPE_BUF));
    }
    if (leaving || !awaitReady(0, POLLIN, due)) return;
    const got = readOrEnd(0, buffer);
    if (got === 0) return;
    for (const byte of buffer.subarray(0, got)) {
      if (byte !== 0x0a) {
        if (line.length < MAX_LINE) line += String.fromCharCode(byte);
        continue;
      }
      const answer = ANSWERS.get(verbOf(line)) ?? message;
      line = "";
      answers += answer;
      leaving = answer === FAREWELL;
      if (leaving) break;
    }
  }
}

/** What stands in front of the first space. */
function verbOf(line: ByteString): ByteString {
  return line.replace(/\r$/, "").replace(/ .*/s, "").toLowerCase();
}

/** Where nobody listens any more, there is nobody to tell. */
function say(text: ByteString): void {
  unlessRefused(() => writeAll(1, toBytes(text)));
}
