// SPDX-License-Identifier: 0BSD
/**
 * The memory that the loops (loops.ts) work in: what stands where. Positions are offsets into it.
 *
 * @module
 */

export const LF = 10;
export const CR = 13;

/** How much is read at once, and what a pipe is made to hold that is found full (source.ts). */
export const READ_SIZE = 262144;
/** How far beyond an end the loops look and write; what they leave there means nothing. */
export const SLACK = 64;
/** How much may be kept of one read for the next. */
export const CARRY_SIZE = 4096;

/** A stamp of tai64n(1) and the space behind it. */
export const STAMP_AND_SPACE = 26;
/** The stamp that `stampLines` writes. */
export const STAMP = 0;

/** What `recordLines` puts in front of a line, at most 16 bytes. */
export const PREFIX = STAMP;

/** What `restamp` knows about the seconds that it can show; see restamp_layout.ts. */
export const KEPT = STAMP + 64;
/** The numbers to 999 in three digits, four bytes each. */
export const TRIPLES = KEPT + 72;
/** 00 to 59, two bytes each. */
export const PAIRS = TRIPLES + 4 * 1000;

/** Where read(2) puts what it reads; in front of it is room for what was kept of the read before. */
export const INPUT = 8192 + CARRY_SIZE;
/** Where output goes: at most one stamp more for each byte than there was. */
export const OUTPUT = INPUT + READ_SIZE + SLACK;
/** Where `stampLines` notes where lines end. Memory that is not touched costs nothing. */
export const ENDS = OUTPUT + CARRY_SIZE + (READ_SIZE + 1) * (STAMP_AND_SPACE + 1) + SLACK;
export const MEMORY_SIZE = ENDS + READ_SIZE * 4;
