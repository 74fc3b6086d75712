// SPDX-License-Identifier: 0BSD
/**
 * What the loop of tai64nlocal(1) (restamp_loop.ts) is told about the seconds whose form is known, and where in the
 * memory that stands: from `KEPT` on.
 *
 * @module
 */
import { KEPT } from "./layout.ts";

/** The longest text that can be kept. */
export const FORM_SIZE = 32;

/** The text. */
export const FORM = KEPT;
/** Its length, u32; 0 where nothing is kept. */
export const FORM_LENGTH = FORM + FORM_SIZE;
/** The first eight digits of the label, as they stand in a stamp. */
export const HIGH = FORM_LENGTH + 4;
/** The lower half of the label, u32: of the first second that has this form, */
export const FIRST = HIGH + 8;
/** how many more seconds have it, */
export const SPAN = FIRST + 4;
/** of the second in which the hour began that MM:SS counts, */
export const START = SPAN + 4;
/** and whether there is an MM:SS: 1 or 0. */
export const CLOCK = START + 4;
/** Where the output ended when `restamp` came back. */
export const STOPPED = CLOCK + 4;
/** How many blanks follow the nanoseconds, u32: 1 or 0. Not part of what is kept: it stays as it is. */
export const BLANKS = STOPPED + 4;
