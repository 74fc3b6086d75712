// SPDX-License-Identifier: 0BSD
import { deepEqual, ok } from "node:assert/strict";
import { bytes, byteString, damaged, fc, holds } from "../../tests/harness/properties.ts";
import { InputBuffer, OutputBuffer } from "./buffers.ts";
import { fromBytes, toBytes } from "../os/bytes.ts";
import { O_CREAT, O_RDWR, O_TRUNC } from "../os/constants.ts";
import { SystemError } from "../os/errno.ts";
import { close, open } from "../os/file.ts";
import { openCdb } from "./cdb.ts";
import { RecordStream } from "./record_stream.ts";
import { TextError, TextReader, writeText } from "./text.ts";
import { Writer } from "./writer.ts";

/** Reads `text` in pieces of at most `size` bytes into a cdb; whether it could be read. */
function make(text: string, file: string, size: number): boolean {
  const fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0o644);
  try {
    const cdb = new Writer(fd);
    new TextReader(inputOf(toBytes(text), size), cdb).read();
    cdb.finish();
    return true;
  } catch (error) {
    // A record that no cdb can hold is SystemError ENOMEM, as in C.
    if (error instanceof TextError || error instanceof SystemError) return false;
    throw error;
  } finally {
    close(fd);
  }
}

function inputOf(bytes: Uint8Array<ArrayBuffer>, size: number): InputBuffer {
  let at = 0;
  return new InputBuffer((buffer) => {
    const piece = bytes.subarray(at, at + Math.min(size, buffer.length));
    buffer.set(piece);
    at += piece.length;
    return piece.length;
  });
}

function dump(file: string): string {
  let text = "";
  const output = new OutputBuffer((bytes) => text += fromBytes(bytes));
  writeText(new RecordStream(inputOf(Deno.readFileSync(file), 65536)), output);
  return text;
}

function inFile(body: (file: string) => void): () => void {
  return () => {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    try {
      body(`${directory}/a.cdb`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

const RECORDS = fc.array(fc.tuple(bytes(9), bytes(40)), { maxLength: 8 });

function asText(records: readonly (readonly [Uint8Array, Uint8Array])[]): string {
  return records.map(([key, value]) =>
    `+${key.length},${value.length}:${fromBytes(key)}->${fromBytes(value)}\n`
  ).join("") + "\n";
}

Deno.test(
  "records survive text and cdb, in whatever pieces the text comes",
  inFile((file) => {
    holds(300, [RECORDS, fc.integer({ min: 1, max: 30 })], (records, size) => {
      ok(make(asText(records), file, size));
      deepEqual(dump(file), asText(records));
      using cdb = openCdb(file);
      deepEqual([...cdb], records);
    });
  }),
);

Deno.test(
  "any text is records or a TextError, and the cdb can be read",
  inFile((file) => {
    const texts = fc.oneof(
      damaged(RECORDS.map(asText), 3, "+,:->0123456789\n"),
      byteString(40, "+,:->0129\n"),
    );
    holds(1500, [texts, fc.integer({ min: 1, max: 30 })], (text, size) => {
      if (!make(text, file, size)) return;
      // The same records again; numbers may have been written with zeros in front.
      const again = dump(file);
      ok(make(again, file, 7));
      deepEqual(dump(file), again);
    });
  }),
);
