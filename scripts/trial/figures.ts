// SPDX-License-Identifier: 0BSD
/**
 * What has been measured, made small enough to be read.
 *
 * @module
 */

/** The median. */
export function middle(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The number that a `part` of them, 0 to 1, lies below. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** A table in Markdown, a line each. */
export function markdown(
  head: readonly string[],
  body: readonly (readonly string[])[],
): string[] {
  const widths = head.map((_, at) =>
    Math.max(...[head, ...body].map((row) => row[at]?.length ?? 0), 3)
  );
  const text = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [
    text(head),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...body.map(text),
  ];
}
