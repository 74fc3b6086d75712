// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { isIPv6 } from "node:net";
import { byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { IPV4_SIZE, IPV6_SIZE, unmapped } from "../os/socket.ts";
import { formatAddress, formatIpv6, networkOf, parseIpv6, scanAddress } from "./address.ts";

Deno.test("parseIpv6() and formatAddress(): the text forms of RFC 4291, and ucspi-tcp-ipv6's", () => {
  const forms: Record<string, string | undefined> = {
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "2001:DB8::A": "2001:db8::a",
    "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
    "1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    // RFC 5952 would leave a single zero group as it is.
    "2001:db8:0:1:1:1:1:1": "2001:db8::1:1:1:1:1",
    "1:2:3:4:5:6:7:0": "1:2:3:4:5:6:7::",
    "0:2:3:4:5:6:7:8": "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:1.2.3.4": "1:2:3:4:5:6:102:304",
    "64:ff9b::1.2.3.4": "64:ff9b::102:304",
    "::1.2.3.4": "::102:304",
    "::ffff:1.2.3.4": "1.2.3.4",
    "::ffff:102:304": "1.2.3.4",
    "": undefined,
    "0": undefined,
    ":": undefined,
    ":::": undefined,
    "1::2::3": undefined,
    "1:2:3:4:5:6:7": undefined,
    "1:2:3:4:5:6:7:8:9": undefined,
    "1:2:3:4::5:6:7:8": undefined,
    "::1:": undefined,
    ":1::": undefined,
    "12345::": undefined,
    "::g": undefined,
    "::1.2.3": undefined,
    "::1.2.3.256": undefined,
    "::1.2.3.4:5": undefined,
    "1.2.3.4::": undefined,
    "::1%lo": undefined,
    "[::1]": undefined,
    "1.2.3.4": undefined,
  };
  for (const [text, shown] of Object.entries(forms)) {
    const address = parseIpv6(text);
    equal(address === undefined ? undefined : formatAddress(address), shown, text);
  }
  equal(formatIpv6(parseIpv6("::ffff:1.2.3.4") ?? ""), "::ffff:1.2.3.4");
});

Deno.test("every address is read as it was written", () => {
  for (let i = 0; i < 2000; i++) {
    const bytes = crypto.getRandomValues(new Uint8Array(16)).map((byte) => byte & 0x80 ? byte : 0);
    const address = String.fromCharCode(...bytes);
    equal(parseIpv6(formatIpv6(address)), address);
  }
});

Deno.test("networkOf() keeps the first bits", () => {
  const network = (length: number): string =>
    formatAddress(networkOf(parseIpv6("2001:dbf:ffff::1") ?? "", length));
  equal(network(128), "2001:dbf:ffff::1");
  equal(network(127), "2001:dbf:ffff::");
  equal(network(29), "2001:db8::");
  equal(network(0), "::");
});

Deno.test("an address is what is read of its text", () => {
  const addresses = fc.oneof(
    fc.uint8Array({ minLength: IPV4_SIZE, maxLength: IPV4_SIZE }),
    fc.uint8Array({ minLength: IPV6_SIZE, maxLength: IPV6_SIZE }),
    // Groups of zeros are what the text is short by.
    fc.uint8Array({ minLength: IPV6_SIZE, maxLength: IPV6_SIZE, max: 1 }),
  ).map((bytes) => unmapped(String.fromCharCode(...bytes)));
  holds(2000, [addresses], (address) => {
    equal(parseIpv6(formatIpv6(address)), address);
    const text = formatAddress(address);
    equal(text.includes(":") ? parseIpv6(text) : scanAddress(text)?.address, address);
    for (const bits of [0, 1, 31, 8 * address.length]) {
      const network = networkOf(address, bits);
      equal(network.length, address.length);
      equal(networkOf(network, bits), network);
    }
  });
});

Deno.test("parseIpv6() takes what others take for an IPv6 address, and nothing else", () => {
  const texts = fc.oneof(
    fc.ipV6(),
    damaged(fc.ipV6(), 2, "0:.1f%g"),
    byteString(24, "0:.1f"),
    byteString(8),
  );
  // An address in a scope is none here.
  holds(3000, [texts.filter((text) => !text.includes("%"))], (text) => {
    equal(parseIpv6(text) !== undefined, isIPv6(text), JSON.stringify(text));
  });
});
