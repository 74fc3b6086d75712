// SPDX-License-Identifier: 0BSD
/**
 * Bytes that a terminal must not get, made visible: what cat(1) does with -v.
 *
 * @module
 */
import { type ByteString, putBytes } from "../os/bytes.ts";
import { type Filter, STAGE_SIZE } from "./filter.ts";
import { LF } from "./layout.ts";

const TAB = 9;
const DELETE = 127;
/** The longest form, `M-^X`. */
const FORM_SIZE = 4;

/** `^X` for control characters except tab and LF, and `M-` in front of the form of the lower 7 bits for high ones. */
function visibleForm(byte: number): ByteString {
  if (byte > DELETE) return "M-" + (visibleLow(byte - 128) ?? String.fromCharCode(byte - 128));
  return byte === TAB || byte === LF
    ? String.fromCharCode(byte)
    : visibleLow(byte) ?? String.fromCharCode(byte);
}

function visibleLow(byte: number): ByteString | undefined {
  if (byte === DELETE) return "^?";
  return byte < 32 ? "^" + String.fromCharCode(byte + 64) : undefined;
}

/** Makes all that goes through visible. */
export function visible(): Filter {
  const forms = Array.from({ length: 256 }, (_, byte) => visibleForm(byte));
  const input = new Uint8Array(STAGE_SIZE);
  const output = new Uint8Array(STAGE_SIZE * FORM_SIZE);
  return {
    input,
    output,
    take(count): number {
      let to = 0;
      for (let at = 0; at < count; at++) {
        to = putBytes(output, to, forms[input[at] as number] as ByteString);
      }
      return to;
    },
  };
}
