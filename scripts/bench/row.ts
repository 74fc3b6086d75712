// SPDX-License-Identifier: 0BSD
/**
 * What the bench measures: rows, and groups of rows that are measured together.
 *
 * @module
 */
import type { Place } from "./place.ts";

/** Kilobytes in a megabyte, as /proc and ru_maxrss count them. */
export const MIB = 1024;

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** What is run. */
  readonly what: string;
  readonly unit: "MB/s" | "1/s" | "ms" | "us" | "MB";
  /** What djbox is to reach, if anything. */
  readonly target?: Target;
}

/**
 * `ratio`: djbox's value to that of the second side, at least for speeds (MB/s, 1/s), at most for all else.
 * `value`: djbox's own value, likewise.
 */
export type Target = { readonly ratio: number } | { readonly value: number };

/** What one run has given for one row. */
export interface Sample {
  readonly value: number;
  /** User and system time of the tool, in milliseconds. */
  readonly cpu?: number | undefined;
  /** The most memory that it had, in kilobytes. */
  readonly peak?: number | undefined;
}

/** What one run has given, by the names of the rows. */
export type Samples = Readonly<Record<string, Sample>>;

/** One of those that are compared. */
export interface Side {
  readonly name: string;
  run(): Samples;
}

/** Rows that come from the same runs. */
export interface Group {
  readonly rows: readonly Row[];
  /** djbox first, then what its ratio is taken to, then others. Those whose programs are missing are left out. */
  sides(place: Place): readonly Side[];
}

/** Whether more is better. */
export function isSpeed({ unit }: Row): boolean {
  return unit === "MB/s" || unit === "1/s";
}
