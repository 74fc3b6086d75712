// SPDX-License-Identifier: 0BSD
/**
 * Access rules as tcprules writes them into a cdb, and the order in which they are looked up.
 *
 * The key is the address part of a rule; the value is a row of instructions, each with a NUL at its end:
 * `D` denies, `+NAME=VALUE` sets a variable. See https://cr.yp.to/ucspi-tcp/tcprules.html
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { O_NONBLOCK, O_RDONLY } from "../os/constants.ts";
import { E2BIG, EINVAL, SystemError } from "../os/errno.ts";
import { close, open } from "../os/file.ts";
import { FileVersion, fstat } from "../os/stat.ts";
import { cString } from "../os/c_string.ts";
import { FormatError } from "../cdb/format.ts";
import { Reader } from "../cdb/reader.ts";
import { lengthsKey, parseLengths, prefixKeys, textsOf } from "./rule_network.ts";

const LONGEST = 1 << 24;
/** For so many clients it is remembered what the rules say of them. */
const MOST_VERDICTS = 1000;

/** Who wants to come in. What is undefined is not known; an empty host or info is known, and empty. */
export interface Client {
  readonly ip: ByteString;
  readonly host?: ByteString | undefined;
  readonly info?: ByteString | undefined;
}

/** The rule that counts for a client. */
export interface Rule {
  /** The rule's address. */
  readonly key: ByteString;
  /** Its instructions in order, `D` or `+NAME=VALUE`. */
  readonly instructions: readonly ByteString[];
}

/** What the rules say of a client. */
export interface Verdict {
  /** The address of the rule that decided; undefined: there was none, and then the client may come in. */
  readonly key: ByteString | undefined;
  readonly deny: boolean;
  /** Name and value of the variables to be set, in order; a later one wins. */
  readonly variables: readonly (readonly [name: ByteString, value: ByteString])[];
}

/** The cdb with the rules, for who looks up again and again. */
export class RuleFile {
  readonly #path: ByteString;
  readonly #cPath: Uint8Array<ArrayBuffer>;
  #fd = -1;
  #cdb: Reader | undefined;
  #version: FileVersion | undefined;
  /** The lengths of the networks that there are rules for, by the size of their addresses. */
  readonly #lengths = new Map<number, readonly number[]>();
  /**
   * What the rules say of clients of whom nothing but the address is known, by that, as long as the file is what it is:
   * who comes once comes again.
   */
  readonly #verdicts = new Map<ByteString, Verdict>();

  constructor(path: ByteString) {
    this.#path = path;
    this.#cPath = cString(path);
  }

  /** What the rules say of `client`. Throws SystemError where that cannot be found out. */
  lookUp(client: Client): Verdict {
    return this.#reading((cdb) => {
      if (client.host !== undefined || client.info !== undefined) {
        return this.#verdictOf(client, cdb);
      }
      const { ip } = client;
      const known = this.#verdicts.get(ip);
      if (known !== undefined) return known;
      const verdict = this.#verdictOf(client, cdb);
      if (this.#verdicts.size >= MOST_VERDICTS) this.#verdicts.clear();
      this.#verdicts.set(ip, verdict);
      return verdict;
    });
  }

  /** The rule that counts for `client`; undefined: none does. Throws SystemError. */
  find(client: Client): Rule | undefined {
    return this.#reading((cdb) => this.#ruleOf(client, cdb));
  }

  #reading<T>(action: (cdb: Reader) => T): T {
    try {
      return action(this.#open());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #ruleOf(client: Client, cdb: Reader): Rule | undefined {
    for (const key of addresses(client, (size) => this.#lengthsOf(size, cdb))) {
      const value = cdb.get(toBytes(key));
      if (value !== undefined) return { key, instructions: parseInstructions(value) };
    }
    return undefined;
  }

  #verdictOf(client: Client, cdb: Reader): Verdict {
    const rule = this.#ruleOf(client, cdb);
    const instructions = rule?.instructions ?? [];
    return {
      key: rule?.key,
      deny: instructions.includes("D"),
      variables: instructions.flatMap((instruction) => {
        const equals = instruction.indexOf("=");
        if (!instruction.startsWith("+") || equals < 0) return [];
        return [[instruction.slice(1, equals), instruction.slice(equals + 1)] as const];
      }),
    };
  }

  /** Opens the file, where it is not the one that is open; what is in it counts from now on. */
  #open(): Reader {
    const cdb = this.#cdb;
    if (cdb !== undefined && this.#version?.isUnchangedAt(this.#cPath) === true) return cdb;
    this.close();
    const fd = this.#fd = open(this.#path, O_RDONLY | O_NONBLOCK);
    this.#version = FileVersion.of(fd);
    return this.#cdb = openCdb(fd);
  }

  /** Closes the file; the next look-up opens it. */
  close(): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
    this.#cdb = undefined;
    this.#lengths.clear();
    this.#verdicts.clear();
  }

  #lengthsOf(size: number, cdb: Reader): readonly number[] {
    const known = this.#lengths.get(size);
    if (known !== undefined) return known;
    const lengths = readLengths(cdb, size);
    this.#lengths.set(size, lengths);
    return lengths;
  }
}

/** The lengths of the networks of a kind that there are rules for. */
function readLengths(cdb: Reader, size: number): readonly number[] {
  const value = cdb.get(toBytes(lengthsKey(size)));
  if (value === undefined) return [];
  const lengths = value.length > LONGEST ? undefined : parseLengths(fromBytes(value));
  if (lengths === undefined || lengths.some((length) => length > 8 * size)) {
    throw new FormatError("the lengths of networks are not those of tcprules");
  }
  return lengths;
}

function openCdb(fd: number): Reader {
  try {
    // A server is to stay small: its clients' programs are what memory is for.
    return new Reader(fd, { loads: false });
  } catch (error) {
    // C maps the file, and mmap(2) does not map nothing.
    if (error instanceof FormatError && fstat(fd).size === 0) throw new SystemError(EINVAL, "mmap");
    throw error;
  }
}

/**
 * The addresses that a rule for `client` can have; the first that has a rule decides.
 *
 * @param lengthsOf the lengths of the networks that have rules, for addresses of so many bytes
 */
export function* addresses(
  { ip, host, info }: Client,
  lengthsOf: (size: number) => readonly number[],
): Generator<ByteString, void, undefined> {
  const texts = textsOf(ip);
  if (info !== undefined) {
    for (const text of texts) yield `${info}@${text}`;
    if (host !== undefined) yield `${info}@=${host}`;
  }
  yield* texts;
  if (host !== undefined) yield `=${host}`;
  yield* prefixKeys(texts, lengthsOf);
  if (host !== undefined) {
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      yield "=" + host.slice(dot);
    }
    yield "=";
  }
  yield "";
}

/**
 * tcpserver in C passes over what it does not know and lets the client in. Here a value that tcprules cannot have
 * written is a damaged one, and nobody is let in because of it.
 */
function parseInstructions(value: Uint8Array): ByteString[] {
  // No environment can hold so much; a string of that length is not to be had either.
  if (value.length > LONGEST) throw new SystemError(E2BIG, "rules");
  const instructions = fromBytes(value).split("\0");
  const rest = instructions.pop();
  if (rest !== "" || instructions.some((text) => text !== "D" && !text.startsWith("+"))) {
    throw new FormatError("a rule's instructions are not those of tcprules");
  }
  return instructions;
}
