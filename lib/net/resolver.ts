// SPDX-License-Identifier: 0BSD
/**
 * Names, addresses and texts from the domain name system. Each look-up runs beside others in a loop and ends by
 * calling `done`, possibly at once; `now` waits for one.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { EPROTO, SystemError } from "../os/errno.ts";
import type { Loop } from "../os/loop.ts";
import type { Address } from "../os/socket.ts";
import type { Environment } from "../cli/environment.ts";
import { isIpv6 } from "./address.ts";
import { qualify, rewriteRules, type Server, servers } from "./dns_config.ts";
import {
  addresses,
  type AddressType,
  firstName,
  PacketError,
  parseName,
  reverseName,
  text,
  TYPE_A,
  TYPE_AAAA,
  TYPE_PTR,
  TYPE_TXT,
  type WireName,
} from "./dns_packet.ts";
import { DnsQuery, type Reply } from "./dns_query.ts";
import type { Task } from "./task.ts";

/** What was found, or why it could not be found out. That there is nothing is a finding. */
export type Finding<T> = T | SystemError;
export type Done<T> = (finding: Finding<T>) => void;

const NOTHING: Task = { cancel(): void {} };

/** The system of the servers that the environment and /etc/resolv.conf name. */
export class Resolver {
  constructor(readonly loop: Loop, readonly env: Environment) {}

  /** The first name of an address; "": it has none. */
  nameOf(address: Address, done: Done<ByteString>): Task {
    return this.#ask(reverseName(address), TYPE_PTR, firstName, done);
  }

  /** The IPv4 addresses of a name as it stands; dotted ones are not asked for. In random order, as in C. */
  addressesOf(name: ByteString, done: Done<readonly Address[]>): Task {
    const dotted = parseDotted(name);
    if (dotted === undefined) return this.#addressesOf(name, TYPE_A, done);
    done(dotted);
    return NOTHING;
  }

  /** The addresses of a name that are of the same kind as `address`. */
  addressesLike(address: Address, name: ByteString, done: Done<readonly Address[]>): Task {
    if (!isIpv6(address)) return this.addressesOf(name, done);
    return this.#addressesOf(name, TYPE_AAAA, done);
  }

  #addressesOf(name: ByteString, type: AddressType, done: Done<readonly Address[]>): Task {
    return this.#ask(parseName(name), type, (packet) => shuffle(addresses(packet, type)), done);
  }

  /** All text of a name. */
  textOf(name: ByteString, done: Done<ByteString>): Task {
    return this.#ask(parseName(name), TYPE_TXT, text, done);
  }

  /**
   * The addresses of a name as somebody wrote it: the first of those that it may mean counts that has any. With
   * `withIpv6` those of IPv6 come first, then those of IPv4; one kind is enough where the other can't be found out.
   */
  addressesNow(written: ByteString, withIpv6 = false): readonly Address[] {
    let found: readonly Address[] = [];
    for (const name of qualify(written, rewriteRules(this.env))) {
      found = withIpv6
        ? this.#allAddressesNow(name)
        : this.now((done) => this.addressesOf(name, done));
      if (found.length > 0) break;
    }
    return found;
  }

  #allAddressesNow(name: ByteString): readonly Address[] {
    const dotted = parseDotted(name);
    if (dotted !== undefined) return dotted;
    const findings: Finding<readonly Address[]>[] = [];
    const types = [TYPE_AAAA, TYPE_A] as const;
    for (const type of types) {
      this.#addressesOf(name, type, (finding) => {
        if (type === TYPE_AAAA) findings.unshift(finding);
        else findings.push(finding);
      });
    }
    while (findings.length < types.length) this.loop.turn();
    const found = findings.flatMap((finding) => finding instanceof SystemError ? [] : finding);
    const problem = findings.find((finding) => finding instanceof SystemError);
    if (found.length === 0 && problem !== undefined) throw problem;
    return found;
  }

  /** Waits for a look-up. Throws the SystemError that it ends in. */
  now<T>(lookUp: (done: Done<T>) => Task): T {
    let finding: { readonly of: Finding<T> } | undefined;
    lookUp((of) => finding = { of });
    while (finding === undefined) this.loop.turn();
    if (finding.of instanceof SystemError) throw finding.of;
    return finding.of;
  }

  #ask<T>(
    name: WireName | undefined,
    type: number,
    read: (packet: Uint8Array) => T,
    done: Done<T>,
  ): Task {
    if (name === undefined) {
      done(new SystemError(EPROTO, "name"));
      return NOTHING;
    }
    let ask: readonly Server[];
    try {
      ask = servers(this.env);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      done(error);
      return NOTHING;
    }
    return new DnsQuery(this.loop, ask, name, type, (reply) => done(interpret(reply, read)));
  }
}

function interpret<T>(reply: Reply, read: (packet: Uint8Array) => T): Finding<T> {
  if (reply instanceof SystemError) return reply;
  try {
    return read(reply);
  } catch (error) {
    if (error instanceof PacketError) return new SystemError(EPROTO, "recv");
    throw error;
  }
}

/** dns_ip.c: digits, dots and brackets alone are addresses; undefined: it is a name. */
function parseDotted(name: ByteString): Address[] | undefined {
  if (!/^[0-9.[\]]*$/.test(name)) return undefined;
  const bytes = name.replace(/[[\]]/g, "").split(".").map((digits) =>
    String.fromCharCode(Number(BigInt(digits) & 0xffn))
  ).join("");
  return bytes.match(/.{4}/gs) ?? [];
}

function shuffle<T>(list: T[]): T[] {
  const random = crypto.getRandomValues(new Uint32Array(list.length));
  for (let i = list.length - 1; i > 0; i--) {
    const j = (random[i] as number) % (i + 1);
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}
