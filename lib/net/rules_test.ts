// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { EINVAL, ENOENT, EPROTO, SystemError } from "../os/errno.ts";
import { compileInto } from "../../tests/harness/rules.ts";
import { byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { type CdbRecord, writeCdb } from "../cdb/cdb.ts";
import { RuleError } from "./rule_compiler.ts";
import { addresses, type Client, RuleFile, type Verdict } from "./rules.ts";
import { toBytes } from "../os/bytes.ts";
import { close, open } from "../os/file.ts";
import { FileVersion } from "../os/stat.ts";
import { cString } from "../os/c_string.ts";
import { sleep } from "../os/poll.ts";

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
    ...["2001:db8::/64", "2001:db8::5:", "2001:db8::", "2001:db8::/32", "2001:db8:", "2001:"],
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
  "a RuleFile tells the rule, the denial and the variables",
  inFile((file) => {
    writeRules(file, {
      "1.2.3.4": "D\0",
      "1.2.3.": "+A=b\0+A=c=d\0+=\0+E\0",
      "1.2.": "",
      "1.": "D\0+A=b\0",
    });
    const look = (ip: string): Verdict => new RuleFile(file).lookUp({ ip });
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
  "a RuleFile takes bytes for what they are",
  inFile((file) => {
    writeRules(file, { "j\xf6e@1.2.3.4": "+N=\xe9\xff\0" });
    deepEqual(new RuleFile(file).lookUp({ ip: "1.2.3.4", info: "j\xf6e" }).variables, [[
      "N",
      "\xe9\xff",
    ]]);
  }),
);

Deno.test(
  "a RuleFile lets nobody in because of a file that can't be read",
  inFile((file) => {
    const client: Client = { ip: "1.2.3.4" };
    const errno = (): number | undefined => errnoOf(() => new RuleFile(file).lookUp(client));
    equal(errno(), ENOENT);
    Deno.writeTextFileSync(file, "");
    equal(errno(), EINVAL);
    Deno.writeTextFileSync(file, "not a cdb\n".repeat(1000));
    equal(errno(), EPROTO);
    throws(() => new RuleFile("a\0b").lookUp(client), RangeError);
  }),
);

Deno.test(
  "a RuleFile refuses a file that was cut off, wherever",
  inFile((file) => {
    writeRules(file, { "": "D\0", "1.": "", "2.": "+A=b\0" });
    const whole = Deno.readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      Deno.writeFileSync(file, whole.subarray(0, length));
      const errno = errnoOf(() => new RuleFile(file).lookUp({ ip: "9.9.9.9" }));
      equal(errno, length === 0 ? EINVAL : EPROTO, `${length} bytes`);
    }
  }),
);

Deno.test(
  "a RuleFile refuses a file whose header was not written yet",
  inFile((file) => {
    writeRules(file, { "": "D\0" });
    Deno.writeFileSync(file, Deno.readFileSync(file).fill(0, 0, 2048));
    equal(errnoOf(() => new RuleFile(file).lookUp({ ip: "1.2.3.4" })), EPROTO);
  }),
);

Deno.test(
  "a RuleFile refuses instructions that tcprules does not write",
  inFile((file) => {
    for (const value of ["D", "E\0", "+A=b", "D\0+A=b", "\0", "D\0\0", "d\0", "X\0D\0"]) {
      writeRules(file, { "": value });
      equal(
        errnoOf(() => new RuleFile(file).lookUp({ ip: "1.2.3.4" })),
        EPROTO,
        JSON.stringify(value),
      );
    }
  }),
);

Deno.test(
  "a RuleFile refuses a rule whose key has been damaged",
  inFile((file) => {
    writeRules(file, { "1.2.3.4": "D\0" });
    const whole = Deno.readFileSync(file);
    for (let at = 2048; at < 2048 + 4; at++) {
      const damaged = whole.slice();
      damaged[at] = 1 + (damaged[at] as number);
      Deno.writeFileSync(file, damaged);
      equal(errnoOf(() => new RuleFile(file).lookUp({ ip: "1.2.3.4" })), EPROTO, `length, ${at}`);
    }
    for (let at = 2056; at < 2056 + 7; at++) {
      const damaged = whole.slice();
      damaged[at] = 1 ^ (damaged[at] as number);
      Deno.writeFileSync(file, damaged);
      equal(errnoOf(() => new RuleFile(file).lookUp({ ip: "1.2.3.4" })), EPROTO, `key, ${at}`);
    }
  }),
);

/** Waits until the file was left alone for so long that a RuleFile keeps it open. */
function settle(file: string): void {
  const fd = open(file, 0);
  for (
    const deadline = performance.now() + 10_000;
    !FileVersion.of(fd).isUnchangedAt(cString(file));
    sleep(20)
  ) {
    ok(performance.now() < deadline, "the file does not come to rest");
  }
  close(fd);
}

const CLIENT: Client = { ip: "1.2.3.4" };

/** Changes the first instruction in the file, which is an empty variable or a denial, where it stands. */
function overwrite(file: string, deny: boolean): void {
  const bytes = Deno.readFileSync(file);
  bytes[2048 + 8 + "1.2.3.".length] = (deny ? "D" : "+").charCodeAt(0);
  Deno.writeFileSync(file, bytes);
}

Deno.test(
  "a RuleFile that has the file open goes by what is there now",
  inFile((file) => {
    const changes: readonly ((file: string, rules: RuleFile) => void)[] = [
      (file, rules) => {
        writeRules(file, { "1.2.3.": "D\0" });
        ok(rules.lookUp(CLIENT).deny);
      },
      (file, rules) => {
        const { atime, mtime } = Deno.statSync(file);
        overwrite(file, true);
        Deno.utimeSync(file, atime ?? 0, mtime ?? 0);
        ok(rules.lookUp(CLIENT).deny);
      },
      (file, rules) => {
        Deno.truncateSync(file, 2060);
        equal(errnoOf(() => rules.lookUp(CLIENT)), EPROTO);
      },
      (file, rules) => {
        Deno.removeSync(file);
        equal(errnoOf(() => rules.lookUp(CLIENT)), ENOENT);
        writeRules(file, { "1.2.3.": "D\0" });
        ok(rules.lookUp(CLIENT).deny);
      },
    ];
    const files = changes.map((_, i) => `${file}.${i}`);
    for (const file of files) writeRules(file, { "1.2.3.": "+\0" });
    for (const file of files) settle(file);
    changes.forEach((change, i) => {
      const rules = new RuleFile(files[i] as string);
      for (let times = 0; times < 3; times++) ok(!rules.lookUp(CLIENT).deny);
      change(files[i] as string, rules);
      rules.close();
    });
  }),
);

Deno.test(
  "a RuleFile tells many clients apart that come again and again",
  inFile((file) => {
    const networks = Object.fromEntries(
      Array.from({ length: 256 }, (_, i) => [`1.2.${i}.`, `+N=${i}\0`]),
    );
    writeRules(file, { ...networks, "joe@1.2.3.4": "D\0" });
    settle(file);
    const rules = new RuleFile(file);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1500; i++) {
        const ip = `1.2.${i % 256}.${Math.floor(i / 256)}`;
        deepEqual(rules.lookUp({ ip }).variables, [["N", String(i % 256)]]);
      }
      deepEqual([rules.lookUp({ ip: "1.2.3.4", info: "joe" }).deny, rules.lookUp(CLIENT).deny], [
        true,
        false,
      ]);
    }
    rules.close();
  }),
);

Deno.test(
  "a RuleFile misses no change, however soon it comes after another",
  inFile((file) => {
    const rules = new RuleFile(file);
    for (let i = 0; i < 300; i++) {
      const deny = i % 2 === 0;
      if (i < 100) writeRules(file, { "1.2.3.": deny ? "D\0" : "+\0" });
      else overwrite(file, deny);
      equal(rules.lookUp(CLIENT).deny, deny);
    }
    rules.close();
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
    const rules = new RuleFile(file);
    holds(400, [fc.array(ADDRESSES, { maxLength: 20 }), CLIENTS], (addresses, client) => {
      // Each rule says who it is.
      compileInto(file, addresses.map((address, i) => `${address}:allow,N="${i}"\n`).join(""));
      const by = addresses.map((address) => closeness(address, client) ?? -1);
      const best = by.indexOf(Math.max(...by));
      const { variables } = rules.lookUp(client);
      deepEqual(variables, (by[best] ?? -1) < 0 ? [] : [["N", String(best)]]);
      found += variables.length;
    });
    equal(found > 100, true);
    rules.close();
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
    const rules = new RuleFile(file);
    holds(700, [texts, CLIENTS], (text, client) => {
      try {
        compileInto(file, text);
      } catch (error) {
        if (error instanceof RuleError) return;
        throw error;
      }
      rules.lookUp(client);
    });
    rules.close();
  }),
);
