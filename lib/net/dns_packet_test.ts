// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { bytes, byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { fromBytes, toBytes } from "../os/bytes.ts";
import { formatAddress, parseIpv6 } from "./address.ts";
import {
  addresses,
  answers,
  firstName,
  formatName,
  isFailure,
  isTruncated,
  lower,
  PacketError,
  parseName,
  question,
  reverseName,
  text,
  TYPE_A,
  TYPE_AAAA,
  TYPE_PTR,
  TYPE_TXT,
} from "./dns_packet.ts";

const NAME = parseName("www.example.test") as string;

/** An answer to `asked` with records [name, type, data] behind the question. */
function answer(
  asked: Uint8Array,
  records: [name: string, type: number, data: string][],
): Uint8Array {
  const head = asked.slice();
  head[2] = 0x81;
  head[3] = 0x80;
  head[7] = records.length;
  const rest = records.map(([name, type, data]) =>
    `${name}\0${String.fromCharCode(type)}\0\x01\0\0\0\x05${
      String.fromCharCode(data.length >> 8, data.length & 255)
    }${data}`
  );
  return new Uint8Array([...head, ...toBytes(rest.join(""))]);
}

Deno.test("parseName() reads labels, escapes and superfluous dots", () => {
  equal(parseName("a.bc"), "\x01a\x02bc\0");
  equal(parseName("..a...bc."), "\x01a\x02bc\0");
  equal(parseName(""), "\0");
  equal(parseName("a\\.b"), "\x03a.b\0");
  equal(parseName("\\141\\7x\\"), "\x03a\x07x\0");
  equal(parseName("x".repeat(63)), "\x3f" + "x".repeat(63) + "\0");
  equal(parseName("x".repeat(64)), undefined);
  equal(parseName(("x".repeat(49) + ".").repeat(5))?.length, 251);
  equal(
    parseName(("x".repeat(49) + ".").repeat(5) + "abc"),
    "\x31".concat("x".repeat(49)).repeat(5) + "\x03abc\0",
  );
  equal(parseName(("x".repeat(49) + ".").repeat(5) + "abcd"), undefined);
});

Deno.test("formatName() shows lower case, and any other byte in octal", () => {
  equal(formatName("\x03WwW\x04a-_9\0"), "www.a-_9");
  equal(formatName("\x04a.b\xe4\x01/\0"), "a\\056b\\344.\\057");
  equal(formatName("\0"), ".");
});

Deno.test("reverseName() turns the address round", () => {
  equal(formatName(reverseName("\x7f\0\0\x08")), "8.0.0.127.in-addr.arpa");
});

Deno.test("answers() wants the same number and the same question", () => {
  const asked = question(0x1234, NAME, TYPE_A);
  ok(answers(answer(asked, []), asked));
  ok(answers(answer(question(0x1234, "\x03WWW\x07EXAMPLE\x04test\0", TYPE_A), []), asked));
  ok(!answers(answer(question(0x1235, NAME, TYPE_A), []), asked));
  ok(!answers(answer(question(0x1234, NAME, TYPE_PTR), []), asked));
  ok(!answers(answer(question(0x1234, "\x03ww2\x07example\x04test\0", TYPE_A), []), asked));
  const twice = answer(asked, []);
  twice[5] = 2;
  ok(!answers(twice, asked));
  for (let size = 0; size < asked.length; size++) {
    ok(!answers(answer(asked, []).subarray(0, size), asked), String(size));
  }
});

Deno.test("isTruncated() and isFailure() look at their bits", () => {
  const packet = answer(question(1, NAME, TYPE_A), []);
  deepEqual([isTruncated(packet), isFailure(packet)], [false, false]);
  packet[2] = 0x83;
  packet[3] = 0x83; // the name does not exist: that is an answer
  deepEqual([isTruncated(packet), isFailure(packet)], [true, false]);
  packet[3] = 0x82;
  ok(isFailure(packet));
});

Deno.test("addresses() takes those of four bytes, behind aliases too", () => {
  const packet = answer(question(1, NAME, TYPE_A), [
    ["\xc0\x0c", 5, "\x01b\0"],
    ["\x01b\0", TYPE_A, "\x7f\0\0\x01"],
    ["\x01b\0", TYPE_A, "\x7f\0\0\x01\x02"],
    ["\xc0\x0c", TYPE_A, "\x7f\0\0\x02"],
  ]);
  deepEqual(addresses(packet, TYPE_A), ["\x7f\0\0\x01", "\x7f\0\0\x02"]);
  deepEqual(addresses(packet, TYPE_AAAA), []);
  equal(firstName(packet), "");
});

Deno.test("addresses() of IPv6 are those of sixteen bytes; a mapped one is the IPv4 one", () => {
  const packet = answer(question(1, NAME, TYPE_AAAA), [
    ["\xc0\x0c", TYPE_AAAA, " \x01\r\xb8" + "\0".repeat(11) + "\x01"],
    ["\xc0\x0c", TYPE_AAAA, "\0".repeat(10) + "\xff\xff\x01\x02\x03\x04"],
    ["\xc0\x0c", TYPE_AAAA, "\x01\x02\x03\x04"],
    ["\xc0\x0c", TYPE_A, "\x7f\0\0\x02"],
  ]);
  deepEqual(addresses(packet, TYPE_AAAA).map(formatAddress), ["2001:db8::1", "1.2.3.4"]);
});

Deno.test("reverseName() of IPv6 has a label for each digit", () => {
  equal(
    formatName(reverseName(parseIpv6("4321:0:1:2:3:4:567:89ab") ?? "")),
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
  );
});

Deno.test("firstName() takes the first, with pointers", () => {
  const packet = answer(question(1, NAME, TYPE_PTR), [
    ["\xc0\x0c", TYPE_PTR, "\x01X\xc0\x10"],
    ["\xc0\x0c", TYPE_PTR, "\x01y\0"],
  ]);
  equal(firstName(packet), "x.example.test");
});

Deno.test("text() joins everything and hides what cannot be shown", () => {
  const packet = answer(question(1, NAME, TYPE_TXT), [
    ["\xc0\x0c", TYPE_TXT, "\x02ab\x00\x03c\n\xe4"],
    ["\xc0\x0c", TYPE_TXT, "\x05short"],
    ["\xc0\x0c", TYPE_TXT, "\x09cut"],
  ]);
  equal(text(packet), "abc??shortcut");
});

Deno.test("a name that points at itself, or out of the packet, is refused", () => {
  const at = question(1, NAME, TYPE_PTR).length + 12;
  const evil = [
    "\xc0" + String.fromCharCode(at), // itself
    "\x01a\xc0" + String.fromCharCode(at), // a label before itself, for ever
    "\xff\xff",
    "\xc0",
    "\x3f",
    "\x80a",
    "",
  ];
  for (const data of evil) {
    const packet = answer(question(1, NAME, TYPE_PTR), [["\xc0\x0c", TYPE_PTR, data]]);
    throws(() => firstName(packet), PacketError, JSON.stringify(data));
  }
});

Deno.test("an answer that is cut anywhere is refused or shorter, never read beyond its end", () => {
  const packet = answer(question(1, NAME, TYPE_A), [
    ["\xc0\x0c", TYPE_A, "\x7f\0\0\x01"],
    ["\xc0\x0c", TYPE_A, "\x7f\0\0\x02"],
  ]);
  for (let size = 0; size < packet.length; size++) {
    throws(() => addresses(packet.subarray(0, size), TYPE_A), PacketError, String(size));
  }
});

Deno.test("a last record that is cut off is no harm where nobody wants it", () => {
  const asked = question(1, NAME, TYPE_A);
  const address: Parameters<typeof answer>[1][number] = ["\xc0\x0c", TYPE_A, "\x7f\0\0\x01"];
  const packet = answer(asked, [address, ["\xc0\x0c", 46, "signature"]]);
  equal(addresses(packet.subarray(0, -3), TYPE_A).join(), "\x7f\0\0\x01");
  // Its own header must be whole.
  throws(() => addresses(packet.subarray(0, -10), TYPE_A), PacketError);
  const wanted = answer(asked, [address, ["\xc0\x0c", TYPE_TXT, "\x03abc"]]);
  throws(() => text(wanted.subarray(0, -1)), PacketError);
  // Another one cannot follow.
  const followed = answer(asked, [["\xc0\x0c", 46, "signature"], address]);
  new DataView(followed.buffer).setUint16(asked.length + 10, 1000);
  throws(() => addresses(followed, TYPE_A), PacketError);
});

/** Names as they travel, of labels that may have any byte in them. */
const NAMES = fc.array(byteString(63).filter((label) => label !== ""), { maxLength: 6 })
  .map((labels) => labels.map((label) => String.fromCharCode(label.length) + label).join("") + "\0")
  .filter((name) => name.length <= 255);

Deno.test("parseName() reads what formatName() shows, in lower case", () => {
  holds(500, [NAMES], (name) => {
    equal(parseName(formatName(name)), lower(name));
  });
});

Deno.test("parseName() makes a proper name of any text, or none", () => {
  holds(1000, [byteString(300, "ab.\\0178\xff-")], (text) => {
    const name = parseName(text);
    if (name === undefined) return;
    ok(name.length <= 255 && name.endsWith("\0"));
    let at = 0;
    while (at < name.length - 1) {
      const size = name.charCodeAt(at);
      ok(size > 0 && size < 64);
      at += 1 + size;
    }
    equal(at, name.length - 1);
  });
});

const TYPES = fc.constantFrom(TYPE_A, TYPE_PTR, TYPE_TXT, TYPE_AAAA);
const RECORDS = fc.array(
  fc.tuple(
    // A pointer to the question, to anywhere, or a name.
    fc.oneof(
      fc.constant("\xc0\x0c"),
      fc.nat(255).map((low) => "\xc0" + String.fromCharCode(low)),
      NAMES,
    ),
    TYPES,
    fc.oneof(byteString(20), byteString(4), byteString(16), fc.constant("\x01x\xc0\x0c")),
  ),
  { maxLength: 8 },
);

Deno.test("answers() is content with no byte of another number or question", () => {
  holds(
    1000,
    [fc.nat(65535), NAMES, TYPES, fc.nat(), fc.nat(255)],
    (id, name, type, at, byte) => {
      const asked = question(id, name, type);
      const packet = answer(asked, []);
      ok(answers(packet, asked));
      // The bytes that say what kind of answer it is, and how much is in it, are others'.
      const matter = [0, 1, 4, 5, ...Array.from(asked.keys()).slice(12)];
      const place = matter[at % matter.length] as number;
      const before = packet[place] as number;
      packet[place] = byte;
      const same = place < 12
        ? byte === before
        : lower(String.fromCharCode(byte)) === lower(String.fromCharCode(before));
      // The name with more or less in it may be the same only if it ends in the same place.
      equal(answers(packet, asked), same);
    },
  );
});

Deno.test("addresses() are those of the records, whatever stands between them", () => {
  holds(500, [NAMES, RECORDS], (name, records) => {
    const packet = answer(question(1, name, TYPE_A), records as [string, number, string][]);
    deepEqual(
      addresses(packet, TYPE_A),
      records.filter(([, type, data]) => type === TYPE_A && data.length === 4)
        .map(([, , data]) => data),
    );
  });
});

/** What there is to be read, or a PacketError; none of it is longer than it can be. */
function readAll(packet: Uint8Array, asked: Uint8Array): void {
  const { length } = packet;
  const all: (() => boolean)[] = [
    (): boolean => typeof answers(packet, asked) === "boolean",
    (): boolean => addresses(packet, TYPE_A).length <= length / 15,
    (): boolean => addresses(packet, TYPE_AAAA).length <= length / 27,
    (): boolean => firstName(packet).length <= 4 * 255,
    (): boolean => text(packet).length <= length,
  ];
  for (const read of all) {
    try {
      ok(read());
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
    }
  }
}

Deno.test("a damaged answer is refused, or another one", () => {
  const asked = question(1, NAME, TYPE_PTR);
  const whole = RECORDS.map((records) =>
    fromBytes(answer(asked, records as [string, number, string][]))
  );
  holds(2000, [damaged(whole, 4, "\0\x01\x02\x3f\x40\xbf\xc0\xff\x0c\x10")], (packet) => {
    readAll(toBytes(packet), asked);
  });
});

Deno.test("noise is no answer, or some answer, but always ends", () => {
  holds(2000, [bytes(513)], (noise) => readAll(noise, question(1, NAME, TYPE_A)));
});
