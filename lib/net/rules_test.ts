// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, throws } from "node:assert/strict";
import { EINVAL, ENOENT, EPROTO, SystemError } from "../os/errno.ts";
import { byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { O_CREAT, O_RDWR, O_TRUNC } from "../os/constants.ts";
import { close, open } from "../os/file.ts";
import { type CdbRecord, writeCdb } from "../cdb/cdb.ts";
import { Writer } from "../cdb/writer.ts";
import { compileRules, RuleError } from "./rule_compiler.ts";
import { addresses, type Client, lookUpRule, type Verdict } from "./rules.ts";
import { toBytes } from "../os/bytes.ts";

function inFile(body: (file: string) => void): () => void {
  return () => {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    try {
      body(`${directory}/rules.cdb`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

function writeRules(file: string, rules: Readonly<Record<string, string>>): void {
  const records = Object.entries(rules).map(([key, value]): CdbRecord => [
    toBytes(key),
    toBytes(value),
  ]);
  writeCdb(file, records);
}

function errnoOf(action: () => Verdict): number | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
}

const NO_NETWORKS = (): number[] => [];
const NOBODY: Verdict = { key: undefined, deny: false, variables: [] };

Deno.test("addresses() are those of tcprules, in its order", () => {
  deepEqual([...addresses({ ip: "1.2.3.4", host: "a.example.test", info: "joe" }, NO_NETWORKS)], [
    "joe@1.2.3.4",
    "joe@=a.example.test",
    "1.2.3.4",
    "=a.example.test",
    "1.2.3.",
    "1.2.",
    "1.",
    "=.example.test",
    "=.test",
    "=",
    "",
  ]);
  deepEqual([...addresses({ ip: "1.2.3.4" }, NO_NETWORKS)], [
    "1.2.3.4",
    "1.2.3.",
    "1.2.",
    "1.",
    "",
  ]);
  deepEqual([...addresses({ ip: "::1", info: "" }, NO_NETWORKS)], ["@::1", "::1", "::", ":", ""]);
  deepEqual([...addresses({ ip: "", host: "" }, NO_NETWORKS)], ["", "=", "=", ""]);
  deepEqual([...addresses({ ip: ".1.", host: ".a" }, NO_NETWORKS)], [
    ...[".1.", "=.a", ".1.", ".", "=.a", "=", ""],
  ]);
});

Deno.test("addresses() of IPv6 are those of ucspi-tcp-ipv6, the most specific first", () => {
  const all = (ip: string, lengths: number[] = []): string[] => [
    ...addresses({ ip, info: "joe" }, () => lengths),
  ];
  deepEqual(all("2001:db8::5:7", [0, 32, 64]), [
    ...["joe@2001:db8::5:7", "2001:db8::5:7"],
    ...["2001:db8::5:", "2001:db8::", "2001:db8::/64", "2001:db8::/32", "2001:db8:", "2001:"],
    ...["::/0", ""],
  ]);
  deepEqual(all("10.1.2.3", [31, 16, 12]), [
    ...["joe@10.1.2.3", "10.1.2.3", "10.1.2.2/31", "10.1.2.", "10.1.0.0/16", "10.1."],
    ...["10.0.0.0/12", "10.", ""],
  ]);
  deepEqual(all("2001:DB8:0::1"), all("2001:db8::1"));
  deepEqual(all("::ffff:1.2.3.4", [24]), [
    ...["joe@::ffff:1.2.3.4", "joe@1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4"],
    ...["1.2.3.0/24", "::ffff:1.2.3.", "1.2.3.", "::ffff:1.2.", "1.2.", "::ffff:1.", "1."],
    ...["::ffff:", "::", ":", ""],
  ]);
});

Deno.test(
  "lookUpRule() tells the rule, the denial and the variables",
  inFile((file) => {
    writeRules(file, {
      "1.2.3.4": "D\0",
      "1.2.3.": "+A=b\0+A=c=d\0+=\0+E\0",
      "1.2.": "",
      "1.": "D\0+A=b\0",
    });
    const look = (ip: string): Verdict => lookUpRule(file, { ip });
    deepEqual(look("1.2.3.4"), { key: "1.2.3.4", deny: true, variables: [] });
    deepEqual(look("1.2.3.5"), {
      key: "1.2.3.",
      deny: false,
      variables: [["A", "b"], ["A", "c=d"], ["", ""]],
    });
    deepEqual(look("1.2.4.5"), { key: "1.2.", deny: false, variables: [] });
    deepEqual(look("1.3.4.5"), { key: "1.", deny: true, variables: [["A", "b"]] });
    deepEqual(look("2.3.4.5"), NOBODY);
  }),
);

Deno.test(
  "lookUpRule() takes bytes for what they are",
  inFile((file) => {
    writeRules(file, { "j\xf6e@1.2.3.4": "+N=\xe9\xff\0" });
    deepEqual(lookUpRule(file, { ip: "1.2.3.4", info: "j\xf6e" }).variables, [["N", "\xe9\xff"]]);
  }),
);

Deno.test(
  "lookUpRule() lets nobody in because of a file that can't be read",
  inFile((file) => {
    const client: Client = { ip: "1.2.3.4" };
    const errno = (): number | undefined => errnoOf(() => lookUpRule(file, client));
    equal(errno(), ENOENT);
    Deno.writeTextFileSync(file, "");
    equal(errno(), EINVAL);
    Deno.writeTextFileSync(file, "not a cdb\n".repeat(1000));
    equal(errno(), EPROTO);
    throws(() => lookUpRule("a\0b", client), RangeError);
  }),
);

Deno.test(
  "lookUpRule() refuses a file that was cut off, wherever",
  inFile((file) => {
    writeRules(file, { "": "D\0", "1.": "", "2.": "+A=b\0" });
    const whole = Deno.readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      Deno.writeFileSync(file, whole.subarray(0, length));
      const errno = errnoOf(() => lookUpRule(file, { ip: "9.9.9.9" }));
      equal(errno, length === 0 ? EINVAL : EPROTO, `${length} bytes`);
    }
  }),
);

Deno.test(
  "lookUpRule() refuses a file whose header was not written yet",
  inFile((file) => {
    writeRules(file, { "": "D\0" });
    Deno.writeFileSync(file, Deno.readFileSync(file).fill(0, 0, 2048));
    equal(errnoOf(() => lookUpRule(file, { ip: "1.2.3.4" })), EPROTO);
  }),
);

Deno.test(
  "lookUpRule() refuses instructions that tcprules does not write",
  inFile((file) => {
    for (const value of ["D", "E\0", "+A=b", "D\0+A=b", "\0", "D\0\0", "d\0", "X\0D\0"]) {
      writeRules(file, { "": value });
      equal(errnoOf(() => lookUpRule(file, { ip: "1.2.3.4" })), EPROTO, JSON.stringify(value));
    }
  }),
);

Deno.test(
  "lookUpRule() refuses a rule whose key has been damaged",
  inFile((file) => {
    writeRules(file, { "1.2.3.4": "D\0" });
    const whole = Deno.readFileSync(file);
    for (let at = 2048; at < 2048 + 4; at++) {
      const damaged = whole.slice();
      damaged[at] = 1 + (damaged[at] as number);
      Deno.writeFileSync(file, damaged);
      equal(errnoOf(() => lookUpRule(file, { ip: "1.2.3.4" })), EPROTO, `length, ${at}`);
    }
    for (let at = 2056; at < 2056 + 7; at++) {
      const damaged = whole.slice();
      damaged[at] = 1 ^ (damaged[at] as number);
      Deno.writeFileSync(file, damaged);
      equal(errnoOf(() => lookUpRule(file, { ip: "1.2.3.4" })), EPROTO, `key, ${at}`);
    }
  }),
);

/** A client, and rules among which there are some for it. */
const NUMBERS = fc.constantFrom(1, 2, 10, 255);
const IPS = fc.tuple(NUMBERS, NUMBERS, NUMBERS, NUMBERS).map((numbers) => numbers.join("."));
const HOSTS = fc.constantFrom("a.b", "b", ".b", "a", "x.a.b", "");
const INFOS = fc.constantFrom("", "joe", "=a");
const CLIENTS = fc.record({
  ip: IPS,
  host: fc.option(HOSTS, { nil: undefined }),
  info: fc.option(INFOS, { nil: undefined }),
});
const ADDRESSES = fc.oneof(
  IPS,
  fc.tuple(IPS, fc.nat(3)).map(([ip, dots]) => ip.split(".").slice(0, dots).join(".") + "."),
  fc.tuple(IPS, fc.nat(32)).map(([ip, length]) => `${ip}/${length}`),
  fc.tuple(IPS, NUMBERS).map(([ip, last]) => ip.replace(/\d+$/, `0-${last}`)),
  fc.oneof(HOSTS, HOSTS.map((host) => "." + host)).map((host) => "=" + host),
  fc.tuple(INFOS, IPS).map(([info, ip]) => `${info}@${ip}`),
  fc.tuple(INFOS, HOSTS).map(([info, host]) => `${info}@=${host}`),
  fc.constantFrom("", "="),
);

function compiled(text: string, file: string): void {
  const fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0o644);
  try {
    const cdb = new Writer(fd);
    let rest = toBytes(text);
    compileRules((buffer) => {
      const piece = rest.subarray(0, buffer.length);
      buffer.set(piece);
      rest = rest.subarray(piece.length);
      return piece.length;
    }, cdb);
    cdb.finish();
  } finally {
    close(fd);
  }
}

/** How much a rule says of a client, by the manual; the one that says most counts. undefined: it is not for this one. */
function closeness(address: string, { ip, host, info }: Client): number | undefined {
  if (info !== undefined && address === `${info}@${ip}`) return 104;
  if (info !== undefined && host !== undefined && address === `${info}@=${host}`) return 103;
  if (address === ip) return 102;
  if (host !== undefined && address === `=${host}`) return 101;
  const value = (text: string): number =>
    text.split(".").reduce((value, number) => value * 256 + Number(number), 0);
  const [, network, length] = /^([0-9.]+)\/(\d+)$/.exec(address) ?? [];
  if (network !== undefined) {
    const size = 2 ** (32 - Number(length));
    const inside = Math.floor(value(network) / size) === Math.floor(value(ip) / size);
    return inside ? 10.5 + Number(length) : undefined;
  }
  const [, before, last] = /^(.*\.)0-(\d+)$/.exec(address) ?? [];
  if (before !== undefined) {
    const number = Number(ip.slice(ip.lastIndexOf(".") + 1));
    return ip.startsWith(before) && !ip.slice(before.length).includes(".") &&
        number <= Number(last)
      ? 102
      : undefined;
  }
  if (/^[0-9.]+\.$/.test(address)) {
    return ip.startsWith(address) ? 10 + 8 * (address.split(".").length - 1) : undefined;
  }
  if (host !== undefined && address.startsWith("=.") && host.endsWith(address.slice(1))) {
    return 1 + address.length / 100;
  }
  if (host !== undefined && address === "=") return 0.5;
  return address === "" ? 0 : undefined;
}

Deno.test(
  "the rule that counts is the one that says most of the client, and the first of its kind",
  inFile((file) => {
    let found = 0;
    holds(400, [fc.array(ADDRESSES, { maxLength: 20 }), CLIENTS], (addresses, client) => {
      // Each rule says who it is.
      compiled(addresses.map((address, i) => `${address}:allow,N="${i}"\n`).join(""), file);
      const by = addresses.map((address) => closeness(address, client) ?? -1);
      const best = by.indexOf(Math.max(...by));
      const { variables } = lookUpRule(file, client);
      deepEqual(variables, (by[best] ?? -1) < 0 ? [] : [["N", String(best)]]);
      found += variables.length;
    });
    equal(found > 100, true);
  }),
);

Deno.test(
  "any text is rules or a RuleError, and the rules can be looked up",
  inFile((file) => {
    const lines = fc.array(
      fc.tuple(ADDRESSES, fc.constantFrom(":allow", ":deny", ':deny,A="b"', "")),
      { maxLength: 5 },
    ).map((lines) => lines.map((line) => line.join("") + "\n").join(""));
    const texts = fc.oneof(
      damaged(lines, 3, ':allowdeny,="-./@0129\0\n \t'),
      byteString(200, ':deny,="-./@0129af\0\n \t\xff'),
    );
    holds(700, [texts, CLIENTS], (text, client) => {
      try {
        compiled(text, file);
      } catch (error) {
        if (error instanceof RuleError) return;
        throw error;
      }
      lookUpRule(file, client);
    });
  }),
);
