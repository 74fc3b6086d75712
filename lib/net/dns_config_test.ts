// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok } from "node:assert/strict";
import { byteString, fc, holds } from "../../tests/harness/properties.ts";
import { Environment } from "../cli/environment.ts";
import { formatAddress } from "./address.ts";
import { parseResolvConf, parseServers, preferred, qualify, rewriteRules } from "./dns_config.ts";

const addressesIn = (text: string): string[] => parseServers(text).map(({ address }) => address);

Deno.test("parseServers() reads dotted addresses joined by dots", () => {
  deepEqual(addressesIn(""), []);
  deepEqual(addressesIn("127.0.0.1"), ["\x7f\0\0\x01"]);
  deepEqual(addressesIn(".127.0.0.1.127.0.0.2"), ["\x7f\0\0\x01", "\x7f\0\0\x02"]);
  deepEqual(addressesIn("...127.0.0.1..127.0.0.2."), ["\x7f\0\0\x01", "\x7f\0\0\x02"]);
  deepEqual(addressesIn("127.0.0.1,127.0.0.2"), ["\x7f\0\0\x01"]);
  deepEqual(preferred(parseServers("1.2.3.4.".repeat(20))).length, 16);
});

Deno.test("servers with IPv6 addresses count where there are no others", () => {
  const shown = (text: string): string[] =>
    preferred(parseServers(text)).map(({ address }) => formatAddress(address));
  deepEqual(shown("::1"), ["::1"]);
  deepEqual(shown("fd00::53.::1"), ["fd00::53", "::1"]);
  deepEqual(shown("::1.127.0.0.1.fd00::53.127.0.0.2"), ["127.0.0.1", "127.0.0.2"]);
  deepEqual(shown("127.0.0.1.1::2::3.127.0.0.2"), ["127.0.0.1"]);
  deepEqual(shown("::ffff:127.77.1.1.127.0.0.2"), ["127.77.1.1", "127.0.0.2"]);
});

Deno.test("a link-local server is asked through its interface, by name or number", () => {
  const local = "\xfe\x80" + "\0".repeat(13) + "\x01";
  const other = "\xfd" + "\0".repeat(14) + "\x53";
  const { servers } = parseResolvConf(
    "nameserver fd00::53\nnameserver fe80::1%lo # \nnameserver fe80::1%7\r\nnameserver fe80::1%no.such\n",
  );
  deepEqual(servers, [
    { address: other },
    ...[1, 7, 0].map((scope) => ({ address: local, scope })),
  ]);
  deepEqual(parseServers("fe80::1%lo.fd00::53.fe80::1%2"), [
    { address: local, scope: 1 },
    { address: other },
    { address: local, scope: 2 },
  ]);
});

Deno.test("parseResolvConf() finds servers and the first list of domains", () => {
  deepEqual(
    parseResolvConf(
      "# comment\nnameserver 1.2.3.4\nnameserver\t  5.6.7.8 x\n nameserver 9.9.9.9\nnameserver ::1\n" +
        "search a.test\tb.test \ndomain c.test\nnameserver 6.6.6.6",
    ),
    {
      servers: [
        "\x01\x02\x03\x04",
        "\x05\x06\x07\x08",
        "\0".repeat(15) + "\x01",
        "\x06\x06\x06\x06",
      ].map((address) => ({ address })),
      search: ["a.test", "b.test"],
    },
  );
});

Deno.test("rewriteRules() takes $LOCALDOMAIN before /etc/resolv.conf", () => {
  const env = new Environment(["DNSREWRITEFILE=/nonexistent", "LOCALDOMAIN=a.test b.test"]);
  deepEqual(rewriteRules(env), ["?:+.a.test+.b.test", "*.:"]);
});

Deno.test("rewriteRules() takes $DNSREWRITEFILE before all else, also an empty one", () => {
  const file = Deno.makeTempFileSync();
  const rules = (content: string): readonly string[] => {
    Deno.writeTextFileSync(file, content);
    return rewriteRules(new Environment([`DNSREWRITEFILE=${file}`, "LOCALDOMAIN=a.test"]));
  };
  deepEqual(qualify("me", rules("")), ["me"]);
  deepEqual(rules("*.a:.b \t\n?:.c\n").filter((rule) => rule !== ""), ["*.a:.b", "?:.c"]);
  // A NUL ends a rule.
  deepEqual(qualify("mail.a", rules("*.a:.b\0*.b:.c\n")), ["mail.c"]);
  Deno.removeSync(file);
});

Deno.test("qualify() applies the rules in order and tries what is joined by plus signs", () => {
  const rules = [
    "=me:127.0.0.1",
    "*.lan:.lan.test",
    "?:+.a.test+.b.test",
    "-.old.test:new.test",
    "# no rule",
    "*.:",
  ];
  deepEqual(qualify("me", rules), ["127.0.0.1"]);
  deepEqual(qualify("ME", rules), ["127.0.0.1"]);
  deepEqual(qualify("x.lan", rules), ["x.lan.test"]);
  deepEqual(qualify("x", rules), ["x.a.test", "x.b.test"]);
  deepEqual(qualify("x+", rules), ["x", "x.a.test", "x.b.test"]);
  deepEqual(qualify("[x", rules), ["[x"]);
  deepEqual(qualify("x.", rules), ["x"]);
  deepEqual(qualify("any.old.test", rules), ["new.test"]);
  deepEqual(qualify("x+.y+.z", []), ["x.y", "x.z"]);
  deepEqual(qualify("x+.y+", []), ["x.y", "x"]);
  deepEqual(qualify("\xc4.LAN", ["*.lan:"]), ["\xc4"]);
});

Deno.test("whatever stands in the files, it is servers and names, and never more than was written", () => {
  const words = fc.constantFrom("nameserver ", "search ", "domain ", "127.0.0.1", "::1", "\n", " ");
  const texts = fc.array(fc.oneof(words, byteString(12), byteString(9, "0129.:f")), {
    maxLength: 12,
  })
    .map((parts) => parts.join(""));
  holds(2000, [texts], (text) => {
    const { servers } = parseResolvConf(text);
    for (const found of [servers, parseServers(text)]) {
      ok(found.length <= text.length);
      ok(found.every(({ address }) => [4, 16].includes(address.length)));
      ok(preferred(found).length <= 16);
    }
  });
});

Deno.test("whatever the rules of rewriting are, a name becomes names that they are long enough for", () => {
  const rules = fc.array(
    fc.oneof(byteString(12, "=*?-:.+ab[]"), byteString(8)),
    { maxLength: 8 },
  );
  holds(2000, [byteString(20, ".+ab[]"), rules], (name, rules) => {
    const names = qualify(name, rules);
    const length = name.length + rules.join("").length;
    ok(names.length > 0 && names.length <= 1 + length);
    ok(names.every((name) => name.length <= length));
    if (rules.length === 0 && !name.includes("+")) equal(names.join(), name);
  });
});
