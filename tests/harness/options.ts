// SPDX-License-Identifier: 0BSD
/**
 * The options that tools have, read in their code: texts about them are held against that.
 *
 * @module
 */
import type { House } from "../../scripts/house.ts";

/**
 * The letters in a tool's getopt string, a colon behind those that take an argument; "" where it takes no options. The
 * tool gives it to getopt, or to who calls getopt for it (lib/net/tcp_options.ts).
 */
export function optionsOf(house: House, tool: string): string {
  const text = textOf(house, tool);
  const [, letters = ""] = /(?:getopt|readTcpOptions)\(\s*context,\s*([^,\s]+)/.exec(text) ?? [];
  if (!/^\w/.test(letters)) return letters.replaceAll('"', "");
  return new RegExp(`const ${letters} = "([^"]*)"`).exec(text)?.[1] ?? "";
}

/** All options of a tool: those that connect have a -6, which is not getopt's; lib/net/connect.ts reads it. */
export function allOptionsOf(house: House, tool: string): string {
  return optionsOf(house, tool) + (textOf(house, tool).includes('/net/connect.ts"') ? "6" : "");
}

function textOf(house: House, tool: string): string {
  return house.tools().find(({ path }) => path.endsWith(`/${tool}.ts`))?.text ?? "";
}
