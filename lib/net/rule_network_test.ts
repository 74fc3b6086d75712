// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { formatLengths, ipv6Key, networkKey, parseLengths, parseNetwork } from "./rule_network.ts";

Deno.test("parseNetwork() clears the bits that do not count", () => {
  const networks: Record<string, string | undefined> = {
    "10.1.2.3/8": "10.0.0.0/8",
    "1.2.3.4/32": "1.2.3.4/32",
    "0.0.0.0/0": "0.0.0.0/0",
    "010.0.0.0/8": "10.0.0.0/8",
    "192.168.001.000/24": "192.168.1.0/24",
    "0300.0.0.0/8": undefined,
    "2001:DB8::1/32": "2001:db8::/32",
    "::/0": "::/0",
    "::1/128": "::1/128",
    "::ffff:10.1.2.3/104": "10.0.0.0/8",
    "::ffff:10.1.2.3/95": undefined,
    "::1/129": undefined,
    "2001:db8:0:0:0:0:0:0": "2001:db8::/128",
    "0:0:0:0:0:0:0:0": "::/128",
    "2001:db8::": undefined,
    "2001:db8::1": undefined,
    "joe@2001:db8:0:0:0:0:0:0": undefined,
    "1.2.3.4/33": undefined,
    "1.2.3/24": undefined,
    "1.2.3.256/24": undefined,
    "1.2.3.4/": undefined,
    "/8": undefined,
    "1.2.3.4": undefined,
    "1.2.3.4/8/8": undefined,
    "joe@1.2.3.4/8": undefined,
    "=a/8": undefined,
  };
  for (const [text, key] of Object.entries(networks)) {
    const network = parseNetwork(text);
    equal(network === undefined ? undefined : networkKey(network), key, text);
  }
});

Deno.test("ipv6Key() takes addresses and their starts", () => {
  const keys: Record<string, string | undefined> = {
    "::1": "::1",
    "2001:0DB8:0::1": "2001:db8::1",
    "::ffff:1.2.3.4": "1.2.3.4",
    "joe@::1": "joe@::1",
    "a:b@::1": "a:b@::1",
    ":": undefined,
    "10:": undefined,
    "a:": "a:",
    "::": "::",
    "2001:": "2001:",
    "2001:0DB8:": "2001:db8:",
    "2001:db8::": "2001:db8::",
    "::ffff:1.2.": "1.2.",
    "joe@::FFFF:1.2.3.4": "joe@1.2.3.4",
    "joe@2001:db8:": undefined,
    ":::": undefined,
    "1::2::": undefined,
    "2001:db8": undefined,
    "x:y": undefined,
    "1.2.3.4:foo": undefined,
    "a:b@1.2.3.4": undefined,
    "[::1]": undefined,
    "=::1": undefined,
  };
  for (const [text, key] of Object.entries(keys)) equal(ipv6Key(text), key, text);
});

Deno.test("parseLengths() reads what formatLengths() writes, and nothing else", () => {
  deepEqual(parseLengths(formatLengths([8, 128, 0])), [8, 128, 0]);
  deepEqual(parseLengths(""), []);
  for (const wrong of ["8", "8\0x\0", "\0", "1000\0"]) equal(parseLengths(wrong), undefined);
});
