// SPDX-License-Identifier: 0BSD
/**
 * Selection: which lines of a text go to which outlets, as the actions of the script say it.
 *
 * @module
 */
import { type ByteString, putBytes } from "../os/bytes.ts";
import { LineList, LIST_SIZE } from "./line_list.ts";
import { DESELECT, HEAD_SIZE, SELECT, STEP_SIZE, TAKE } from "./line_layout.ts";
import type { LineLoops } from "./line_loops.ts";
import type { Outlet } from "./outlet.ts";
import { beginOfChunk } from "./pieces.ts";
import { ALIGNMENT, MAX_LINES, type Text } from "./text.ts";

/** A step for each line: a pattern that changes whether it is selected, or an outlet for it if it is. */
export type Step =
  | { readonly kind: "select" | "deselect"; readonly pattern: ByteString }
  | { readonly kind: "outlet"; readonly outlet: Outlet };

/**
 * How much memory of a text it takes to select with `steps` actions, of which `outlets` are such, and the others have
 * patterns of `bytes` bytes together.
 */
export function selectionRoom(steps: number, outlets: number, bytes: number): number {
  return steps * (STEP_SIZE + ALIGNMENT) + outlets * (LIST_SIZE + ALIGNMENT) + bytes;
}

/** An outlet and the list of lines for it. */
interface Delivery {
  readonly outlet: Outlet;
  readonly lines: LineList;
  /** Whether it has taken the line of which the text has only the beginning. */
  follows: boolean;
}

/** The script's steps, to be carried out on what is in a text. */
export class Selection {
  readonly #text: Text;
  readonly #loops: LineLoops | undefined;
  readonly #deliveries: Delivery[] = [];
  /** How many lines can be selected at once: an outlet that stands in the script n times takes a line n times. */
  readonly #most: number;
  /* Where the steps stand for the loops. */
  readonly #steps: number;
  readonly #stepsEnd: number;

  /** @param loops undefined: all steps are outlets that want all lines whole */
  constructor(text: Text, loops: LineLoops | undefined, steps: readonly Step[]) {
    this.#text = text;
    this.#loops = loops;
    this.#steps = text.allocate(steps.length * STEP_SIZE);
    this.#stepsEnd = this.#steps + steps.length * STEP_SIZE;
    const uses = new Map<Outlet, number>();
    for (const step of steps) {
      if (step.kind === "outlet") uses.set(step.outlet, (uses.get(step.outlet) ?? 0) + 1);
    }
    // Beside them the list has the rest of a line before, and the head of one behind.
    this.#most = Math.max(1, Math.floor((MAX_LINES - 1) / Math.max(1, ...uses.values())) - 1);
    const words = new Int32Array(text.memory.buffer);
    steps.forEach((step, i) => {
      words.set(this.#encode(step), (this.#steps + i * STEP_SIZE) / 4);
    });
  }

  #encode(step: Step): number[] {
    if (step.kind !== "outlet") {
      const pattern = this.#text.allocate(step.pattern.length);
      const end = putBytes(this.#text.bytes, pattern, step.pattern);
      return [step.kind === "select" ? SELECT : DESELECT, pattern, end];
    }
    const { outlet } = step;
    return [TAKE, this.#deliveryTo(outlet).lines.address, outlet.whole ? 1 : 0];
  }

  /** Steps with the same outlet share a list, so that it gets the lines in their order. */
  #deliveryTo(outlet: Outlet): Delivery {
    const known = this.#deliveries.find((delivery) => delivery.outlet === outlet);
    if (known !== undefined) return known;
    const delivery = { outlet, lines: new LineList(this.#text), follows: false };
    this.#deliveries.push(delivery);
    return delivery;
  }

  /**
   * Passes on the lines of the text, and the last one unfinished if it has 1000 bytes: what it can still be is
   * settled then. The text keeps what is left.
   */
  pass(): void {
    if (this.#loops === undefined) this.#passAll();
    else this.#passSelected(this.#loops);
  }

  /** The end of the input: passes on what is left as a line. */
  end(): void {
    if (!this.#text.inLine) return;
    this.#text.endLine();
    this.pass();
  }

  #passAll(): void {
    const { start, end, ends, lines, goesOn } = this.#text;
    const complete = lines > 0 ? ends[lines - 1] as number : start;
    const unfinished = lines > 0 || !goesOn ? end - complete >= HEAD_SIZE : true;
    const passed = unfinished ? end : complete;
    for (const { lines } of this.#deliveries) {
      if (start < passed) lines.add(start, passed);
    }
    this.#deliver(passed, unfinished);
  }

  #passSelected(loops: LineLoops): void {
    const text = this.#text;
    const { end, ends, lines } = text;
    let { start, goesOn } = text;
    let i = 0;
    if (goesOn) {
      const rest = start;
      start = lines > 0 ? ends[i++] as number : end;
      goesOn = lines === 0;
      for (const delivery of this.#deliveries) {
        if (delivery.follows) delivery.lines.add(rest, start);
      }
    }
    while (lines - i > this.#most) {
      const next = this.#lastChunkEnd(i, i + this.#most);
      this.#select(loops, start, i, next, "whole");
      start = ends[next - 1] as number;
      this.#deliverLists();
      i = next;
    }
    this.#select(loops, start, i, lines, "whole");
    if (i < lines) start = ends[lines - 1] as number;
    if (end - start >= HEAD_SIZE) {
      ends[lines] = end;
      this.#select(loops, start, lines, lines + 1, "begun");
      goesOn = true;
      for (const delivery of this.#deliveries) delivery.follows = takesUpTo(delivery, end);
      start = end;
    }
    this.#deliver(start, goesOn);
  }

  /**
   * Where lines from `first` on and before `last` can be parted without a trace in the logs: between two that end in
   * different reads of the C tool (pieces.ts). Where there are no such, at `last`.
   */
  #lastChunkEnd(first: number, last: number): number {
    const text = this.#text;
    const begin = beginOfChunk(text.source(last));
    for (let i = last; i > first; i--) {
      if (text.source(i - 1) <= begin) return i;
    }
    return last;
  }

  /** Carries out the steps on the lines from `first` on and before `last`. */
  #select(
    loops: LineLoops,
    start: number,
    first: number,
    last: number,
    kind: "whole" | "begun",
  ): void {
    const at = this.#text.endsAddress;
    const newline = kind === "whole" ? 1 : 0;
    loops.select(start, at + first * 4, at + last * 4, newline, this.#steps, this.#stepsEnd);
  }

  #deliver(passed: number, goesOn: boolean): void {
    this.#deliverLists();
    this.#text.keepFrom(passed, goesOn);
  }

  #deliverLists(): void {
    for (const { outlet, lines } of this.#deliveries) {
      outlet.deliver(lines);
      lines.clear();
    }
  }
}

function takesUpTo({ outlet, lines }: Delivery, end: number): boolean {
  return outlet.whole && lines.count > 0 && lines.end(lines.count - 1) === end;
}
