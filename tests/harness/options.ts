// SPDX-License-Identifier: 0BSD
/**
 * The options that tools have, read in their code: texts about them are held against that.
 *
 * @module
 */
import type { House } from "../../scripts/house.ts";

/** The letters in a tool's getopt string, a colon behind those that take an argument; "" where it takes no options. */
export function optionsOf(house: House, tool: string): string {
  const text = house.tools().find(({ path }) => path.endsWith(`/${tool}.ts`))?.text ?? "";
  const [, letters = ""] = /getopt\(\s*(?:context\.)?name,\s*([^,\s]+)/.exec(text) ?? [];
  if (!/^\w/.test(letters)) return letters.replaceAll('"', "");
  return new RegExp(`const ${letters} = "([^"]*)"`).exec(text)?.[1] ?? "";
}
