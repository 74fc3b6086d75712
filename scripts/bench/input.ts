// SPDX-License-Identifier: 0BSD
/**
 * What goes into the streams: lines as servers log them, the same in every run of the bench.
 *
 * @module
 */
import type { Place } from "./place.ts";

/** Sizes in bytes. */
export const LARGE = 300_000_000;
export const MEDIUM = 100_000_000;

const BLOCK = 4_000_000;

const WORDS =
  ("connect accept deny status debug info warning fatal delivery success failure message bytes from to queue user " +
    "session closed opened timeout retry lookup cache hit miss GET POST /index.html /images/logo.png 200 304 404 " +
    "192.0.2.17 198.51.100.4 example.org mail.example.net").split(" ");

/** Numbers that look as if drawn by lot (Lehmer's generator). */
export class Lot {
  #state = 20260117;

  below(limit: number): number {
    this.#state = this.#state * 48271 % 0x7fffffff;
    return this.#state % limit;
  }
}

/** A line of 80 to 120 bytes. */
function line(lot: Lot): string {
  const length = 79 + lot.below(41);
  let text = `${lot.below(100_000)}:`;
  while (text.length < length) text += ` ${WORDS[lot.below(WORDS.length)]}`;
  return text.slice(0, length) + "\n";
}

function writeLines(path: string, size: number, each: (lot: Lot, text: string) => string): void {
  const lot = new Lot();
  const lines: string[] = [];
  for (let length = 0; length < BLOCK; length += lines.at(-1)?.length ?? 0) lines.push(line(lot));
  using file = Deno.openSync(path, { write: true, create: true });
  const encoder = new TextEncoder();
  for (let written = 0; written < size;) {
    let bytes = encoder.encode(lines.map((text) => each(lot, text)).join(""));
    if (written + bytes.length > size) {
      bytes = bytes.subarray(0, size - written);
      bytes.fill(10, bytes.lastIndexOf(10)); // no half line: C's tai64nlocal crashes at half a stamp
    }
    written += bytes.length;
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  }
}

/** Log lines. */
export function lines(place: Place, size: number): string {
  return place.file(`lines-${size}`, (path) => writeLines(path, size, (_, text) => text));
}

/** Log lines with CR LF. */
export function crLines(place: Place, size: number): string {
  return place.file(`crlf-${size}`, (path) => {
    writeLines(path, size, (_, text) => text.replace("\n", "\r\n"));
  });
}

/** Log lines with TAI64N stamps, `perSecond` in a second. */
export function stamped(place: Place, size: number, perSecond: number): string {
  return place.file(`stamped-${size}-${perSecond}`, (path) => {
    let count = 0;
    writeLines(path, size, (_, text) => {
      const seconds = 0x69000000 + Math.floor(count / perSecond);
      const fraction = Math.floor(count % perSecond / perSecond * 1e9);
      count++;
      const hex = (n: number): string => n.toString(16).padStart(8, "0");
      return `@40000000${hex(seconds)}${hex(fraction)} ${text}`;
    });
  });
}

/** Rules for tcprules. */
export function rules(place: Place, count: number): string {
  return place.file(`rules-${count}`, (path) => {
    using file = Deno.openSync(path, { write: true, create: true });
    const encoder = new TextEncoder();
    for (let at = 0; at < count;) {
      let text = at === 0 ? "127.:allow\n" : "";
      for (const end = Math.min(count, at + 20_000); at < end; at++) {
        const address = `10.${at >> 16}.${at >> 8 & 255}.${at & 255}`;
        text += at % 3 === 0 ? `${address}:deny\n` : `${address}:allow,RELAYCLIENT="",N="${at}"\n`;
      }
      let bytes = encoder.encode(text);
      while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    }
  });
}
