// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { byteString, fc, holds } from "../../tests/harness/properties.ts";
import { toBytes } from "../os/bytes.ts";
import { IdentReader } from "./ident.ts";

function read(...parts: string[]): string | undefined {
  const reader = new IdentReader();
  for (const part of parts) {
    const information = reader.take(toBytes(part));
    if (information !== undefined) return information;
  }
  return undefined;
}

Deno.test("IdentReader takes what stands behind the third colon of the first line", () => {
  equal(read("1 , 2 : USERID : UNIX : j o\te\r\n"), "joe");
  equal(read("1,2:USERID:UNIX", ":", "joe", "\n"), "joe");
  equal(read("::::a:b\nc:::d\n"), ":a:b");
  equal(read("1 , 2 : ERROR : NO-USER\r\n"), "");
  equal(read("\n"), "");
  equal(read("1 , 2 : USERID : UNIX : joe"), undefined);
});

Deno.test("IdentReader stops at 257 bytes", () => {
  equal(read(":::" + "x".repeat(256)), undefined);
  equal(read(":::" + "x".repeat(1000)), "x".repeat(257));
  equal(read("a".repeat(1000), "b".repeat(1000)), undefined);
});

/** The same in the plainest way. */
function plain(answer: string): string | undefined {
  const [line = "", ...more] = answer.replace(/[ \t\r]/g, "").split("\n");
  const [, information] = /^(?:[^:]*:){3}(.*)$/s.exec(line) ?? [];
  if (information !== undefined && information.length >= 257) return information.slice(0, 257);
  return more.length > 0 ? information ?? "" : undefined;
}

Deno.test("IdentReader finds the same in whatever pieces an answer comes", () => {
  const answers = fc.array(
    fc.oneof(
      byteString(40),
      byteString(400, "::a \r\t\0\xff"),
      fc.constantFrom("1 , 2 : USERID : UNIX :", ":", "\n", "\r\n"),
    ),
    { maxLength: 6 },
  );
  holds(2000, [answers], (parts) => {
    const whole = parts.join("");
    equal(read(...parts), plain(whole));
    equal(read(...whole), plain(whole));
  });
});
