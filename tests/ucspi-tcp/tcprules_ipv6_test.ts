// SPDX-License-Identifier: 0BSD

// Rules with IPv6 addresses, as in ucspi-tcp-ipv6, and with networks.
// By hand: DJBOX_ROUNDS=100000 deno task test tcprules_ipv6

import { deepEqual, equal, ok } from "node:assert/strict";
import { formatAddress, parseIpv6, scanAddress } from "../../lib/net/address.ts";
import { RuleError } from "../../lib/net/rule_compiler.ts";
import { RuleFile } from "../../lib/net/rules.ts";
import { unmapped } from "../../lib/os/socket.ts";
import { type Box, type Needs, toolTest } from "../harness/harness.ts";
import { Random, roundsOf } from "../harness/random.ts";
import { compileInto } from "../harness/rules.ts";

const BOTH = ["tcprules", "tcprulescheck"];
const OURS: Needs = { djboxOnly: "ucspi-tcp-0.88 has no IPv6 and no networks" };

async function compile(box: Box, rules: string): Promise<[number, string]> {
  const { code, stderr } = await box.run(["tcprules", "r.cdb", "r.tmp"], { stdin: rules });
  return [code, stderr];
}

/** The address of the rule that counts. */
async function rule(box: Box, ip: string, more: Record<string, string> = {}): Promise<string> {
  const env = { TCPREMOTEIP: ip, ...more };
  const { stdout } = await box.run(["tcprulescheck", "r.cdb"], { env });
  return (stdout.split("\n")[0] ?? "").replace(/^rule (.*):$/s, "$1");
}

toolTest("tcprules takes the rules of ucspi-tcp-ipv6's manual", BOTH, async (box) => {
  const rules = ["joe@127.0.0.1:allow", "18.23.0.32:allow", "127.:allow", ":deny", "::1:allow"];
  deepEqual(await compile(box, rules.join("\n")), [0, ""]);
  equal(await rule(box, "10.119.75.38"), "");
  equal(await rule(box, "::1"), "::1");
  equal(await rule(box, "127.0.0.1", { TCPREMOTEINFO: "joe" }), "joe@127.0.0.1");
}, OURS);

toolTest("tcprules: the most specific rule for an IPv6 address counts", BOTH, async (box) => {
  deepEqual(
    await compile(
      box,
      [
        "2001:DB8:0:0::7:allow",
        'joe@2001:db8::7:deny,A="x:allow",B=:a:',
        "2001:db8:1::/48:deny",
        "2001:db8::/32:allow",
        "2001::allow",
        "::/0:deny",
        "=host.test:allow",
        "10.1.2.0/23:allow",
        "10.1.:deny",
        "10.0.0.0/8:allow",
        "::ffff:192.168.0.0/112:deny",
        ":allow",
      ].join("\n"),
    ),
    [0, ""],
  );
  equal(await rule(box, "2001:db8::7"), "2001:db8::7");
  equal(await rule(box, "2001:db8::7", { TCPREMOTEINFO: "joe" }), "joe@2001:db8::7");
  equal(await rule(box, "2001:db8:1::7"), "2001:db8:1::/48");
  equal(await rule(box, "2001:db8:1::7", { TCPREMOTEHOST: "host.test" }), "=host.test");
  equal(await rule(box, "2001:db8:2::7"), "2001:db8::/32");
  equal(await rule(box, "2001:0DB8:2::7"), "2001:db8::/32");
  equal(await rule(box, "2001:db9::7"), "2001:");
  equal(await rule(box, "fe80::1"), "::/0");
  equal(await rule(box, "10.1.3.4"), "10.1.2.0/23");
  equal(await rule(box, "10.1.4.4"), "10.1.");
  equal(await rule(box, "10.2.4.4"), "10.0.0.0/8");
  equal(await rule(box, "::ffff:10.2.4.4"), "10.0.0.0/8");
  equal(await rule(box, "192.168.9.9"), "192.168.0.0/16");
  equal(await rule(box, "1.2.3.4"), "");
}, OURS);

toolTest("tcprules refuses what is no address, with C's words", ["tcprules"], async (box) => {
  const wrong = [
    "2001:db8:allow",
    "::deny",
    "10::deny",
    "192::allow",
    "x:y:allow",
    "[::1]:allow",
    "::1",
    "::1:",
    "::1:foo",
    "1::2::3:allow",
    "12345:::allow",
    "::1/129:allow",
    "2001:db8::/x:allow",
    "joe@2001:db8::/32:allow",
    "::1-3:allow",
    "1.2.3.4::1:deny",
    "1.2.3.4:foo",
  ];
  for (const line of wrong) {
    const complaint = `tcprules: fatal: unable to parse this line: ${line}\n`;
    deepEqual(await compile(box, `:allow\n${line}\n`), [100, complaint]);
  }
}, { djboxOnly: "C takes ::1-3 for a range" });

toolTest("tcprules keeps what is no network as C does", ["tcprules"], async (box) => {
  deepEqual(await compile(box, "1.2.3.4/:allow\n1.2.3/24:allow\n1.2.3.4/33:deny\n"), [0, ""]);
  deepEqual(await box.sh("wc -c <r.cdb"), { code: 0, stdout: "2148\n", stderr: "" });
});

function bits(text: string): string {
  const address = parseIpv6(text) ?? scanAddress(text)?.address ?? "";
  return Array.from(address, (char) => char.charCodeAt(0).toString(2).padStart(8, "0")).join("");
}

/** Few different ones, so that networks and addresses meet. */
function randomAddress(random: Random): string {
  const size = random.once(2) ? 4 : 16;
  const bytes = Array.from({ length: size }, () => random.pick([0, 0, 1, 128, 255]));
  return formatAddress(unmapped(String.fromCharCode(...bytes)));
}

function inScratch(body: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
  try {
    body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("the longest network with a rule counts, and no other", () => {
  inScratch((directory) => {
    const rules = new RuleFile(`${directory}/r`);
    for (let seed = 0; seed < roundsOf(300); seed++) {
      const random = new Random(seed);
      const networks = Array.from({ length: random.below(12) }, () => {
        const address = randomAddress(random);
        return { address, length: random.below(1 + bits(address).length) };
      });
      compileInto(
        `${directory}/r`,
        networks.map(({ address, length }) => `${address}/${length}:deny\n`).join(""),
      );
      for (let i = 0; i < 5; i++) {
        const ip = randomAddress(random);
        const inside = networks.filter(({ address, length }) =>
          bits(address).length === bits(ip).length &&
          bits(address).slice(0, length) === bits(ip).slice(0, length)
        );
        const longest = Math.max(-1, ...inside.map(({ length }) => length));
        const key = rules.find({ ip })?.key;
        equal(Number(key?.split("/")[1] ?? -1), longest, `seed ${seed}: ${ip}`);
      }
    }
  });
});

Deno.test("any text is rules, or has a line that is none", () => {
  inScratch((directory) => {
    const pieces = [
      "::",
      ":",
      "1",
      "ffff",
      "2001:db8",
      "/",
      "/32",
      "-",
      ".",
      "1.2.3.4",
      "@",
      "=",
      "a",
    ];
    const more = [
      ":allow",
      ":deny",
      ":allow",
      ":deny",
      ',A="b"',
      ",",
      "\n",
      "\n",
      " ",
      "\0",
      "\xff",
    ];
    const rules = new RuleFile(`${directory}/r`);
    for (let seed = 0; seed < roundsOf(1000); seed++) {
      const random = new Random(seed);
      let text = "";
      while (!random.once(40)) text += random.pick([...pieces, ...more]);
      try {
        compileInto(`${directory}/r`, text);
      } catch (error) {
        ok(error instanceof RuleError, `seed ${seed}: ${error}`);
        continue;
      }
      for (const ip of ["1.2.3.4", "2001:db8::1", "::1", "::ffff:1.2.3.4", ""]) {
        rules.find({ ip, host: "a", info: "1" });
      }
    }
  });
});
