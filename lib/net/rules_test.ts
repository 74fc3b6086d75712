// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, throws } from "node:assert/strict";
import { EINVAL, ENOENT, EPROTO, SystemError } from "../os/errno.ts";
import { type CdbRecord, writeCdb } from "../cdb/cdb.ts";
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
