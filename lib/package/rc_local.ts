// SPDX-License-Identifier: 0BSD
/**
 * rc.local: a shell script that ends with `exit 0` on many machines, or with an `exec`. What is to run goes before that.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";

/**
 * A line that ends with it. Nothing is lost where it stands behind another command or a condition: what goes before the
 * line runs in any case. (`exec 2>log` is only a redirection.)
 */
const EXIT = /(?:^|[;&|][ \t]*)(?:exit\b|exec[ \t]+[^ \t\d<>&])[^;&|]*;?$/;
/** A line that the next one belongs to: an operator or a reserved word stands at its end (sh(1)). */
const GOES_ON = /(?:&&|[|({\\]|(?:^|;)[ \t]*(?:then|do|else))$/;

/**
 * Where in the text of a shell script a line goes that is to be run: before the first of the lines at its end that end the
 * script, or, where it does not end with one, to the end.
 */
export function beforeLastExit(text: ByteString): number {
  let at = text.length;
  let [place, next] = [at, at];
  for (const line of text.split(/(?<=\n)/).reverse()) {
    at -= line.length;
    const command = line.replace(/(?:^|[ \t])#.*/, "").trim();
    if (command === "") continue;
    if (EXIT.test(command)) [place, next] = [at, place];
    else return GOES_ON.test(command) ? next : place;
  }
  return place;
}
