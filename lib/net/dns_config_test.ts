// SPDX-License-Identifier: 0BSD
import { deepEqual } from "node:assert/strict";
import { Environment } from "../cli/environment.ts";
import { formatAddress } from "./address.ts";
import { parseResolvConf, parseServers, preferred, qualify, rewriteRules } from "./dns_config.ts";

Deno.test("parseServers() reads dotted addresses joined by dots", () => {
  deepEqual(parseServers(""), []);
  deepEqual(parseServers("127.0.0.1"), ["\x7f\0\0\x01"]);
  deepEqual(parseServers(".127.0.0.1.127.0.0.2"), ["\x7f\0\0\x01", "\x7f\0\0\x02"]);
  deepEqual(parseServers("127.0.0.1,127.0.0.2"), ["\x7f\0\0\x01"]);
  deepEqual(preferred(parseServers("1.2.3.4.".repeat(20))).length, 16);
});

Deno.test("servers with IPv6 addresses count where there are no others", () => {
  const shown = (text: string): string[] => preferred(parseServers(text)).map(formatAddress);
  deepEqual(shown("::1"), ["::1"]);
  deepEqual(shown("fd00::53.::1"), ["fd00::53", "::1"]);
  deepEqual(shown("::1.127.0.0.1.fd00::53.127.0.0.2"), ["127.0.0.1", "127.0.0.2"]);
  deepEqual(shown("127.0.0.1.1::2::3.127.0.0.2"), ["127.0.0.1"]);
  const { servers } = parseResolvConf("nameserver fd00::53\nnameserver fe80::1%eth0\n");
  deepEqual(servers.map(formatAddress), ["fd00::53", "fe80::1"]);
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
      ],
      search: ["a.test", "b.test"],
    },
  );
});

Deno.test("rewriteRules() takes $LOCALDOMAIN before /etc/resolv.conf", () => {
  const env = new Environment(["DNSREWRITEFILE=/nonexistent", "LOCALDOMAIN=a.test b.test"]);
  deepEqual(rewriteRules(env), ["?:+.a.test+.b.test", "*.:"]);
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
