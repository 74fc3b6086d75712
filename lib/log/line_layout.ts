// SPDX-License-Identifier: 0BSD
/**
 * What the loops over lines (line_loops.ts) and those who call them have agreed on. Text, lists and patterns lie in one
 * memory, and all places are addresses in it.
 *
 * A list of lines is a word that counts them and then two words for each one, where it begins and where it ends
 * (LineList). A step of a script is four words (STEP_SIZE):
 *
 *   SELECT, DESELECT   where the pattern is, where it ends, -
 *   TAKE               the list that takes a selected line, whether neighbouring lines become one there, -
 *
 * @module
 */

/** How much of a line patterns see. */
export const HEAD_SIZE = 1000;
export const STEP_SIZE = 16;

/**
 * Kinds of steps. The numbers are chosen: SELECT (0) is for lines that are not selected (0), DESELECT (1) for selected
 * ones (1), so the loop compares the kind with "is it selected?".
 */
export const SELECT = 0;
export const DESELECT = 1;
export const TAKE = 2;
