// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { EINVAL, ENOENT, EPROTO, SystemError } from "../os/errno.ts";
import { type CdbRecord, writeCdb } from "../cdb/cdb.ts";
import { addresses, type Client, RuleFile, type Verdict } from "./rules.ts";
import { toBytes } from "../os/bytes.ts";
import { close, FileVersion, open } from "../os/file.ts";
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
  for (const deadline = performance.now() + 10_000; !new FileVersion(fd).isAt(file); sleep(20)) {
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
