// SPDX-License-Identifier: 0BSD
/**
 * deno task install [--from DIST] [OPTION ...]: has what deno task build made install itself; DIST is dist if it is not
 * given. The options are those of djbox install (tools/djbox/djbox-install.ts).
 *
 * Exit codes: djbox install's; 111 there is nothing to install.
 *
 * @module
 */
import { ROOT } from "./root.ts";

const DIST = ROOT + "dist";

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--from");
  const from = at < 0 ? DIST : args[at + 1] ?? "";
  const options = at < 0 ? args : args.toSpliced(at, 2);
  const djbox = `${from.startsWith("/") ? from : `${Deno.cwd()}/${from}`}/djbox`;
  try {
    const { code } = await new Deno.Command(djbox, { args: ["install", ...options] }).spawn()
      .status;
    return code;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    console.error(`install: fatal: unable to run ${djbox} (${reason}); deno task build makes it`);
    return 111;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
