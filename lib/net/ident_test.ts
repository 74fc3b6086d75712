// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
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
