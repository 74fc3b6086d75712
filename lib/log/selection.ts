// SPDX-License-Identifier: 0BSD
/**
 * Selection: which lines of a text go to which outlets, as the actions of the script say it.
 *
 * @module
 */
import type { Outlet } from "./outlet.ts";
import { matches, type Pattern } from "./pattern.ts";
import { HEAD_SIZE, type Text } from "./text.ts";

/** A step for each line: a pattern that changes whether it is selected, or an outlet for it if it is. */
export type Step =
  | { readonly kind: "select" | "deselect"; readonly pattern: Pattern }
  | { readonly kind: "outlet"; readonly outlet: Outlet };

// What a step does, as a number: the loop below runs once a line.
const SELECT = 0;
const DESELECT = 1;
const OUTLET = 2;

const NO_PATTERN: Pattern = new Uint8Array(0);
const NO_OUTLET: Outlet = { wantsEach: false, take(): void {}, goOn(): void {}, flush(): void {} };

/** The script's steps, to be carried out on what is in a text. */
export class Selection {
  /** Whether only logs are there, and they get all lines. */
  readonly sparse: boolean;
  readonly #text: Text;
  /* One place a step in each of these. */
  readonly #kinds: Uint8Array;
  readonly #patterns: Pattern[];
  readonly #outlets: Outlet[];
  /** Whether the step's outlet took the line that was looked at last. */
  readonly #taken: Uint8Array;
  constructor(text: Text, steps: readonly Step[]) {
    this.#text = text;
    this.sparse = steps.every((step) => step.kind === "outlet" && !step.outlet.wantsEach);
    this.#kinds = Uint8Array.from(
      steps,
      (step) => step.kind === "outlet" ? OUTLET : step.kind === "select" ? SELECT : DESELECT,
    );
    this.#patterns = steps.map((step) => step.kind === "outlet" ? NO_PATTERN : step.pattern);
    this.#outlets = steps.map((step) => step.kind === "outlet" ? step.outlet : NO_OUTLET);
    this.#taken = new Uint8Array(steps.length);
  }

  /**
   * Passes on the lines of the text, and the last one unfinished if it has 1000 bytes: what it can still be is
   * settled then. The text keeps what is left.
   */
  pass(): void {
    const text = this.#text;
    const { ends, lines, length } = text;
    let { goesOn } = text;
    // What is the same for all lines is done for all of them as if they were one.
    let i = this.sparse ? Math.max(lines - 1, 0) : 0;
    let start = 0;
    if (goesOn) {
      start = lines > 0 ? ends[i++] as number : length;
      goesOn = lines === 0;
      this.#follow(start);
    }
    for (; i < lines; i++) {
      const end = ends[i] as number;
      this.#judge(start, end - 1, end);
      start = end;
    }
    if (length - start >= HEAD_SIZE) {
      this.#judge(start, length, length);
      goesOn = true;
      start = length;
    }
    for (const outlet of this.#outlets) outlet.flush();
    text.keepFrom(start, goesOn);
  }

  /** The end of the input: passes on what is left as a line. */
  end(): void {
    if (!this.#text.inLine) return;
    this.#text.endLine();
    this.pass();
  }

  #follow(end: number): void {
    for (let k = 0; k < this.#taken.length; k++) {
      if (this.#taken[k] === 1) (this.#outlets[k] as Outlet).goOn(end);
    }
  }

  #judge(start: number, lineEnd: number, end: number): void {
    const bytes = this.#text.bytes;
    const head = Math.min(lineEnd, start + HEAD_SIZE);
    const kinds = this.#kinds;
    let selected = true;
    for (let k = 0; k < kinds.length; k++) {
      const kind = kinds[k];
      if (kind === OUTLET) {
        this.#taken[k] = selected ? 1 : 0;
        if (selected) (this.#outlets[k] as Outlet).take(start, head, end);
      } else if (selected === (kind === DESELECT)) {
        if (matches(this.#patterns[k] as Pattern, bytes, start, head)) selected = !selected;
      }
    }
  }
}
