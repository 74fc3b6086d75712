// SPDX-License-Identifier: 0BSD
/**
 * What the bench has found, as a table in Markdown.
 *
 * @module
 */
import { markdown, middle, quantile } from "../trial/figures.ts";
import { isSpeed, MIB, type Row, type Sample } from "./row.ts";

/** The samples of one side for one row, in the order of the runs. */
export interface Column {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** A row with all that was measured for it; djbox's column first, then what it is compared with. */
export interface Result {
  readonly row: Row;
  readonly columns: readonly Column[];
}

/** Half of the ratios may lie this far apart, as a part of their median, and still be believed. */
const BELIEVABLE = 0.25;

const HEAD = [
  "row",
  "what",
  "djbox",
  "C",
  "ratio",
  "wanted",
  "",
  "CPU: C / djbox",
  "peak MB: djbox, C",
  "spread",
  "others",
];

/** How far apart the middle half of the numbers lies, as a part of their median. */
export function spreadOf(numbers: readonly number[]): number {
  return (quantile(numbers, 0.75) - quantile(numbers, 0.25)) / middle(numbers);
}

/** The ratios of runs that were made one right after the other: whatever slowed the machine down slowed both. */
function pairwise(
  one: readonly Sample[],
  other: readonly Sample[],
  of: (sample: Sample) => number | undefined,
): number[] {
  return one.map((sample, i) => {
    const against = other[i];
    return (of(sample) ?? NaN) / ((against && of(against)) ?? NaN);
  }).filter((ratio) => Number.isFinite(ratio));
}

/** Three digits that count. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  const places = 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(places, 3)));
}

/** Whether djbox's row is as it is wanted; undefined where nothing is wanted. */
function reached(row: Row, value: number, ratio: number): boolean | undefined {
  if (row.target === undefined) return undefined;
  const [got, wanted] = "ratio" in row.target
    ? [ratio, row.target.ratio]
    : [value, row.target.value];
  return isSpeed(row) ? got >= wanted : got <= wanted;
}

function wanted(row: Row): string {
  if (row.target === undefined) return "";
  const sign = isSpeed(row) ? "≥" : "≤";
  return "ratio" in row.target
    ? `${sign} ${row.target.ratio}`
    : `${sign} ${row.target.value} ${row.unit}`;
}

/** The cells of a result, and what is to be said against it. */
export function cells({ row, columns }: Result): { cells: string[]; warning: string | undefined } {
  const [ours, theirs, ...others] = columns;
  const values = (column: Column | undefined): number[] =>
    column?.samples.map(({ value }) => value) ?? [];
  const value = middle(values(ours));
  const ratios = pairwise(ours?.samples ?? [], theirs?.samples ?? [], (sample) => sample.value);
  const cpu = pairwise(theirs?.samples ?? [], ours?.samples ?? [], (sample) => sample.cpu);
  const peak = (column: Column | undefined): string =>
    digits(Math.max(...column?.samples.map((sample) => sample.peak ?? NaN) ?? []) / MIB);
  const spread = spreadOf(ratios.length > 0 ? ratios : values(ours));
  const ratio = middle(ratios);
  const hit = reached(row, value, ratio);
  const unit = (column: Column | undefined): string =>
    column === undefined ? "-" : `${digits(middle(values(column)))} ${row.unit}`;
  return {
    cells: [
      row.name,
      row.what,
      unit(ours),
      (theirs === undefined || theirs.name === "C" ? "" : `${theirs.name}: `) + unit(theirs),
      digits(ratio),
      wanted(row),
      hit === undefined ? "" : hit ? "yes" : "NO",
      digits(middle(cpu)),
      ours?.samples.some(({ peak }) => peak !== undefined) ? `${peak(ours)}, ${peak(theirs)}` : "",
      `${Math.round(spread * 100)} %`,
      others.map((column) => `${column.name} ${unit(column)}`).join("; "),
    ],
    warning: spread > BELIEVABLE
      ? `${row.name}: half of the runs differ by ${
        Math.round(spread * 100)
      } %: too much to believe the ratio`
      : undefined,
  };
}

/** The whole table, a line each. */
export function table(results: readonly Result[]): string[] {
  return markdown(HEAD, results.map((result) => cells(result).cells));
}

/** What is to be said against the results. */
export function warnings(results: readonly Result[]): string[] {
  return results.map((result) => cells(result).warning).filter((text) => text !== undefined);
}
